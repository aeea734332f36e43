/** The score over the runs that are kept: a plot for a glance, a table for the figures. */

import { useCallback } from "react";
import type { Api } from "../api/client";
import type { History, ScoreOfRun } from "../api/payloads";
import type { Reads } from "../api/reads";
import { BANDS } from "../scale";
import { useSaid } from "../text/language";
import { lastOfEachDate, plotPoints } from "./history-points";
import { Showing, useLoaded } from "./loaded";

const WIDTH = 340;
const HEIGHT = 160;
const LEFT = 60;
const MARGIN = 12;
const BELOW = 24;

export function HistoryPanel({ api, id, reads }: { api: Api; id: string; reads: Reads }) {
  const { texts } = useSaid();
  const read = useCallback(() => reads.get("history", (signal) => api.history(id, signal)), [api, id, reads]);
  const loaded = useLoaded(read);
  return (
    <Showing loaded={loaded} missing={texts.history.missing}>
      {(history) => <HistoryShown history={history} />}
    </Showing>
  );
}

function HistoryShown({ history }: { history: History }) {
  const { texts } = useSaid();
  const dates = lastOfEachDate(history.results);
  const canPlot = dates.filter((one) => one.score !== null).length > 1;
  return (
    <>
      {canPlot ? <Plot dates={dates} history={history} /> : <p>{texts.history.single}</p>}
      <details open={!canPlot}>
        <summary>{texts.history.table}</summary>
        <Table results={history.results} />
      </details>
    </>
  );
}

function Plot({ dates, history }: { dates: ScoreOfRun[]; history: History }) {
  const { texts, format } = useSaid();
  const { min, max } = history.escala;
  const points = plotPoints(dates, { width: WIDTH, height: HEIGHT, min, max });
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) {
    return null;
  }
  const label = texts.history.plot(
    format.number(points.length),
    format.number(first.score),
    format.number(last.score),
    format.day(first.day),
    format.day(last.day),
  );
  const heightOf = (score: number) => HEIGHT * (1 - (score - min) / (max - min));
  return (
    <svg
      className="plot"
      role="img"
      aria-label={label}
      viewBox={`${-LEFT} ${-MARGIN} ${WIDTH + LEFT + MARGIN} ${HEIGHT + MARGIN + BELOW}`}
    >
      {[min, ...BANDS.map((band) => band.to)].map((score) => (
        <g key={score}>
          <line className="plot-grid" x1={0} x2={WIDTH} y1={heightOf(score)} y2={heightOf(score)} />
          <text x={-8} y={heightOf(score)} textAnchor="end" dominantBaseline="middle">
            {format.number(score)}
          </text>
        </g>
      ))}
      <polyline className="plot-line" points={points.map((point) => `${point.x},${point.y}`).join(" ")} />
      {points.map((point) => (
        <circle key={point.day} className="plot-point" cx={point.x} cy={point.y} r={3.5}>
          <title>{`${format.day(point.day)}: ${format.number(point.score)}`}</title>
        </circle>
      ))}
      <text x={0} y={HEIGHT + BELOW - 4}>
        {format.month(first.day)}
      </text>
      <text x={WIDTH} y={HEIGHT + BELOW - 4} textAnchor="end">
        {format.month(last.day)}
      </text>
    </svg>
  );
}

function Table({ results }: { results: ScoreOfRun[] }) {
  const { texts, format } = useSaid();
  const said = texts.history;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{said.date}</th>
          <th scope="col">{said.score}</th>
          <th scope="col">{said.band}</th>
        </tr>
      </thead>
      <tbody>
        {results.map((one) => (
          <tr key={one.execucao_id}>
            <td>
              {format.day(one.data_referencia)}
              {one.vigente && <strong> ({said.current})</strong>}
            </td>
            <td>{one.score === null ? said.none : format.number(one.score)}</td>
            <td>{one.faixa === null ? "–" : texts.bands[one.faixa]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
