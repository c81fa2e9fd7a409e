/** What the two arrangements of a trace have in common: where every cell is. */

import type { Rect, Span } from "../canvas/geometry.ts";
import type { Cell } from "../data/cell.ts";
import type { Notable, Pool } from "./overview.ts";

export interface Arrangement {
  readonly width: number;
  readonly height: number;
  /** For an alternative that has no place, that of the nearest cell which has. */
  rect(cell: Cell): Rect;
  /** All that is seen of a cell: a token may be broken over lines, another cell may be hidden. */
  boxes(cell: Cell): Rect[];
  /** Where the row and the column that hold a place begin. */
  cut(x: number, y: number): { x: number; y: number };
  hit(x: number, y: number): Cell | null;
  /** The positions whose rows or lines meet a stretch of pixels. */
  positionsBetween(top: number, bottom: number): Span;
  /** The path in a grid of few pixels. */
  pool(width: number, height: number, values: Float32Array, notable: Notable): Pool;
  /** The strongest mark on each of so many rows of pixels. */
  markedRows(height: number, marks: Uint8Array): Uint8Array;
}
