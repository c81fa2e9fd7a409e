/**
 * A trace that grows at its end, as the kernel tells of it.
 *
 * Paired with `tokenviz.live.growing`. A piece says from which position on it holds: what was there
 * from then on is replaced, so that a piece that comes twice does no harm, and a label that changed
 * is told by telling its position again. A piece that begins after the end leaves a gap, and the
 * kernel has to be asked for what is missing.
 *
 * Columns grow in place; `data` is a view of them, a new object after each piece.
 */

import type { TokenTable } from "../data/tokens.ts";
import type { LiveStatus, Marks, TraceData } from "../data/trace.ts";
import { decodeTrace, type TraceWire } from "../wire/codec.ts";
import { decodeTable, type TokenWire } from "../wire/tokens.ts";
import { type Column, FloatColumn, IntColumn, UintColumn } from "./column.ts";

export interface Piece {
  /** The position that it begins at; how many positions it has, and how many alternatives. */
  start: number;
  positions: number;
  alternatives: number;
  /** The number of its first entry of the vocabulary. */
  vocabulary_start: number;
  vocabulary: TokenWire;
}

/** What the kernel sends while a text is written; without a piece when nothing is new. */
export type News = { tokenviz: "grown"; live: LiveStatus } & Partial<Piece>;

export class GrowingTrace {
  readonly #whole: Pick<TraceData, "facts" | "channels" | "given" | "prompt">;
  /** Of the positions that there were; of later ones no piece tells any. */
  readonly #marks: Marks;
  readonly #vocabulary: { [Name in keyof TokenTable]: TokenTable[Name][number][] };
  readonly #columns: {
    index: Column<Uint32Array>;
    logprobs: Column<Float32Array>;
    ranks: Column<Int32Array>;
    entropies: Column<Float32Array>;
    offsets: Column<Uint32Array>;
    alternative_index: Column<Uint32Array>;
    alternative_logprobs: Column<Float32Array>;
  };
  #data: TraceData;

  constructor(data: TraceData) {
    const { label, id, bytes, kind } = data.vocabulary;
    this.#vocabulary = { label: [...label], id: [...id], bytes: [...bytes], kind: [...kind] };
    const { facts, channels, given, prompt, ...others } = data;
    const { ranks_at_least, entropies_at_least, flags, categories } = others;
    this.#whole = { facts, channels, given, prompt };
    this.#marks = { ranks_at_least, entropies_at_least, flags, categories };
    this.#columns = {
      index: new UintColumn(data.index),
      logprobs: new FloatColumn(data.logprobs),
      ranks: new IntColumn(data.ranks),
      entropies: new FloatColumn(data.entropies),
      offsets: new UintColumn(data.offsets),
      alternative_index: new UintColumn(data.alternative_index),
      alternative_logprobs: new FloatColumn(data.alternative_logprobs),
    };
    this.#data = this.#view();
  }

  get data(): TraceData {
    return this.#data;
  }

  /** How far it reaches: what the kernel needs to know to send the rest. */
  get known(): { positions: number; vocabulary: number } {
    return {
      positions: this.#columns.index.values.length,
      vocabulary: this.#vocabulary.label.length,
    };
  }

  /** Takes a piece; false when there is a gap before it. */
  take(piece: Piece, bytes: DataView): boolean {
    const { start, positions: n, alternatives: k, vocabulary_start } = piece;
    const { known } = this;
    if (start > known.positions || vocabulary_start > known.vocabulary) return false;
    if (bytes.byteLength !== 4 * (5 * n + 2 * k)) {
      throw new RangeError(`a piece of ${n} positions and ${k} alternatives has another size`);
    }
    const vocabulary = decodeTable(piece.vocabulary);
    const skip = known.vocabulary - vocabulary_start;
    this.#vocabulary.label.push(...vocabulary.label.slice(skip));
    this.#vocabulary.id.push(...vocabulary.id.slice(skip));
    this.#vocabulary.bytes.push(...vocabulary.bytes.slice(skip));
    this.#vocabulary.kind.push(...vocabulary.kind.slice(skip));
    // A copy: what arrives need not be aligned.
    const { buffer, byteOffset, byteLength } = bytes;
    const words = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    const first = this.#columns.offsets.values[start];
    const { index, logprobs, ranks, entropies, offsets } = this.#columns;
    index.replace(start, new Uint32Array(words, 0, n));
    logprobs.replace(start, new Float32Array(words, 4 * n, n));
    ranks.replace(start, new Int32Array(words, 8 * n, n));
    entropies.replace(start, new Float32Array(words, 12 * n, n));
    const ends = new Uint32Array(words, 16 * n, n);
    for (let i = 0, end = first; i < n; i++) {
      end += ends[i];
      ends[i] = end;
    }
    offsets.replace(start + 1, ends);
    this.#columns.alternative_index.replace(first, new Uint32Array(words, 20 * n, k));
    const logarithms = new Float32Array(words, 20 * n + 4 * k, k);
    this.#columns.alternative_logprobs.replace(first, logarithms);
    this.#data = this.#view();
    return true;
  }

  #view(): TraceData {
    const n = this.#columns.index.values.length;
    const { ranks_at_least, entropies_at_least, flags, categories } = this.#marks;
    return {
      ranks_at_least: ranks_at_least && longer(ranks_at_least, n),
      entropies_at_least: entropies_at_least && longer(entropies_at_least, n),
      flags: flags?.map(({ name, values }) => ({ name, values: longer(values, n) })),
      categories: categories?.map(({ name, words, index }) => ({
        // What has no word is numbered behind those that there are.
        ...{ name, words: [...words, null] },
        index: longer(index, n, words.length),
      })),
      vocabulary: this.#vocabulary,
      ...this.#whole,
      index: this.#columns.index.values,
      logprobs: this.#columns.logprobs.values,
      ranks: this.#columns.ranks.values,
      entropies: this.#columns.entropies.values,
      offsets: this.#columns.offsets.values,
      alternative_index: this.#columns.alternative_index.values,
      alternative_logprobs: this.#columns.alternative_logprobs.values,
    };
  }
}

