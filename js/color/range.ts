/**
 * From the range options to numbers: what null means, given the data.
 *
 * Paired with `tokenviz.colors.resolve_range`: both give the same numbers.
 */

import type { RangeOptions } from "../state.ts";

export interface ResolvedRange {
  lo: number;
  hi: number;
  /** Inside [lo, hi]; null for a linear scale. */
  center: number | null;
  gamma: number;
}

/** The smallest and largest finite value, or null when there is none. */
export function finiteExtent(values: Iterable<number>): [number, number] | null {
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const v of values) {
    if (!Number.isFinite(v)) continue;
    if (v < lo) lo = v;
    if (v > hi) hi = v;
  }
  return lo <= hi ? [lo, hi] : null;
}

/** Ends given are kept, whatever their order; ends left null are fitted to the finite values. */
export function resolveRange(
  { vmin, vmax, center, gamma, symmetric }: RangeOptions,
  values: Iterable<number>,
): ResolvedRange {
  let ends: [number, number];
  if (vmin !== null && vmax !== null) {
    ends = [vmin, vmax];
  } else {
    const extent = finiteExtent(values) ?? [
      vmin ?? vmax ?? center ?? 0,
      vmax ?? vmin ?? center ?? 0,
    ];
    if (vmin === null && vmax === null && symmetric && center !== null) {
      const reach = Math.max(Math.abs(extent[0] - center), Math.abs(extent[1] - center));
      ends = [center - reach, center + reach];
    } else {
      ends = [vmin ?? extent[0], vmax ?? extent[1]];
    }
  }
  let lo = Math.min(...ends);
  let hi = Math.max(...ends);
  if (lo === hi) {
    lo -= 1;
    hi += 1;
  }
  return { lo, hi, center: center === null ? null : Math.min(hi, Math.max(lo, center)), gamma };
}
