/**
 * Where everything of a running text is: lines of one height, and beneath one of them the opened
 * alternatives. Everything is CSS pixels.
 */

import type { Rect, Span } from "../../canvas/geometry.ts";
import type { Cell } from "../../data/cell.ts";
import type { Arrangement } from "../arrangement.ts";
import { type Notable, Pool, pixels } from "../overview.ts";
import type { Lines } from "./lines.ts";
import type { OpenedRow } from "./opened.ts";

/** Left and right of the text: room for a ring around the first and last box. */
export const FLOW_MARGIN = 4;
/** Above the first line, as the handles of the colour bar need it beside them; below the last. */
export const FLOW_TOP = 12;
const BOTTOM = 4;
const PITCH = 29;
export const BOX_HEIGHT = 22;

/** Of a trace without tokens: room to say so. */
const EMPTY = { width: 120, height: 30 };

export class FlowLayout implements Arrangement {
  readonly lines: Lines;
  readonly positions: number;
  /** So many of them are the prompt's. */
  readonly given: number;
  readonly width: number;
  /** The alternatives that are open, beneath the last line of their token. */
  #opened: OpenedRow | null = null;
  #openedLine = -1;

  constructor(lines: Lines, room: number, given = 0) {
    this.lines = lines;
    this.given = given;
    this.positions = lines.first.length - 1;
    let right = 0;
    for (let i = 0; i < lines.fragments; i++) right = Math.max(right, lines.x[i] + lines.width[i]);
    // One line is as wide as it is; a text that fills lines takes what there is.
    const text = lines.count > 1 ? Math.max(right, room) : right;
    this.width = this.positions === 0 ? EMPTY.width : Math.ceil(text) + 2 * FLOW_MARGIN;
  }

