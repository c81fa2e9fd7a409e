/**
 * The path on show as the model of a trace figure: its looks are the explorer's own traits, its data
 * is joined from the tree, and what is being written comes to it as to any trace that grows.
 */

import type { Cell } from "../data/cell.ts";
import type { LiveStatus, TraceData } from "../data/trace.ts";
import type { Heard, Model } from "../state/model.ts";
import type { TraceWire } from "../wire/codec.ts";
import { leaf, marksWire } from "./marks.ts";
import { sum } from "./packing.ts";

/** Traits that are this model's own. */
const OWN = new Set(["_kind", "_data", "_live", "selected", "span"]);

export class PathModel implements Model {
  readonly #outer: Model;
  readonly #own = new Map<string, unknown>([
    ["_kind", "trace"],
    ["selected", null],
    ["span", null], // the explorer's own is asked about
  ]);
  readonly #listeners = new Map<string, Set<Heard>>();
  #told!: TraceData;
  /** How many words the figure was told of. */
  #words = 0;
  readonly send?: (content: unknown) => void;

  constructor(outer: Model, data: TraceData, live: LiveStatus) {
    this.#outer = outer;
    if (outer.send !== undefined) this.send = (content) => outer.send?.(content);
    this.#own.set("_live", live);
    this.#take(data);
  }

  get(name: string): unknown {
    return OWN.has(name) ? this.#own.get(name) : this.#outer.get(name);
  }

  set(name: string, value: unknown): void {
    if (name === "selected") this.#own.set(name, value);
    else if (!OWN.has(name)) this.#outer.set(name, value);
  }

  save_changes(): void {
    this.#outer.save_changes();
  }

  on(event: string, listener: Heard): void {
    if (!this.#isOwn(event)) {
      this.#outer.on(event, listener);
      return;
    }
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event)?.add(listener);
  }

  off(event: string, listener: Heard): void {
    if (this.#isOwn(event)) this.#listeners.get(event)?.delete(listener);
    else this.#outer.off(event, listener);
  }

  /** Shows another path. */
  show(data: TraceData, live: LiveStatus, selected: Cell | null): void {
    this.#own.set("selected", selected);
    this.#own.set("_live", live);
    this.#take(data);
    this.#tell("change:_data");
    this.#tell("change:_live");
  }

  /** Tells how it stands with what is being written. */
  follow(live: LiveStatus): void {
    const before = this.#own.get("_live") as LiveStatus;
    if (before.running === live.running && before.rate === live.rate && before.error === live.error)
      return;
    this.#own.set("_live", live);
    this.#tell("change:_live");
  }

  /** The same path, of which more was written, or its end was written anew. */
  grow(data: TraceData, live: LiveStatus): void {
    const before = this.#told;
    const fewer = data.alternative_index.length < before.alternative_index.length;
    if (fewer || data.index.length < before.index.length || hasMore(data)) {
      // A figure knows how to grow, and nothing else; channels, flags and bounds do not.
      this.show(data, live, this.#own.get("selected") as Cell | null);
      return;
    }
    const start = firstDifference(before, data);
    this.#own.set("_live", live);
    const { vocabulary } = data;
    const words = this.#words;
    const from = <T>(column: readonly T[]) => column.slice(words);
    const news = {
      ...{ tokenviz: "grown", live, start },
      positions: data.index.length - start,
      alternatives: data.alternative_index.length - data.offsets[start],
      vocabulary_start: words,
      vocabulary: {
        label: from(vocabulary.label),
        id: from(vocabulary.id),
        bytes: from(vocabulary.bytes),
        kind: from(vocabulary.kind),
      },
    };
    this.#told = data;
    this.#words = vocabulary.label.length;
    this.#tell("msg:custom", news, [pieceOf(data, start)]);
  }

  #isOwn(event: string): boolean {
    return event === "msg:custom" || OWN.has(event.replace("change:", ""));
  }

  #take(data: TraceData): void {
    this.#told = data;
    this.#words = data.vocabulary.label.length;
    this.#own.set("_data", wireOf(data));
  }

  #tell(event: string, ...news: Parameters<Heard>): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...news);
  }
}

/** Is something known of positions that no piece of a trace tells? */
function hasMore(data: TraceData): boolean {
  const { channels, flags, categories, ranks_at_least, entropies_at_least } = data;
  const lists = [channels, flags, categories].some((list) => list?.length);
  return lists || ranks_at_least !== undefined || entropies_at_least !== undefined;
}

/** The first position at which two paths of one branch differ. */
export function firstDifference(before: TraceData, after: TraceData): number {
  const shared = Math.min(before.index.length, after.index.length);
  for (let i = 0; i < shared; i++) if (!samePosition(before, after, i)) return i;
  return shared;
}

function samePosition(a: TraceData, b: TraceData, i: number): boolean {
  if (a.index[i] !== b.index[i] || a.offsets[i + 1] !== b.offsets[i + 1]) return false;
  if (!Object.is(a.logprobs[i], b.logprobs[i]) || a.ranks[i] !== b.ranks[i]) return false;
  if (!Object.is(a.entropies[i], b.entropies[i])) return false;
  for (let j = a.offsets[i]; j < a.offsets[i + 1]; j++) {
    if (a.alternative_index[j] !== b.alternative_index[j]) return false;
    if (!Object.is(a.alternative_logprobs[j], b.alternative_logprobs[j])) return false;
  }
  return true;
}

/** The columns from a position on as js/live/growing.ts takes them. */
export function pieceOf(data: TraceData, start: number): DataView {
  const counts = Uint32Array.from(
    data.index.subarray(start),
    (_, i) => data.offsets[start + i + 1] - data.offsets[start + i],
  );
  const first = data.offsets[start];
  const columns = [
    data.index.subarray(start),
    data.logprobs.subarray(start),
    data.ranks.subarray(start),
    data.entropies.subarray(start),
    counts,
    data.alternative_index.subarray(first),
    data.alternative_logprobs.subarray(first),
  ];
  const bytes = new Uint8Array(4 * (5 * counts.length + 2 * sum(counts, counts.length)));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of columns) {
    bytes.set(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return new DataView(bytes.buffer);
}

function wireOf(data: TraceData): TraceWire {
  const { vocabulary, facts, given, prompt, channels } = data;
  return {
    ...{ facts, given, prompt },
    channels: channels.map(({ name, values }) => ({ name, values: leaf(values) })),
    ...marksWire(data),
    // A copy: the tree's own grows in place.
    vocabulary: {
      label: [...vocabulary.label],
      id: [...vocabulary.id],
      bytes: [...vocabulary.bytes],
      kind: [...vocabulary.kind],
    },
    index: leaf(data.index),
    logprobs: leaf(data.logprobs),
    ranks: leaf(data.ranks),
    entropies: leaf(data.entropies),
    offsets: leaf(data.offsets),
    alternative_index: leaf(data.alternative_index),
    alternative_logprobs: leaf(data.alternative_logprobs),
  };
}
