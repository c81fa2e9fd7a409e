/**
 * What a reader looks for in a trace: a text, or tokens under a probability.
 *
 * Pure state, without a DOM: what was found, which of it is current, what stands next.
 */

import type { TraceData } from "../../data/trace.ts";
import type { Stretch } from "../marks.ts";
import { FoldedText, find } from "./find.ts";
import { PathText } from "./text.ts";
import { firstAtLeast, neighbour, positionsUnder } from "./threshold.ts";

export class Search {
  #data: TraceData;
  #path: PathText | null = null;
  #folded: FoldedText | null = null;
  #query = "";
  /** First position of each match, ascending, and its last; null when to be looked for anew. */
  #found: { firsts: Uint32Array; lasts: Uint32Array } | null = null;
  #threshold = 0.5;
  #under: Uint32Array | null = null;
  /** Which match is the current one; -1 when none is. */
  #current = -1;

  constructor(data: TraceData) {
    this.#data = data;
  }

  /** Other data: what was looked for is looked for again when next it is asked for. */
  update(data: TraceData): void {
    this.#data = data;
    this.#path = null;
    this.#folded = null;
    this.#under = null;
    this.#found = null;
  }

  get query(): string {
    return this.#query;
  }

  /** Looks for a text; the first match at or after a position becomes the current one. */
  look(query: string, from: number): void {
    this.#query = query;
    this.#found = null;
    this.#current = -1;
    this.#current = this.count === 0 ? -1 : firstAtLeast(this.#matches.firsts, from) % this.count;
  }

  get count(): number {
    return this.#matches.firsts.length;
  }

  /** From 0; -1 when nothing was found. */
  get current(): number {
    // Matches may have come or gone with the data.
    return Math.min(Math.max(0, this.#current), this.count - 1);
  }

  match(i: number): Stretch {
    const { firsts, lasts } = this.#matches;
    return [firsts[i], lasts[i]];
  }

  *matches(): Generator<Stretch> {
    for (let i = 0; i < this.count; i++) yield this.match(i);
  }

  /** The current match, or null. */
  get found(): Stretch | null {
    return this.current < 0 ? null : this.match(this.current);
  }

  /** Goes to the next match (or the one before), around the ends. */
  step(direction: 1 | -1): Stretch | null {
    if (this.count === 0) return null;
    this.#current = (this.current + direction + this.count) % this.count;
    return this.found;
  }

  get threshold(): number {
    return this.#threshold;
  }

  set threshold(threshold: number) {
    this.#threshold = threshold;
    this.#under = null;
  }

  /** The positions under the threshold. */
  get under(): Uint32Array {
    this.#under ??= positionsUnder(this.#data.logprobs, this.#threshold);
    return this.#under;
  }

  /** The next position under the threshold (or the one before), and which of them it is. */
  surprise(from: number, direction: 1 | -1): { position: number; place: number } | null {
    const place = neighbour(this.under, from, direction);
    return place < 0 ? null : { position: this.under[place], place };
  }

  get #matches(): { firsts: Uint32Array; lasts: Uint32Array } {
    this.#found ??= this.#find();
    return this.#found;
  }

  #find(): { firsts: Uint32Array; lasts: Uint32Array } {
    if (this.#query === "") return { firsts: new Uint32Array(0), lasts: new Uint32Array(0) };
    this.#path ??= new PathText(this.#data);
    this.#folded ??= new FoldedText(this.#path.text);
    const { starts, length } = find(this.#folded, this.#query);
    const firsts = new Uint32Array(starts.length);
    const lasts = new Uint32Array(starts.length);
    for (let i = 0; i < starts.length; i++) {
      [firsts[i], lasts[i]] = this.#path.positionsOf(starts[i], starts[i] + length);
    }
    return { firsts, lasts };
  }
}
