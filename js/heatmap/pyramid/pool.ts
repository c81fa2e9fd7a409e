/** One level of a pyramid from the one below it, a row at a time. */

import { extreme } from "./extreme.ts";

/** Two rows (or one twice) pooled into `out`, `factor` (1 or 2) columns at a time. */
export function poolRows(
  values: Float32Array,
  [upper, lower]: readonly [number, number],
  columns: number,
  factor: number,
  out: Float32Array,
  at: number,
): void {
  if (factor === 1) {
    for (let j = 0; j < columns; j++) out[at + j] = extreme(values[upper + j], values[lower + j]);
    return;
  }
  const pairs = columns >> 1;
  for (let j = 0; j < pairs; j++) {
    const a = upper + 2 * j;
    const b = lower + 2 * j;
    out[at + j] = extreme(extreme(values[a], values[a + 1]), extreme(values[b], values[b + 1]));
  }
  if (columns % 2 === 1) {
    out[at + pairs] = extreme(values[upper + columns - 1], values[lower + columns - 1]);
  }
}
