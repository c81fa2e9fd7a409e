/**
 * Where everything in a heatmap is, in CSS pixels.
 *
 * Cells share one size. It is chosen for the values to be read when their columns fit in twice the
 * width there is (then the figure scrolls); with more columns the whole picture matters more, the
 * values go and cells shrink, down to blocks that still can be pointed at, and where not even these
 * have room, down to what fits the box. From there one may zoom (reach.ts). Edges are rounded to
 * whole pixels, so that gaps are equally thin everywhere.
 */

import type { Rect, Span } from "../canvas/geometry.ts";
import type { Headers } from "./headers.ts";
import { thinning } from "./thinning.ts";

/** The least height of a strip of a few rows, and the smallest row that has a label of its own. */
const BLOCK = 3;
const LABEL_PITCH = 14;
const ROW_HEIGHT = 30;
const COMPACT = 28;
/** Widths of a column whose values are written, whatever its header. */
const NARROWEST_COLUMN = 84;
const WIDEST_COLUMN = 156;
/** How many times the available width a figure may scroll to have its values written. */
const SCROLL_FOR_VALUES = 2;

export interface CellSizeOptions {
  rows: number;
  columns: number;
  /** Width and height there are for the cells. */
  width: number;
  height: number;
  showValues: boolean;
  /** Widths a value needs, in the usual and in the small type, with its margins. */
  valueWidth: number;
  smallValueWidth: number;
  headerWidth: number;
}

export interface CellSize {
  width: number;
  height: number;
  values: "none" | "small" | "full";
}

export function cellSize(options: CellSizeOptions): CellSize {
  const { rows, columns, width, height, showValues, valueWidth, smallValueWidth } = options;
  const share = width / Math.max(1, columns);
  const ideal = Math.max(
    Math.min(Math.max(options.headerWidth, NARROWEST_COLUMN), WIDEST_COLUMN),
    valueWidth,
  );
  if (columns * smallValueWidth <= SCROLL_FOR_VALUES * width) {
    if (showValues) {
      const cell = Math.min(ideal, Math.max(share, smallValueWidth));
      const values = cell >= valueWidth ? "full" : "small";
      return { width: cell, height: ROW_HEIGHT, values };
    }
    const cell = Math.min(ideal, Math.max(share, LABEL_PITCH));
    return { width: cell, height: Math.min(cell, ROW_HEIGHT), values: "none" };
  }
  const cell = Math.min(COMPACT, share);
  const tallest = Math.min(COMPACT, Math.max(cell, BLOCK, height / 2 / rows));
  const shortest = cell >= LABEL_PITCH ? LABEL_PITCH : 0;
  const rowHeight = Math.min(tallest, Math.max(height / rows, shortest));
  return { width: cell, height: rowHeight, values: "none" };
}

/**
 * Where a cell begins, in device pixels from the first one. On whole CSS pixels as long as a cell
 * is one at least: borders and texts stand there.
 */
export function cellEdge(index: number, size: number, ratio: number): number {
  const edge = size >= 1 && ratio >= 1 ? Math.round(index * size) : index * size;
  return Math.round(edge * ratio);
}

export interface GridOptions {
  rows: number;
  columns: number;
  cell: CellSize;
  /** Width of the row labels with their margin. */
  left: number;
  headers: Headers;
}

export class HeatmapGrid {
  readonly rows: number;
  readonly columns: number;
  readonly cell: CellSize;
  readonly left: number;
  readonly headers: Headers;
  /** Between cells. */
  readonly gap: number;
  /** Every k-th row label is written. */
  readonly labelEvery: number;

  constructor({ rows, columns, cell, left, headers }: GridOptions) {
    this.rows = rows;
    this.columns = columns;
    this.cell = cell;
    this.left = left;
    this.headers = headers;
    this.gap = Math.min(cell.width, cell.height) < 6 ? 0 : 1;
    this.labelEvery = thinning(LABEL_PITCH / cell.height - 1e-9);
  }

  get top(): number {
    return this.headers.height;
  }

  get width(): number {
    return this.columnLeft(this.columns);
  }

  get height(): number {
    return this.rowTop(this.rows);
  }

  columnLeft(column: number): number {
    return this.left + Math.round(column * this.cell.width);
  }

  rowTop(row: number): number {
    return this.top + Math.round(row * this.cell.height);
  }

  /** What is painted of a cell: its share of the grid, less the gap. */
  rect(row: number, column: number): Rect {
    const x = this.columnLeft(column);
    const y = this.rowTop(row);
    return {
      x,
      y,
      width: Math.max(1, this.columnLeft(column + 1) - x - this.gap),
      height: Math.max(1, this.rowTop(row + 1) - y - this.gap),
    };
  }

  columnsBetween(x0: number, x1: number): Span {
    return span(x0 - this.left, x1 - this.left, this.cell.width, this.columns);
  }

  rowsBetween(y0: number, y1: number): Span {
    return span(y0 - this.top, y1 - this.top, this.cell.height, this.rows);
  }
}

/** Rounded edges may reach half a pixel further than the exact ones. */
function span(start: number, end: number, size: number, count: number): Span {
  return {
    first: Math.max(0, Math.floor((start - 0.5) / size)),
    last: Math.min(count - 1, Math.floor((end + 0.5) / size)),
  };
}
