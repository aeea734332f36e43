import { describe, expect, it } from "vitest";
import type { ScoreOfRun } from "../api/payloads";
import { daysOverdue, todayInSaoPaulo, totalCents } from "../debts";
import { bandLimits, partOfScale } from "../scale";
import { lastOfEachDate, plotPoints } from "./history-points";

function run(day: string, score: number | null, more: Partial<ScoreOfRun> = {}): ScoreOfRun {
  const id = `${day}-${score}`;
  return {
    execucao_id: id,
    data_referencia: day,
    calculado_em: `${day}T05:00:00Z`,
    score,
    faixa: null,
    vigente: false,
    ...more,
  };
}

describe("the history", () => {
  it("has the last score of each date, oldest first, and the one in force whatever its time", () => {
    const found = lastOfEachDate([
      run("2026-02-28", 500, { calculado_em: "2026-03-01T05:00:00Z" }),
      run("2026-02-28", 400, { calculado_em: "2026-03-02T05:00:00Z" }),
      run("2026-01-31", 300, { vigente: true }),
      run("2026-01-31", 310, { calculado_em: "2026-12-31T05:00:00Z" }),
    ]);
    expect(found.map((one) => one.score)).toEqual([300, 400]);
  });

  it("is drawn by date and score, with a gap where there is none", () => {
    const points = plotPoints([run("2026-01-01", 0), run("2026-01-02", null), run("2026-01-11", 1000)], {
      width: 100,
      height: 50,
      min: 0,
      max: 1000,
    });
    expect(points.map(({ x, y }) => [x, y])).toEqual([
      [0, 50],
      [100, 0],
    ]);
    expect(plotPoints([run("2026-01-01", 500)], { width: 100, height: 50, min: 0, max: 1000 })[0]?.x).toBe(0);
  });
});

describe("debts", () => {
  const debt = (valor: number | null) => ({ empresa: "Loja", valor, vencimento: "2026-01-01" });

  it("are summed in cents", () => {
    expect(totalCents([debt(0.1), debt(0.2), debt(null)])).toBe(30);
  });

  it("are overdue by whole days, from the day after they fall due", () => {
    expect(["2026-01-01", "2026-01-02", "2025-12-31"].map((day) => daysOverdue("2026-01-01", day))).toEqual([0, 1, 0]);
  });

  it("are looked at on a day of São Paulo", () => {
    expect(todayInSaoPaulo(new Date("2026-01-01T02:59:59Z"))).toBe("2025-12-31");
  });
});

describe("the scale", () => {
  it("says a band's limits, and a place on the scale", () => {
    expect(bandLimits("bom")).toEqual(["501", "700"]);
    expect([-5, 250, 2000].map((value) => partOfScale(value, 0, 1000))).toEqual([0, 25, 100]);
  });
});
