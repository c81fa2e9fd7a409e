/** Values as the trace writes them, with a dash where none is known. */

import { type Notation, write } from "../color/notation.ts";
import { PLAIN_DECIMALS } from "../data/channels.ts";

export const UNKNOWN = "–";

/** Of probabilities, where the channel says nothing. */
export const PLAIN: Notation = { decimals: PLAIN_DECIMALS, scientific: false };

/** A value in a cell. */
export function cellValue(value: number, notation: Notation): string {
  return Number.isNaN(value) ? UNKNOWN : write(value, notation);
}

/** Four significant digits, so that 0.9996 and 0.0000123 both say something. */
export function significant(value: number): string {
  return value === 0 ? "0" : value.toPrecision(4).replace("-", "−");
}
