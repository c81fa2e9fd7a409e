/**
 * A drawing as the rows and cells that a screen reader walks.
 *
 * Rows and columns count from 1 with the headers among them, as ARIA counts. A drawing of any size
 * gives a few rows around one cell: the counts say how many there are in truth.
 */

import type { Cell } from "../data/cell.ts";

/** A header with its text, or a cell whose text is its announcement. */
export type ReadableEntry =
  | { column: number; header: "row" | "column"; text: string }
  | { column: number; cell: Cell };

export interface ReadableLine {
  row: number;
  entries: ReadableEntry[];
}

export interface Readable {
  rows: number;
  columns: number;
  lines: ReadableLine[];
}

/** At most `most` of `count` things with `at` in their middle, or at an end where it is near one. */
export function around(count: number, at: number, most: number): { first: number; last: number } {
  const size = Math.min(count, most);
  const first = Math.min(count - size, Math.max(0, at - Math.floor(size / 2)));
  return { first, last: first + size - 1 };
}
