/** One level of a pyramid from the one below it, a row at a time. */

import { extremeBits } from "./extreme.ts";

/** Two rows (or one twice) of bits pooled into `out`, `factor` (1 or 2) columns at a time. */
export function poolRows(
  values: Int32Array,
  [upper, lower]: readonly [number, number],
  columns: number,
  factor: number,
  out: Int32Array,
  at: number,
): void {
  if (factor === 1) {
    for (let j = 0; j < columns; j++)
      out[at + j] = extremeBits(values[upper + j], values[lower + j]);
    return;
  }
  const pairs = columns >> 1;
  for (let j = 0; j < pairs; j++) {
    const a = upper + 2 * j;
    const b = lower + 2 * j;
    out[at + j] = extremeBits(
      extremeBits(values[a], values[a + 1]),
      extremeBits(values[b], values[b + 1]),
    );
  }
  if (columns % 2 === 1) {
    out[at + pairs] = extremeBits(values[upper + columns - 1], values[lower + columns - 1]);
  }
}
