/**
 * How the values of one figure are written: all alike, in digits that they have.
 *
 * Paired with `tokenviz.color.numbers.notation`, which explains the rules.
 */

import { fixed, LARGE, scientific } from "./numbers.ts";

export interface Notation {
  decimals: number;
  scientific: boolean;
}

/** Values looked at to tell what precision they have: the first ones. */
const SAMPLED = 4096;
/** Significant bits. */
const FLOAT32 = 24;
const FLOAT16 = 11;
const BFLOAT16 = 8;

/** Of values that span `finite`, asked for with so many decimals. */
export function notationOf(
  finite: readonly [number, number] | null,
  arrays: readonly Float32Array[],
  asked: number,
): Notation {
  const largest = Math.max(0, ...(finite ?? []).map(Math.abs));
  const bits = significantBits(arrays);
  const fewest = 10 ** ((asked > 2 ? 1 : 0) - asked);
  if (largest >= LARGE || (largest > 0 && largest < fewest)) {
    const decimals = Math.min(asked, Math.floor((bits - 1) * Math.log10(2)));
    return { decimals, scientific: true };
  }
  const unit = Math.floor(Math.log2(largest)) + 1 - bits;
  const most = Math.max(0, Math.floor(-unit * Math.log10(2)));
  return { decimals: Math.min(asked, most), scientific: false };
}

/** A value of the figure. What is not zero and would be written so is ≈0. */
export function write(value: number, how: Notation): string {
  if (how.scientific && value !== 0 && Number.isFinite(value)) {
    return scientific(value, how.decimals);
  }
  const text = fixed(value, how.scientific ? 0 : how.decimals);
  if (value === 0 || Number.isNaN(value) || /[1-9∞]/.test(text)) return text;
  return value < 0 ? "≈−0" : "≈0";
}

/** The precision of the type that the first values fit: of float32, float16 or bfloat16. */
function significantBits(arrays: readonly Float32Array[]): number {
  let left = SAMPLED;
  // Of any value in units of its own last bit; the largest value, and the least such unit.
  let [needed, most, finest] = [0, 0, Infinity];
  for (const values of arrays) {
    for (const value of values.subarray(0, left).map(Math.abs)) {
      if (!(value > 0 && value < Infinity)) continue;
      let unit = 2 ** (Math.floor(Math.log2(value)) - FLOAT32 + 1);
      while (value % (2 * unit) === 0) unit *= 2;
      needed = Math.max(needed, value / unit);
      most = Math.max(most, value);
      finest = Math.min(finest, unit);
    }
    left = Math.max(0, left - values.length);
  }
  const bits = [BFLOAT16, FLOAT16].find((each) => needed < 2 ** each) ?? FLOAT32;
  return most / finest < 2 ** bits ? FLOAT32 : bits;
}
