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
  #whole = 0;

  constructor(values: Float32Array, [rows, columns]: readonly [number, number]) {
    this.#values = values;
    this.#columns = columns;
    this.#rowSums = new Float64Array(rows);
    this.#columnSums = new Float64Array(columns);
  }

  /** The first pass. */
  add(from: number, to: number): void {
    const columns = this.#columns;
    for (let i = from; i < to; i++) {
      const start = i * columns;
      // A sum that is finite has met nothing else, and most rows have nothing else.
      const sum = sumOfMagnitudes(this.#values, start, columns);
      const plain = sum - sum === 0;
      this.#rowSums[i] = plain ? this.#addPlain(start, sum) : this.#addAny(start);
    }
  }

  #addPlain(start: number, sum: number): number {
    const values = this.#values;
    const columnSums = this.#columnSums;
    const columns = this.#columns;
    let [lo, hi] = [this.#lo, this.#hi];
    for (let j = 0; j < columns; j++) {
      const v = values[start + j];
      columnSums[j] += Math.abs(v);
      if (v < lo) lo = v;
      if (v > hi) hi = v;
    }
    this.#extend(start, lo, hi);
    return sum;
  }

  #addAny(start: number): number {
    let [lo, hi] = [this.#lo, this.#hi];
    let sum = 0;
    for (let j = 0; j < this.#columns; j++) {
      const v = this.#values[start + j];
      if (Number.isNaN(v)) {
        this.#nan = true;
        continue;
      }
      sum += Math.abs(v);
      this.#columnSums[j] += Math.abs(v);
      if (v === Infinity) this.#infinite.above = true;
      else if (v === -Infinity) this.#infinite.below = true;
      else {
        if (v < lo) lo = v;
        if (v > hi) hi = v;
      }
    }
    this.#extend(start, lo, hi);
    return sum;
  }

  /** A row reaches so far: of large numbers, which are rare, the whole ones are looked for. */
  #extend(start: number, lo: number, hi: number): void {
    [this.#lo, this.#hi] = [lo, hi];
    if (lo > hi) return;
    if (Math.max(-lo, hi) < LARGE) {
      this.#whole = Math.max(this.#whole, -lo, hi);
      return;
    }
    for (let j = 0; j < this.#columns; j++) {
      const magnitude = Math.abs(this.#values[start + j]);
      if (magnitude > this.#whole && magnitude < LARGE) this.#whole = magnitude;
    }
  }

  /** The second pass, when the first is done with all rows. */
  count(from: number, to: number): void {
    const values = this.#values;
    const histogram = this.#histogram;
    const lo = this.#lo;
    const perUnit = this.#hi > lo ? BINS / (this.#hi - lo) : 0;
    const end = to * this.#columns;
    for (let i = from * this.#columns; i < end; i++) {
      const v = values[i];
      // Neither NaN nor an infinity is finite less itself.
      if (v - v !== 0) continue;
      const bin = ((v - lo) * perUnit) | 0;
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
      hasNegative: lo < 0 || below,
      rowSums: this.#rowSums,
      columnSums: this.#columnSums,
      histogram: this.#histogram,
    };
  }
}

/** Not finite when a value is not. */
function sumOfMagnitudes(values: Float32Array, start: number, count: number): number {
  let sum = 0;
  for (let j = 0; j < count; j++) sum += Math.abs(values[start + j]);
  return sum;
}
