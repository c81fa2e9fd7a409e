/**
 * Where every cell of a wrapped trace is.
 *
 * A trace is cut into rows of `columns` positions. A row is, from the top: the position numbers,
 * the chosen path, and as many ranks of alternatives as its fullest position shows. A prompt has
 * rows of its own before those, without numbers: what follows it begins a row. All cells
 * have one width; the rows differ in height, so their tops are one prefix sum and a y coordinate
 * finds its row by binary search. Everything is CSS pixels.
 */

import type { Rect, Span } from "../canvas/geometry.ts";
import type { Cell } from "../data/cell.ts";
import type { Arrangement } from "./arrangement.ts";
import { type Notable, Pool, pixels } from "./overview.ts";

/** Room for the border of the path, left and right of the cells. */
export const MARGIN = 4;
/** Between the cells of a row. */
export const COLUMN_GAP = 2;
/** The strip of position numbers. */
export const NUMBER_HEIGHT = 17;
/** From a cell of the path to the outer edge of the border around it. */
export const BORDER_OUTSET = 4;
/** From the border to the first rank of alternatives. */
const RANK_OFFSET = 5;
const RANK_GAP = 2;
/** The strip of bands and their names. */
const BAND_HEIGHT = 15;
const ROW_GAP = 15;
/** Above the rows of a prompt, but for the first, which is as far down as a row with numbers. */
const PROMPT_STRIP = 14;

/** Cell heights with the probability under the token, and without. */
export const ONE_NUMBER = 42;
const WITH_VALUES = { path: ONE_NUMBER, rank: 35 };
const WITHOUT_VALUES = { path: 29, rank: 23 };

/** What a second number in a cell of the path takes. */
export const SECOND_LINE = 13;

/** Of a trace without tokens: room to say so. */
const EMPTY = { width: 120, height: 30 };

export interface GridOptions {
  positions: number;
  /** So many of them are the prompt's. */
  given?: number;
  rowLength: number;
  /** Columns for which there is room though there are fewer positions: more are to come. */
  reserved?: number;
  cellWidth: number;
  /** How many alternatives each position shows. */
  shown: Uint8Array;
  /** Is the probability written under the token? */
  showValues: boolean;
  /** Is there room over the numbers for bands, with their names? */
  banded?: boolean;
  /** Is there a cell below the alternatives for all the others? */
  rests?: boolean;
  /** Is a second number written in each cell of the path? */
  paired?: boolean;
}

export class Grid implements Arrangement {
  readonly positions: number;
  readonly columns: number;
  readonly rows: number;
  /** The rows of the prompt, before the others. */
  readonly promptRows: number;
  readonly cellWidth: number;
  readonly pathHeight: number;
  readonly rankHeight: number;
  readonly shown: Uint8Array;
  /** From the top of a row with numbers to its path. */
  readonly strip: number;
  readonly width: number;
  readonly height: number;
  /** The top of each row, and the end of the last one. */
  readonly #top: Float64Array;
  /** Ranks of alternatives in each row. */
  readonly #ranks: Uint8Array;
  readonly #given: number;
  /** Places that the last row of the prompt leaves free. */
  readonly #free: number;

