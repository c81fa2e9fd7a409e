/**
 * How far a heatmap may be zoomed, and how large its cells are then.
 *
 * Out to where the whole picture fits its box, in to a cell three times as large as its value needs.
 * Each side of a cell has its own bounds: what can be read at the start does not grow, and what
 * fits at the start does not shrink, so that a strip of a few rows stays a strip.
 */

import type { CellSize, CellSizeOptions } from "./layout.ts";

/** The smallest rows that hold a value in the small and in the usual type. */
const SMALL_ROW = 16;
const FULL_ROW = 20;
/** How many times its readable size a cell may have. */
const BEYOND = 3;

export type ReachOptions = Omit<CellSizeOptions, "headerWidth">;

interface Bounds {
  least: number;
  most: number;
}

export class Reach {
  /** The cell at zoom 1. */
  readonly start: CellSize;
  /** Zoom factors: the whole picture, and the largest cell. */
  readonly least: number;
  readonly most: number;
  /** The zoom factor at which values can be read. */
  readonly readable: number;
  readonly #options: ReachOptions;
  readonly #width: Bounds;
  readonly #height: Bounds;

  constructor(start: CellSize, options: ReachOptions) {
    this.#options = options;
    const { rows, columns, width, height, valueWidth, smallValueWidth } = options;
    this.#width = bounds(start.width, smallValueWidth, width, columns);
    this.#height = bounds(start.height, SMALL_ROW, height, rows);
    this.start = start;
    const { width: w, height: h } = start;
    this.least = Math.min(this.#width.least / w, this.#height.least / h);
    this.most = Math.max(this.#width.most / w, this.#height.most / h);
    const readable = Math.max(valueWidth / w, FULL_ROW / h, 1);
    this.readable = Math.min(this.most, readable);
  }

  /** Whether zooming does anything at all. */
  get any(): boolean {
    return this.least < 0.995 || this.most > 1.005;
  }

  clamp(zoom: number): number {
    return Math.min(this.most, Math.max(this.least, zoom));
  }

  at(zoom: number): CellSize {
    if (zoom === 1) return this.start;
    const width = within(this.#width, this.start.width * zoom);
    const height = within(this.#height, this.start.height * zoom);
    return { width, height, values: this.#values(width, height) };
  }

  #values(width: number, height: number): CellSize["values"] {
    const { showValues, valueWidth, smallValueWidth } = this.#options;
    if (!showValues || width < smallValueWidth || height < SMALL_ROW) return "none";
    return width >= valueWidth && height >= FULL_ROW ? "full" : "small";
  }
}

function bounds(start: number, readable: number, room: number, count: number): Bounds {
  return {
    least: Math.min(start, room / count),
    most: start >= readable ? start : BEYOND * readable,
  };
}

function within({ least, most }: Bounds, size: number): number {
  return Math.min(most, Math.max(least, size));
}
