/** What a figure's values span, found once: the range may move a hundred times after that. */

export interface Extent {
  /** Smallest and largest finite value; null when there is none. */
  finite: readonly [number, number] | null;
  /** Smallest and largest value, infinities included; NaN when there is none. */
  least: number;
  most: number;
  hasNaN: boolean;
}

/** The extent of what two extents are of, together. */
export function joined(a: Extent, b: Extent): Extent {
  const ends = [...(a.finite ?? []), ...(b.finite ?? [])];
  const least = [a.least, b.least].filter((v) => !Number.isNaN(v));
  const most = [a.most, b.most].filter((v) => !Number.isNaN(v));
  return {
    finite: ends.length > 0 ? [Math.min(...ends), Math.max(...ends)] : null,
    least: least.length > 0 ? Math.min(...least) : Number.NaN,
    most: most.length > 0 ? Math.max(...most) : Number.NaN,
    hasNaN: a.hasNaN || b.hasNaN,
  };
}

export function extentOf(...arrays: ArrayLike<number>[]): Extent {
  let [lo, hi, least, most] = [Infinity, -Infinity, Infinity, -Infinity];
  let hasNaN = false;
  let any = false;
  for (const values of arrays) {
    for (let i = 0; i < values.length; i++) {
      const v = values[i];
      if (Number.isNaN(v)) {
        hasNaN = true;
        continue;
      }
      any = true;
      if (v < least) least = v;
      if (v > most) most = v;
      if (v < lo && v !== -Infinity) lo = v;
      if (v > hi && v !== Infinity) hi = v;
    }
  }
  if (!any) [least, most] = [Number.NaN, Number.NaN];
  return { finite: lo <= hi ? [lo, hi] : null, least, most, hasNaN };
}
