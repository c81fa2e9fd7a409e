/**
 * Where the values of a figure lie: a sorted sample, from which any range's histogram is read.
 *
 * Sorted once per data; a histogram then costs a binary search per bin, so that it follows a range
 * that is being dragged. Of few values the sample is all of them; of many it always holds the two
 * extremes.
 */

import type { Extent } from "./extent.ts";
import { unwarped, warped } from "./norm.ts";

/** Enough for the shape of any histogram, and few enough to sort at once. */
const SAMPLED = 1 << 16;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

export interface Histogram {
  /** How many values lie in each of the bins of [lo, hi], equal along the scale, from below. */
  counts: Uint32Array;
  below: number;
  above: number;
}

export class Distribution {
  /** Ascending, infinities included, without NaN. */
  readonly #sorted: Float32Array;

  /** `extent` is that of the arrays together. */
  constructor(extent: Extent, ...arrays: ArrayLike<number>[]) {
    this.#sorted = sample(extent, arrays).sort();
  }

  /** Of the sample. */
  get size(): number {
    return this.#sorted.length;
  }

  histogram(lo: number, hi: number, bins: number, log?: boolean): Histogram {
    const sorted = this.#sorted;
    const counts = new Uint32Array(bins);
    const below = firstWhere(sorted, (v) => v >= lo);
    const [from, to] = [warped(lo, log), warped(hi, log)];
    let start = below;
    for (let bin = 0; bin < bins; bin++) {
      const edge = unwarped(from + ((bin + 1) / bins) * (to - from), log);
      const last = bin === bins - 1;
      const end = firstWhere(sorted, (v) => (last ? v > hi : v >= edge), start);
      counts[bin] = end - start;
      start = end;
    }
    return { counts, below, above: sorted.length - start };
  }
}

function sample({ least, most }: Extent, arrays: readonly ArrayLike<number>[]): Float32Array {
  const total = arrays.reduce((sum, { length }) => sum + length, 0);
  if (total <= SAMPLED) return known(arrays.flatMap((values) => Array.from(values)));
  const kept = [least, most];
  for (let i = 0; i < SAMPLED; i++) {
    // Multiples of the golden ratio spread evenly and fall in step with no row length.
    let at = Math.floor(((i * GOLDEN) % 1) * total);
    let array = 0;
    while (at >= arrays[array].length) at -= arrays[array++].length;
    kept.push(arrays[array][at]);
  }
  return known(kept);
}

function known(values: readonly number[]): Float32Array {
  return Float32Array.from(values.filter((v) => !Number.isNaN(v)));
}

/** The first index from `start` on whose value passes, in values of which all after it pass. */
function firstWhere(values: Float32Array, passes: (v: number) => boolean, start = 0): number {
  let [low, high] = [start, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(values[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
