/**
 * What is known of a matrix as a whole: found in one pass over its rows.
 */

import type { Extent } from "../../color/extent.ts";

export interface Summary {
  extent: Extent;
  /** The largest finite magnitude. */
  largest: number;
  hasNegative: boolean;
  /** Sums of magnitudes by row and by column, NaN left out. */
  rowSums: Float64Array;
  columnSums: Float64Array;
}

/** Collects a summary, stretch of rows by stretch of rows. */
export class Summing {
  readonly #values: Float32Array;
  readonly #columns: number;
  readonly #rowSums: Float64Array;
  readonly #columnSums: Float64Array;
  #lo = Infinity;
  #hi = -Infinity;
  #infinite = { below: false, above: false };
  #nan = false;

  constructor(values: Float32Array, [rows, columns]: readonly [number, number]) {
    this.#values = values;
    this.#columns = columns;
    this.#rowSums = new Float64Array(rows);
    this.#columnSums = new Float64Array(columns);
  }

  /** To be called once for each row. */
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
    [this.#lo, this.#hi] = [lo, hi];
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
    [this.#lo, this.#hi] = [lo, hi];
    return sum;
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
      hasNegative: lo < 0 || below,
      rowSums: this.#rowSums,
      columnSums: this.#columnSums,
    };
  }
}

/** Not finite when a value is not. */
function sumOfMagnitudes(values: Float32Array, start: number, count: number): number {
  let sum = 0;
  for (let j = 0; j < count; j++) sum += Math.abs(values[start + j]);
  return sum;
}
