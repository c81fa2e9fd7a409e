/**
 * Which row and column of the matrix stands at which place: the order, and what is left out.
 *
 * Equal to `tokenviz.data.arrange` in Python, to the last place: sums are added up in the same order.
 * Sorted is from the largest down; NaN comes last, and what is equal stays as it was. A cell is
 * known everywhere by its row and column in the data; only the grid counts places.
 */

import type { Cell } from "./cell.ts";
import type { HeatmapData } from "./heatmap.ts";

/** Which row and column of the data stands at each place; null as they are. */
export interface Places {
  rows: Uint32Array | null;
  columns: Uint32Array | null;
}

export type Order = "original" | "magnitude" | number;

export interface ArrangeOptions {
  /** From the largest down, by sum of magnitudes or by the value in one column. */
  row_order: Order;
  /** The same, by the value in one row. */
  column_order: Order;
  /** Only so many rows, those that come first in a sorted order; null for all. */
  top_rows: number | null;
  hidden_columns: readonly number[];
}

/** The traits that arrange. */
export const ARRANGE = ["row_order", "column_order", "top_rows", "hidden_columns"] as const;

type Matrix = Pick<HeatmapData, "values" | "shape">;

export function arrange(matrix: Matrix, options: ArrangeOptions): Places {
  const [n, m] = matrix.shape;
  const hidden = new Set(options.hidden_columns);
  const shown = upTo(m).filter((column) => !hidden.has(column));
  return {
    rows: arrangeRows(matrix, options, shown),
    columns: arrangeColumns(matrix, options.column_order, shown),
  };

  function arrangeColumns(of: Matrix, order: Order, columns: number[]): Uint32Array | null {
    if (typeof order === "number" && order < n) {
      sortDown(columns, (column) => of.values[order * m + column]);
    } else if (order === "magnitude") {
      const sums = columnMagnitudes(of);
      sortDown(columns, (column) => sums[column]);
    } else if (columns.length === m) {
      return null;
    }
    return Uint32Array.from(columns);
  }

  function arrangeRows(of: Matrix, { row_order, top_rows }: ArrangeOptions, columns: number[]) {
    const by = typeof row_order === "number" && row_order < m ? row_order : null;
    const sorted = by !== null || row_order === "magnitude";
    const cut = top_rows !== null && top_rows < n;
    if (!sorted && !cut) return null;
    const sums = by === null ? rowMagnitudes(of, columns) : null;
    const value = (row: number) => sums?.[row] ?? of.values[row * m + (by ?? 0)];
    const rows = sortDown(upTo(n), value).slice(0, top_rows ?? n);
    return Uint32Array.from(sorted ? rows : rows.sort((a, b) => a - b));
  }
}

/** Where the cells of an arrangement stand. */
export class Arrangement {
  readonly places: Places;
  readonly #rows: Side;
  readonly #columns: Side;

  constructor(places: Places, [rows, columns]: readonly [number, number]) {
    this.places = places;
    this.#rows = new Side(places.rows, rows);
    this.#columns = new Side(places.columns, columns);
  }

  row(place: number): number {
    return this.#rows.at(place);
  }

  column(place: number): number {
    return this.#columns.at(place);
  }

  /** The cell at a place; headers keep their -1. */
  cell([row, column]: Cell): Cell {
    return [this.row(row), this.column(column)];
  }

  /** Where a cell stands; null while it is left out. */
  place([row, column]: Cell): Cell | null {
    const down = this.#rows.placeOf(row);
    const across = this.#columns.placeOf(column);
    return down === null || across === null ? null : [down, across];
  }
}

/** Rows, or columns. */
class Side {
  readonly #at: Uint32Array | null;
  readonly #count: number;
  #places: Map<number, number> | null = null;

  constructor(at: Uint32Array | null, count: number) {
    this.#at = at;
    this.#count = count;
  }

  at(place: number): number {
    return place < 0 || this.#at === null ? place : this.#at[place];
  }

  placeOf(index: number): number | null {
    if (index < 0) return index;
    if (this.#at === null) return index < this.#count ? index : null;
    this.#places ??= new Map(Array.from(this.#at, (each, place) => [each, place]));
    return this.#places.get(index) ?? null;
  }
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function sortDown(indices: number[], value: (index: number) => number): number[] {
  return indices.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (Number.isNaN(x) || Number.isNaN(y))
      return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return x === y ? 0 : x > y ? -1 : 1;
  });
}

/** Of each row over some columns; NaN counts for nothing, and a row of nothing else is NaN. */
function rowMagnitudes({ values, shape: [n, m] }: Matrix, columns: readonly number[]) {
  return Float64Array.from({ length: n }, (_, row) => {
    let sum = Number.NaN;
    for (const column of columns) sum = add(sum, values[row * m + column]);
    return sum;
  });
}

/** Of each column over all rows. */
function columnMagnitudes({ values, shape: [n, m] }: Matrix): Float64Array {
  const sums = new Float64Array(m).fill(Number.NaN);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < m; column++) {
      sums[column] = add(sums[column], values[row * m + column]);
    }
  }
  return sums;
}

function add(sum: number, value: number): number {
  if (Number.isNaN(value)) return sum;
  return (Number.isNaN(sum) ? 0 : sum) + Math.abs(value);
}
