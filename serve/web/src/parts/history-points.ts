/** Scores over time as points of a plot. */

import type { ScoreOfRun } from "../api/payloads";

export interface Point {
  x: number;
  y: number;
  day: string;
  score: number;
}

const DAY = 86_400_000;

/** Returns the last score of each reference date, oldest first; dates without a score have none. */
export function lastOfEachDate(results: readonly ScoreOfRun[]): ScoreOfRun[] {
  const byDate = new Map<string, ScoreOfRun>();
  for (const one of results) {
    const known = byDate.get(one.data_referencia);
    if (known === undefined || one.vigente || (!known.vigente && one.calculado_em > known.calculado_em)) {
      byDate.set(one.data_referencia, one);
    }
  }
  return [...byDate.values()].sort((a, b) => a.data_referencia.localeCompare(b.data_referencia));
}

/** Returns points in a box of this size, by date from left to right and by score from below. */
export function plotPoints(
  results: readonly ScoreOfRun[],
  box: { width: number; height: number; min: number; max: number },
): Point[] {
  const days = results.map((one) => Date.parse(`${one.data_referencia}T00:00:00Z`) / DAY);
  const first = Math.min(...days);
  const span = Math.max(1, Math.max(...days) - first);
  return results.flatMap((one, place) =>
    one.score === null
      ? []
      : [
          {
            x: (box.width * ((days[place] ?? first) - first)) / span,
            y: box.height * (1 - (one.score - box.min) / (box.max - box.min)),
            day: one.data_referencia,
            score: one.score,
          },
        ],
  );
}
