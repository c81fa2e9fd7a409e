/**
 * Tokens broken into lines, as a paragraph is: between words, at line breaks, and within a word or
 * a token only where a line cannot hold it.
 *
 * A word may be several tokens. What stands on a line is a list of fragments, one per token but for
 * tokens with line breaks and for those that are cut; columns of numbers hold them all.
 */

import type { FlowTokens, Piece } from "./pieces.ts";

/** Between the boxes of neighbours. */
export const GAP = 1;

export interface Lines {
  /** The number of lines, and of fragments. */
  count: number;
  fragments: number;
  /** By line: its first fragment; and after the last line, the number of fragments. */
  starts: readonly number[];
  /** By position: its first fragment; and after the last position, the number of fragments. */
  first: Uint32Array;
  /** By fragment: its position, its line, and where its box is. */
  position: readonly number[];
  line: readonly number[];
  x: readonly number[];
  width: readonly number[];
  /** By fragment: is the space before its text left out, because a line begins with it? */
  trimmed: readonly number[];
  /** What is written in a fragment. */
  piece(fragment: number): Piece;
}

export function breakLines(index: Uint32Array, tokens: FlowTokens, room: number): Lines {
  const builder = new Builder(index.length, room);
  let closed = true;
  for (let position = 0; position < index.length; position++) {
    const { pieces, opens, closes } = tokens.at(index[position]);
    builder.first[position] = builder.fragments;
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i];
      const mayBreak = i === 0 && (opens || closed);
      if (piece.width <= room) builder.add(position, piece, i, mayBreak);
      else {
        for (const part of tokens.cut(piece, room)) builder.add(position, part, -1, mayBreak);
      }
    }
    closed = closes;
  }
  return builder.done(index, tokens);
}

class Builder {
  readonly #room: number;
  readonly first: Uint32Array;
  fragments = 0;
  readonly #starts: number[] = [0];
  readonly #position: number[] = [];
  readonly #line: number[] = [];
  readonly #x: number[] = [];
  readonly #width: number[] = [];
  readonly #trimmed: number[] = [];
  /** Which piece of its token a fragment is; -1 for one that was cut, kept in `#cut`. */
  readonly #piece: number[] = [];
  readonly #cut = new Map<number, Piece>();
  /** The spaces before fragments of the line at hand, which it leaves out if it begins with one. */
  #leads: number[] = [];
  #right = 0;
  /** The first fragment of the word at hand. */
  #word = 0;
  /** Did the line at hand begin because the last one was full? */
  #soft = false;
  #anyRightToLeft = false;
  readonly #directions: number[] = [];

  constructor(positions: number, room: number) {
    this.#room = room;
    this.first = new Uint32Array(positions + 1);
  }

  add(position: number, piece: Piece, number: number, mayBreak: boolean): void {
    if (mayBreak) this.#word = this.fragments;
    const start = this.#starts[this.#starts.length - 1];
    if (this.#right + piece.width > this.#room && this.fragments > start) {
      if (this.#word > start) this.#breakBefore(this.#word);
      // Its word alone fills a line: it is broken between tokens.
      const own = this.#starts[this.#starts.length - 1];
      if (this.#right + piece.width > this.#room && this.fragments > own) {
        this.#breakBefore(this.fragments);
      }
    }
    this.#push(position, piece, number);
    if (piece.breaks) {
      this.#finish();
      this.#starts.push(this.fragments);
      this.#right = 0;
      this.#word = this.fragments;
    }
  }

  #push(position: number, piece: Piece, number: number): void {
    const at = this.fragments;
    const start = this.#starts[this.#starts.length - 1];
    // A line that was broken softly begins without the space that parted it from the last.
    const trim = at === start && this.#soft && piece.lead > 0;
    this.#position[at] = position;
    this.#x[at] = this.#right;
    this.#width[at] = trim ? Math.ceil(piece.width - piece.lead) : piece.width;
    this.#trimmed[at] = trim ? 1 : 0;
    this.#piece[at] = number;
    if (number < 0) this.#cut.set(at, piece);
    this.#leads[at - start] = piece.lead;
    this.#directions[at - start] = piece.direction;
    if (piece.direction === 1) this.#anyRightToLeft = true;
    this.#right += this.#width[at] + GAP;
    this.fragments = at + 1;
  }

  /** Begins a line with a fragment; those from it on move there. */
  #breakBefore(fragment: number): void {
    const start = this.#starts[this.#starts.length - 1];
    const moved = this.fragments;
    const leads = this.#leads.slice(fragment - start, moved - start);
    const directions = this.#directions.slice(fragment - start, moved - start);
    const all = this.fragments;
    this.fragments = fragment;
    this.#finish();
    this.fragments = all;
    this.#starts.push(fragment);
    this.#soft = true;
    this.#right = 0;
    for (let i = 0; i < leads.length; i++) {
      const at = fragment + i;
      this.#leads[i] = leads[i];
      this.#directions[i] = directions[i];
      if (directions[i] === 1) this.#anyRightToLeft = true;
      if (i === 0 && leads[0] > 0 && this.#trimmed[at] === 0) {
        this.#trimmed[at] = 1;
        this.#width[at] = Math.ceil(this.#width[at] - leads[0]);
      }
      this.#x[at] = this.#right;
      this.#right += this.#width[at] + GAP;
    }
  }

  /** The line at hand is full: its fragments learn which it is, and find their final places. */
  #finish(): void {
    const line = this.#starts.length - 1;
    const start = this.#starts[line];
    for (let at = start; at < this.fragments; at++) this.#line[at] = line;
    if (this.#anyRightToLeft) this.#reorder(start, this.fragments);
    this.#anyRightToLeft = false;
    this.#soft = false;
  }

  /** Runs of right-to-left tokens, with what stands between them, go from right to left. */
  #reorder(start: number, end: number): void {
    for (let from = start; from < end; from++) {
      if (this.#directions[from - start] !== 1) continue;
      let last = from;
      for (let at = from + 1; at < end && this.#directions[at - start] !== -1; at++) {
        if (this.#directions[at - start] === 1) last = at;
      }
      let x = this.#x[from];
      for (let at = last; at >= from; at--) {
        this.#x[at] = x;
        x += this.#width[at] + GAP;
      }
      from = last;
    }
  }

  done(index: Uint32Array, tokens: FlowTokens): Lines {
    const { fragments } = this;
    this.#finish();
    // A last line break leaves no empty line behind.
    if (this.#starts[this.#starts.length - 1] === fragments) this.#starts.pop();
    const count = this.#starts.length;
    this.first[index.length] = fragments;
    const [position, pieces, cut] = [this.#position, this.#piece, this.#cut];
    return {
      count,
      fragments,
      starts: [...this.#starts, fragments],
      first: this.first,
      position,
      line: this.#line,
      x: this.#x,
      width: this.#width,
      trimmed: this.#trimmed,
      piece(fragment) {
        const number = pieces[fragment];
        if (number < 0) return cut.get(fragment) as Piece;
        return tokens.at(index[position[fragment]]).pieces[number];
      },
    };
  }
}
