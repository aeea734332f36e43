/** The bands of the score, as `contracts/score_terms.py` declares them, and places on its scale. */

import type { Band } from "./api/payloads";

export const BANDS: readonly { name: Band; from: number; to: number }[] = [
  { name: "baixo", from: 0, to: 300 },
  { name: "regular", from: 301, to: 500 },
  { name: "bom", from: 501, to: 700 },
  { name: "muito_bom", from: 701, to: 1000 },
];

/** Returns a band's limits as texts. */
export function bandLimits(name: Band): [string, string] {
  const band = BANDS.find((one) => one.name === name);
  return band === undefined ? ["", ""] : [String(band.from), String(band.to)];
}

/** Returns where a value lies on a scale, in percent of its length. */
export function partOfScale(value: number, min: number, max: number): number {
  return (100 * (Math.min(max, Math.max(min, value)) - min)) / (max - min);
}