  get height(): number {
    if (this.positions === 0) return EMPTY.height;
    const text = this.lines.count * PITCH - (PITCH - BOX_HEIGHT);
    return FLOW_TOP + text + (this.#opened?.height ?? 0) + BOTTOM;
  }

  get opened(): OpenedRow | null {
    return this.#opened;
  }

  set opened(row: OpenedRow | null) {
    this.#opened = row;
    this.#openedLine = row === null ? -1 : this.lastLine(row.position);
  }

  /** The line on which a token ends. */
  lastLine(position: number): number {
    return this.lines.line[this.lines.first[position + 1] - 1];
  }

  /** The line on which a token begins. */
  firstLine(position: number): number {
    return this.lines.line[this.lines.first[position]];
  }

  top(line: number): number {
    const pushed = this.#opened !== null && line > this.#openedLine ? this.#opened.height : 0;
    return FLOW_TOP + line * PITCH + pushed;
  }

  /** The top of the opened row. */
  get openedTop(): number {
    return this.top(this.#openedLine) + BOX_HEIGHT;
  }

  cut(_x: number, y: number): { x: number; y: number } {
    const line = this.lineAt(y);
    return { x: 0, y: line <= 0 ? 0 : this.top(line) - (PITCH - BOX_HEIGHT) / 2 };
  }

  /** The line that holds y, with the opened row belonging to the line above it. */
  lineAt(y: number): number {
    const last = this.lines.count - 1;
    const clamp = (line: number) => Math.max(0, Math.min(last, line));
    const line = clamp(Math.floor((y - FLOW_TOP + (PITCH - BOX_HEIGHT) / 2) / PITCH));
    if (this.#opened === null || line <= this.#openedLine) return line;
    const pushed = Math.floor(
      (y - FLOW_TOP + (PITCH - BOX_HEIGHT) / 2 - this.#opened.height) / PITCH,
    );
    return Math.max(this.#openedLine, clamp(pushed));
  }

  fragmentRect(fragment: number): Rect {
    return {
      x: FLOW_MARGIN + this.lines.x[fragment],
      y: this.top(this.lines.line[fragment]),
      width: this.lines.width[fragment],
      height: BOX_HEIGHT,
    };
  }

  /** The fragments that are on a line. */
  fragmentsOf(line: number): Span {
    return { first: this.lines.starts[line], last: this.lines.starts[line + 1] - 1 };
  }

  rect([position, slot]: Cell): Rect {
    if (this.positions === 0) return { x: 0, y: 0, width: this.width, height: this.height };
    const opened = this.#opened;
    if (slot > 0 && opened?.position === position && slot <= opened.chips.length) {
      const chip = opened.chips[slot - 1];
      return { ...chip, x: FLOW_MARGIN + chip.x, y: this.openedTop + chip.y };
    }
    // A token that is broken over lines is where it begins.
    const first = this.lines.first[Math.min(position, this.positions - 1)];
    return this.fragmentRect(first);
  }

  boxes(cell: Cell): Rect[] {
    const [position, slot] = cell;
    if (position < 0 || position >= this.positions) return [];
    const { lines, opened } = this;
    if (slot > 0) {
      const there = opened?.position === position && slot <= opened.chips.length;
      return there ? [this.rect(cell)] : [];
    }
    const first = lines.first[position];
    const count = lines.first[position + 1] - first;
    return Array.from({ length: count }, (_, i) => this.fragmentRect(first + i));
  }

  /** A token with the alternatives that are open beneath it. */
  keepClear(cell: Cell): Rect {
    const rect = this.rect(cell);
    const opened = this.#opened;
    if (opened === null || opened.position !== cell[0]) return rect;
    const { y } = this.fragmentRect(this.lines.first[cell[0]]);
    return { ...rect, y, height: this.openedTop + opened.height - y };
  }

  hit(x: number, y: number): Cell | null {
    if (this.positions === 0 || y < 0 || y >= this.height) return null;
    const line = this.lineAt(y);
    const opened = this.#opened;
    if (opened !== null && line === this.#openedLine && y >= this.openedTop) {
      const [left, top] = [x - FLOW_MARGIN, y - this.openedTop];
      const slot = opened.chips.findIndex(
        (chip) =>
          left >= chip.x &&
          left < chip.x + chip.width &&
          top >= chip.y &&
          top < chip.y + chip.height,
      );
      return slot < 0 ? null : [opened.position, slot + 1];
    }
    // The gaps between neighbours belong to them: no flicker when crossing.
    const { first, last } = this.fragmentsOf(line);
    for (let fragment = first; fragment <= last; fragment++) {
      const left = FLOW_MARGIN + this.lines.x[fragment] - 0.5;
      if (x >= left && x < left + this.lines.width[fragment] + 1) {
        return [this.lines.position[fragment], 0];
      }
    }
    return null;
  }

  /** The position on a line whose box is nearest to x. */
  nearestOn(line: number, x: number): number {
    const { first, last } = this.fragmentsOf(line);
    let [best, least] = [first, Infinity];
    for (let fragment = first; fragment <= last; fragment++) {
      const middle = FLOW_MARGIN + this.lines.x[fragment] + this.lines.width[fragment] / 2;
      const distance = Math.abs(x - middle);
      if (distance < least) [best, least] = [fragment, distance];
    }
    return this.lines.position[best];
  }

  /** The lines between two y coordinates. */
  linesBetween(top: number, bottom: number): Span {
    if (this.positions === 0) return { first: 0, last: -1 };
    return { first: this.lineAt(top), last: this.lineAt(bottom) };
  }

  positionsBetween(top: number, bottom: number): Span {
    const { first, last } = this.linesBetween(top, bottom);
    if (last < first) return { first: 0, last: -1 };
    return {
      first: this.lines.position[this.lines.starts[first]],
      last: this.lines.position[this.lines.starts[last + 1] - 1],
    };
  }

  pool(width: number, height: number, values: Float32Array, notable: Notable): Pool {
    const pool = new Pool(width, height, notable);
    const { lines } = this;
    const across = width / this.width;
    for (let line = 0; line < lines.count; line++) {
      const [y0, y1] = this.#band(line, height);
      for (let fragment = lines.starts[line]; fragment < lines.starts[line + 1]; fragment++) {
        if (lines.position[fragment] < this.given) continue;
        const x = FLOW_MARGIN + lines.x[fragment];
        const [x0, x1] = pixels(x * across, (x + lines.width[fragment]) * across);
        pool.add(x0, x1, y0, y1, values[lines.position[fragment]]);
      }
    }
    return pool;
  }

  markedRows(height: number, marks: Uint8Array): Uint8Array {
    const rows = new Uint8Array(height);
    for (let position = 0; position < this.positions; position++) {
      if (marks[position] === 0) continue;
      const [y0, y1] = this.#band(this.firstLine(position), height);
      const middle = Math.min(height - 1, (y0 + y1) >> 1);
      rows[middle] = Math.max(rows[middle], marks[position]);
    }
    return rows;
  }

  #band(line: number, height: number): [number, number] {
    const k = height / this.height;
    const top = this.top(line);
    return pixels(top * k, (top + (PITCH * k < 4 ? PITCH : BOX_HEIGHT)) * k);
  }
}
