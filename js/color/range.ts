/**
 * From the range options to numbers: what null means, given the data.
 *
 * Paired with `tokenviz.color.range.resolve_range`: both give the same numbers.
 */

/** How numbers become colours: everything `resolveRange` needs. */
export interface RangeOptions {
  vmin: number | null;
  vmax: number | null;
  center: number | null;
  gamma: number;
  symmetric: boolean;
}

export interface ResolvedRange {
  lo: number;
  hi: number;
  /** Inside [lo, hi]; null for a linear scale. */
  center: number | null;
  gamma: number;
}

/**
 * Ends given are kept, whatever their order; ends left null are fitted to the finite extent, with
 * `symmetric` equally far from the centre (0 when null). Ends that coincide are moved apart.
 */
export function resolveRange(
  { vmin, vmax, center, gamma, symmetric }: RangeOptions,
  finite: readonly [number, number] | null,
): ResolvedRange {
  let [least, most] = finite ?? [0, 1];
  if (symmetric && vmin === null && vmax === null) {
    const middle = center ?? 0;
    if (finite === null) [least, most] = [middle - 1, middle + 1];
    else {
      const reach = Math.max(Math.abs(least - middle), Math.abs(most - middle));
      [least, most] = [middle - reach, middle + reach];
    }
  }
  let lo = Math.min(vmin ?? least, vmax ?? most);
  let hi = Math.max(vmin ?? least, vmax ?? most);
  if (lo === hi) {
    // By 1, and by more where a float64 is so large that it has no room for 1.
    const apart = Math.max(1, Math.abs(lo) * 1e-6);
    lo -= apart;
    hi += apart;
  }
  return { lo, hi, center: center === null ? null : Math.min(hi, Math.max(lo, center)), gamma };
}
