/**
 * Where a heatmap's values come from, at every size: what the painter knows of a matrix.
 *
 * Rows and columns are counted as they are shown. Level 0 is the matrix itself; a texel of a
 * coarser level stands for rowFactor × columnFactor cells by their extreme (extreme.ts). A
 * source may know a part only: what is not there yet comes later, and `DrawingHost.invalidate`
 * is called.
 */

import type { Summary } from "./summary.ts";

export interface Level {
  /** How many rows and columns of cells a texel stands for: powers of two. */
  readonly rowFactor: number;
  readonly columnFactor: number;
  /** Texels down and across; the last ones may stand for fewer cells. */
  readonly rows: number;
  readonly columns: number;
  /** All of them, row-major, where they lie in memory in the order in which they are shown. */
  readonly texels?: Float32Array | undefined;
  /**
   * Copies the texels `first` to `last` of a row to the beginning of `out`: NaN where there is none
   * yet. Returns whether all are there.
   */
  read(row: number, first: number, last: number, out: Float32Array): boolean;
}

/** First and last index. */
export interface Stretch {
  first: number;
  last: number;
}

/** Cells, one by one. */
export interface Values {
  /** The value of a cell; undefined while it is not here. */
  valueAt(row: number, column: number): number | undefined;
  /** What is known around a cell that is not here: the extreme of rows × columns of cells. */
  around?(row: number, column: number): { value: number; rows: number; columns: number };
  /** Whether values that are not here may come; not said where all are. */
  readonly connected?: boolean;
}

export interface LevelSource extends Values {
  readonly shape: readonly [number, number];
  /** Finest first, each at least as coarse as the one before; [0] is the matrix. */
  readonly levels: readonly Level[];
  /** What all values span and add up to; null until it is known. */
  readonly summary: Summary | null;
  /** Another number whenever something came. */
  readonly version: number;
  /** Told before each painting what is in view. */
  look?(rows: Stretch, columns: Stretch): void;
}