  constructor(options: GridOptions) {
    const { positions, given = 0, rowLength, reserved = 0, cellWidth, shown } = options;
    const { banded = false, rests = false } = options;
    const { path, rank } = options.showValues ? WITH_VALUES : WITHOUT_VALUES;
    this.positions = positions;
    const longer = Math.max(given, positions - given);
    this.columns = Math.max(1, reserved, Math.min(rowLength, longer));
    this.promptRows = Math.ceil(given / this.columns);
    this.#given = given;
    this.#free = this.promptRows * this.columns - given;
    this.rows = Math.ceil((positions + this.#free) / this.columns);
    this.cellWidth = cellWidth;
    this.pathHeight = path;
    if (options.paired) this.pathHeight += SECOND_LINE;
    this.rankHeight = rank;
    this.shown = shown;
    this.strip = NUMBER_HEIGHT + BORDER_OUTSET + (banded ? BAND_HEIGHT : 0);
    this.#ranks = new Uint8Array(this.rows);
    this.#top = new Float64Array(this.rows + 1);
    for (let row = 0; row < this.rows; row++) {
      const end = this.start(row) + this.rowLength(row);
      let ranks = 0;
      for (let position = this.start(row); position < end; position++) {
        if (shown[position] > ranks) ranks = shown[position];
      }
      this.#ranks[row] = ranks;
      if (rests && row >= this.promptRows) ranks++;
      const alternatives = ranks > 0 ? RANK_OFFSET + ranks * (rank + RANK_GAP) - RANK_GAP : 0;
      const gap = row < this.promptRows - 1 ? 0 : ROW_GAP;
      this.#top[row + 1] = this.pathTop(row) + this.pathHeight + BORDER_OUTSET + alternatives + gap;
    }
    this.width = 2 * MARGIN + this.columns * (cellWidth + COLUMN_GAP) - COLUMN_GAP;
    this.height = this.#top[this.rows] - ROW_GAP;
    if (positions === 0) {
      if (reserved === 0) this.width = EMPTY.width;
      this.height = EMPTY.height;
    }
  }

  ranks(row: number): number {
    return this.#ranks[row];
  }

  top(row: number): number {
    return this.#top[row];
  }

  /** The left edge of a column's cells on the path. */
  left(column: number): number {
    return MARGIN + column * (this.cellWidth + COLUMN_GAP);
  }

  pathTop(row: number): number {
    const plain = row > 0 && row < this.promptRows;
    return this.#top[row] + (plain ? PROMPT_STRIP : this.strip);
  }

  /** The top of the alternatives in `slot` (1 is the first) of a row. */
  rankTop(row: number, slot: number): number {
    const first = this.pathTop(row) + this.pathHeight + BORDER_OUTSET + RANK_OFFSET;
    return first + (slot - 1) * (this.rankHeight + RANK_GAP);
  }

  /** The first position of a row; of the row after the last, where it would begin. */
  start(row: number): number {
    return row * this.columns - (row < this.promptRows ? 0 : this.#free);
  }

  rowOf(position: number): number {
    return Math.floor((position < this.#given ? position : position + this.#free) / this.columns);
  }

  /** How many positions a row has: all but the last, of the prompt and of the others, are full. */
  rowLength(row: number): number {
    const end = row < this.promptRows ? this.#given : this.positions;
    return Math.min(this.columns, end - this.start(row));
  }

  /** The row whose stretch holds y, clamped to the rows there are. */
  rowAt(y: number): number {
    let low = 0;
    let high = this.rows - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#top[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The rows between two y coordinates. */
  rowsBetween(top: number, bottom: number): Span {
    if (this.rows === 0) return { first: 0, last: -1 };
    return { first: this.rowAt(top), last: this.rowAt(bottom) };
  }

  positionsBetween(top: number, bottom: number): Span {
    const { first, last } = this.rowsBetween(top, bottom);
    return {
      first: this.start(first),
      last: last < 0 ? last : this.start(last) + this.rowLength(last) - 1,
    };
  }

  /** The columns between two x coordinates. */
  columnsBetween(left: number, right: number): Span {
    const pitch = this.cellWidth + COLUMN_GAP;
    return {
      first: Math.max(0, Math.floor((left - MARGIN) / pitch)),
      last: Math.min(this.columns - 1, Math.floor((right - MARGIN) / pitch)),
    };
  }

  /** The rectangle of a cell; for an alternative that is not shown, of the last one that is. */
  rect([position, slot]: Cell): Rect {
    if (this.rows === 0) return { x: 0, y: 0, width: this.width, height: this.height };
    const row = this.rowOf(position);
    const x = this.left(position - this.start(row));
    const shownSlot = Math.min(slot, this.shown[position]);
    if (shownSlot === 0) {
      return { x, y: this.pathTop(row), width: this.cellWidth, height: this.pathHeight };
    }
    return { x, y: this.rankTop(row, shownSlot), width: this.cellWidth, height: this.rankHeight };
  }

  /** A filter may hide a cell, and Python may select what is not there. */
  boxes(cell: Cell): Rect[] {
    const [position, slot] = cell;
    const there = position >= 0 && position < this.positions && slot >= 0;
    return there && slot <= this.shown[position] ? [this.rect(cell)] : [];
  }

  cut(x: number, y: number): { x: number; y: number } {
    const { first } = this.columnsBetween(x, x);
    return { x: first === 0 ? 0 : this.left(first) - COLUMN_GAP / 2, y: this.#top[this.rowAt(y)] };
  }

  /** The cell at a point. The gaps between neighbours belong to them: no flicker when crossing. */
  hit(x: number, y: number): Cell | null {
    if (this.rows === 0 || y < 0 || y >= this.height) return null;
    const pitch = this.cellWidth + COLUMN_GAP;
    const column = Math.floor((x - MARGIN + COLUMN_GAP / 2) / pitch);
    const row = this.rowAt(y);
    if (column < 0 || column >= this.rowLength(row)) return null;
    const position = this.start(row) + column;
    const pathTop = this.pathTop(row);
    if (y < pathTop) return null;
    if (y < pathTop + this.pathHeight) return [position, 0];
    const slot = 1 + Math.floor((y - this.rankTop(row, 1)) / (this.rankHeight + RANK_GAP));
    return slot >= 1 && slot <= this.shown[position] ? [position, slot] : null;
  }

  /** The path in few pixels: a row is a band with what a pixel shares pooled. */
  pool(width: number, height: number, values: Float32Array, notable: Notable): Pool {
    const pool = new Pool(width, height, notable);
    const lefts = Array.from({ length: this.columns }, (_, column) =>
      pixels(...this.#share(column, 1, this.columns, width)),
    );
    for (let row = this.promptRows; row < this.rows; row++) {
      const [y0, y1] = this.#band(row, height);
      const first = this.start(row);
      const length = this.rowLength(row);
      for (let column = 0; column < length; column++) {
        const [x0, x1] = lefts[column];
        pool.add(x0, x1, y0, y1, values[first + column]);
      }
    }
    return pool;
  }

  /** The strongest mark on each row of pixels. */
  markedRows(height: number, marks: Uint8Array): Uint8Array {
    const rows = new Uint8Array(height);
    for (let row = 0; row < this.rows; row++) {
      const end = this.start(row) + this.rowLength(row);
      let strongest = 0;
      for (let position = this.start(row); position < end; position++) {
        if (marks[position] > strongest) strongest = marks[position];
      }
      if (strongest === 0) continue;
      const [y0, y1] = this.#band(row, height);
      const middle = Math.min(height - 1, (y0 + y1) >> 1);
      rows[middle] = Math.max(rows[middle], strongest);
    }
    return rows;
  }

  /** The pixels of a row: its path where there is room for gaps, else all that it takes. */
  #band(row: number, height: number): [number, number] {
    const top = this.#top[row];
    const whole = this.#top[row + 1] - top;
    if ((whole / this.height) * height < 4) {
      return pixels(...this.#share(top, whole, this.height, height));
    }
    return pixels(...this.#share(this.pathTop(row), this.pathHeight, this.height, height));
  }

  /** A stretch of all there is, in pixels of the room for it. */
  #share(start: number, length: number, all: number, room: number): [number, number] {
    return [(start / all) * room, ((start + length) / all) * room];
  }
}
