/** Values as the trace writes them, with a dash where none is known. */

import { fixed } from "../color/numbers.ts";

export const UNKNOWN = "–";

/** A value in a cell. */
export function cellValue(value: number, decimals: number): string {
  return Number.isNaN(value) ? UNKNOWN : fixed(value, decimals);
}

/** Four significant digits, so that 0.9996 and 0.0000123 both say something. */
export function significant(value: number): string {
  return value === 0 ? "0" : value.toPrecision(4).replace("-", "−");
}
