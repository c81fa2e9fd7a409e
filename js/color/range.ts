/**
 * From the range options to numbers: what null means, given the data.
 *
 * Paired with `tokenviz.color.range.resolve_range`: both give the same numbers.
 */

import type { Norm } from "./norm.ts";

/** How numbers become colours: everything `resolveRange` needs. */
export interface RangeOptions {
  vmin: number | null;
  vmax: number | null;
  center: number | null;
  gamma: number;
  symmetric: boolean;
  norm?: Norm | null;
}

export interface ResolvedRange {
  lo: number;
  hi: number;
  /** Inside [lo, hi]; null for a linear scale. */
  center: number | null;
  gamma: number;
  /** Are equal ratios equally far apart? */
  log?: boolean;
}

/** On a logarithmic scale the lower end is at least so many times smaller, if nothing says. */
const DECADES = 1000;

/**
 * Ends given are kept, whatever their order; ends left null are fitted to the finite extent, with
 * `symmetric` equally far from the centre (0 when null). Ends that coincide are moved apart.
 */
export function resolveRange(
  { vmin, vmax, center, gamma, symmetric, norm }: RangeOptions,
  finite: readonly [number, number] | null,
): ResolvedRange {
  let [least, most] = finite ?? [0, 1];
  const log = norm === "log";
  if (log) {
    [vmin, vmax, center] = [vmin, vmax, center].map((v) => (v !== null && v > 0 ? v : null));
    const middle = center ?? 1;
    const known = finite !== null && most > 0 ? most : 2 * middle;
    if (symmetric && vmin === null && vmax === null) {
      const reach = Math.max(known / middle, least > 0 ? middle / least : 0);
      [least, most] = [middle / reach, middle * reach];
    } else {
      most = known;
      if (least <= 0) least = (vmax ?? most) / DECADES;
    }
  } else if (symmetric && vmin === null && vmax === null) {
    const middle = center ?? 0;
    if (finite === null) [least, most] = [middle - 1, middle + 1];
    else {
      const reach = Math.max(Math.abs(least - middle), Math.abs(most - middle));
      [least, most] = [middle - reach, middle + reach];
    }
  }
  let lo = Math.min(vmin ?? least, vmax ?? most);
  let hi = Math.max(vmin ?? least, vmax ?? most);
  if (lo === hi && log) [lo, hi] = [lo / 2, hi * 2];
  else if (lo === hi) {
    // By 1, and by more where a float64 is so large that it has no room for 1.
    const apart = Math.max(1, Math.abs(lo) * 1e-6);
    lo -= apart;
    hi += apart;
  }
  const middle = center === null ? null : Math.min(hi, Math.max(lo, center));
  return { lo, hi, center: middle, gamma, log };
}
