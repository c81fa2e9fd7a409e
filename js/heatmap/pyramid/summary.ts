/**
 * What is known of a matrix as a whole: found in passes over its rows, once.
 */

import type { Extent } from "../../color/extent.ts";
import { LARGE } from "../../numbers.ts";

export const BINS = 256;

export interface Summary {
  extent: Extent;
  /** The largest finite magnitude of all, and of those that are written without an exponent. */
  largest: number;
  largestWhole: number;
  hasNegative: boolean;
  /** Sums of magnitudes by row and by column, NaN left out. */
  rowSums: Float64Array;
  columnSums: Float64Array;
  /** How many finite values lie in each of 256 equal parts of the finite extent. */
  histogram: Uint32Array;
}

/** Collects a summary, stretch of rows by stretch of rows. */
export class Summing {
  readonly #values: Float32Array;
  readonly #columns: number;
  readonly #rowSums: Float64Array;
  readonly #columnSums: Float64Array;
  readonly #histogram = new Uint32Array(BINS);
  #lo = Infinity;
  #hi = -Infinity;
  #infinite = { below: false, above: false };
  #nan = false;
  #negative = false;
  #whole = 0;

  constructor(values: Float32Array, [rows, columns]: readonly [number, number]) {
    this.#values = values;
    this.#columns = columns;
    this.#rowSums = new Float64Array(rows);
    this.#columnSums = new Float64Array(columns);
  }

  /** The first pass. */
  add(from: number, to: number): void {
    const values = this.#values;
    const columnSums = this.#columnSums;
    const columns = this.#columns;
    let [lo, hi, whole] = [this.#lo, this.#hi, this.#whole];
    for (let i = from; i < to; i++) {
      const start = i * columns;
      let sum = 0;
      for (let j = 0; j < columns; j++) {
        const v = values[start + j];
        if (Number.isNaN(v)) {
          this.#nan = true;
          continue;
        }
        const magnitude = v < 0 ? -v : v;
        sum += magnitude;
        columnSums[j] += magnitude;
        if (magnitude === Infinity) {
          this.#infinite[v > 0 ? "above" : "below"] = true;
          continue;
        }
        if (v < lo) lo = v;
        if (v > hi) hi = v;
        if (magnitude > whole && magnitude < LARGE) whole = magnitude;
      }
      this.#rowSums[i] = sum;
    }
    if (lo < 0 || this.#infinite.below) this.#negative = true;
    [this.#lo, this.#hi, this.#whole] = [lo, hi, whole];
  }

  /** The second pass, when the first is done with all rows. */
  count(from: number, to: number): void {
    const values = this.#values;
    const histogram = this.#histogram;
    const lo = this.#lo;
    const width = this.#hi - lo;
    const end = to * this.#columns;
    for (let i = from * this.#columns; i < end; i++) {
      const v = values[i];
      // Neither NaN nor an infinity is finite less itself.
      if (v - v !== 0) continue;
      const bin = width > 0 ? (((v - lo) / width) * BINS) | 0 : 0;
      histogram[bin < BINS ? bin : BINS - 1] += 1;
    }
  }

  get result(): Summary {
    const [lo, hi] = [this.#lo, this.#hi];
    const finite = lo <= hi ? ([lo, hi] as const) : null;
    const { below, above } = this.#infinite;
    const least = below ? -Infinity : (finite?.[0] ?? (above ? Infinity : Number.NaN));
    const most = above ? Infinity : (finite?.[1] ?? (below ? -Infinity : Number.NaN));
    return {
      extent: { finite, least, most, hasNaN: this.#nan },
      largest: finite === null ? 0 : Math.max(Math.abs(lo), Math.abs(hi)),
      largestWhole: this.#whole,
      hasNegative: this.#negative,
      rowSums: this.#rowSums,
      columnSums: this.#columnSums,
      histogram: this.#histogram,
    };
  }
}