/** A column of so many positions; the new ones are unmarked. */
function longer<A extends Uint8Array | Uint32Array>(values: A, n: number, filling = 0): A {
  if (values.length === n) return values;
  const whole = new (values.constructor as new (n: number) => A)(n).fill(filling, values.length);
  whole.set(values.subarray(0, n));
  return whole as A;
}

/** Is `after` what `before` was, and possibly more behind it? */
export function continues(before: TraceData, after: TraceData): boolean {
  return (
    before.given === after.given &&
    begins(before.vocabulary.label, after.vocabulary.label) &&
    begins(before.vocabulary.bytes, after.vocabulary.bytes) &&
    begins(before.index, after.index) &&
    begins(before.offsets, after.offsets) &&
    begins(bits(before.logprobs), bits(after.logprobs)) &&
    begins(before.alternative_index, after.alternative_index) &&
    begins(bits(before.alternative_logprobs), bits(after.alternative_logprobs))
  );
}

function begins<T>(beginning: ArrayLike<T>, whole: ArrayLike<T>): boolean {
  if (beginning.length > whole.length) return false;
  for (let i = 0; i < beginning.length; i++) if (beginning[i] !== whole[i]) return false;
  return true;
}

/** NaN equals itself as bits only. */
function bits({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer as ArrayBuffer, byteOffset, length);
}

/** What grew out of a model's `_data`, by that very object: all views of the model have it. */
const grown = new WeakMap<TraceWire, GrowingTrace>();

/** What grew out of `_data`, if it has grown. */
export function grownFrom(wire: TraceWire): GrowingTrace | undefined {
  return grown.get(wire);
}

/**
 * Lets `_data` grow. From now on it reads as the whole so far: a notebook that is saved in the middle
 * keeps what there is. Setting the trait anew would send it all back to the kernel.
 */
export function growingFrom(wire: TraceWire): GrowingTrace {
  let growing = grown.get(wire);
  if (growing === undefined) {
    growing = new GrowingTrace(decodeTrace(wire));
    grown.set(wire, growing);
    mirror(wire, growing);
  }
  return growing;
}

const COLUMNS = [
  "index",
  "logprobs",
  "ranks",
  "entropies",
  "offsets",
  "alternative_index",
  "alternative_logprobs",
] as const;

function mirror(wire: TraceWire, growing: GrowingTrace): void {
  const read = (name: string, get: () => unknown) =>
    Object.defineProperty(wire, name, { get, enumerable: true, configurable: true });
  read("vocabulary", () => growing.data.vocabulary);
  for (const name of COLUMNS) read(name, () => leaf(growing.data[name]));
}

const DTYPES = new Map<unknown, string>([
  [Float32Array, "float32"],
  [Uint32Array, "uint32"],
  [Int32Array, "int32"],
]);

/** A copy, as large as the column is now: who saves it takes the whole buffer. */
function leaf(values: Uint32Array | Int32Array | Float32Array) {
  const dtype = DTYPES.get(values.constructor) as string;
  return { dtype, shape: [values.length], view: new DataView(values.slice().buffer) };
}
