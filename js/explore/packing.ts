/**
 * The columns of a run of tokens as one block of bytes, and back.
 *
 * Paired with `tokenviz.explore.packing`: end to end and little-endian, each column of whole numbers in as many
 * bytes as its largest needs. Nothing is aligned, so what is read is copied.
 */

import type { Run } from "./tree.ts";

type Width = 1 | 2 | 4;

/** Bytes of the numbers of: tokens, ranks, counts of alternatives. */
export type Widths = readonly [Width, Width, Width];

export interface BlockShape {
  positions: number;
  alternatives: number;
  widths: Widths;
}

const UNSIGNED = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array } as const;

/** Reads a block. Throws when it has another size than it says. */
export function readBlock(
  { positions: n, alternatives: k, widths }: BlockShape,
  bytes: DataView,
): Run {
  for (const width of widths) {
    if (!(width in UNSIGNED)) throw new RangeError(`numbers have 1, 2 or 4 bytes, not ${width}`);
  }
  const [token, rank, count] = widths;
  const size = n * (token + rank + count + 8) + k * (token + 4);
  if (bytes.byteLength !== size) {
    throw new RangeError(
      `${n} positions with ${k} alternatives have ${size} bytes, got ${bytes.byteLength}`,
    );
  }
  let at = bytes.byteOffset;
  const take = (length: number, width: number): ArrayBuffer => {
    const start = at;
    at += length * width;
    return bytes.buffer.slice(start, at) as ArrayBuffer;
  };
  const whole = (length: number, width: Width) => new UNSIGNED[width](take(length, width));
  const floats = (length: number) => new Float32Array(take(length, 4));
  return {
    index: Uint32Array.from(whole(n, token)),
    logprobs: floats(n),
    ranks: Int32Array.from(whole(n, rank)),
    entropies: floats(n),
    counts: Uint32Array.from(whole(n, count)),
    alternative_index: Uint32Array.from(whole(k, token)),
    alternative_logprobs: floats(k),
  };
}

/** Writes a run as a block, each column as narrow as it can be. */
export function writeBlock(run: Run): BlockShape & { view: DataView } {
  const { index, logprobs, ranks, entropies, counts, alternative_index, alternative_logprobs } =
    run;
  const widths = [
    Math.max(widthOf(index), widthOf(alternative_index)) as Width,
    widthOf(ranks),
    widthOf(counts),
  ] as const;
  const columns = [
    UNSIGNED[widths[0]].from(index),
    logprobs,
    UNSIGNED[widths[1]].from(ranks),
    entropies,
    UNSIGNED[widths[2]].from(counts),
    UNSIGNED[widths[0]].from(alternative_index),
    alternative_logprobs,
  ];
  const bytes = new Uint8Array(columns.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of columns) {
    bytes.set(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  const view = new DataView(bytes.buffer);
  return { positions: index.length, alternatives: alternative_index.length, widths, view };
}

function widthOf(values: ArrayLike<number>): Width {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]);
  if (most < 2 ** 8) return 1;
  return most < 2 ** 16 ? 2 : 4;
}

/** A run with all from position `start` on replaced by another. */
export function spliced(run: Run, start: number, rest: Run): Run {
  const alternatives = sum(run.counts, start);
  return {
    index: joined(Uint32Array, run.index.subarray(0, start), rest.index),
    logprobs: joined(Float32Array, run.logprobs.subarray(0, start), rest.logprobs),
    ranks: joined(Int32Array, run.ranks.subarray(0, start), rest.ranks),
    entropies: joined(Float32Array, run.entropies.subarray(0, start), rest.entropies),
    counts: joined(Uint32Array, run.counts.subarray(0, start), rest.counts),
    alternative_index: joined(
      Uint32Array,
      run.alternative_index.subarray(0, alternatives),
      rest.alternative_index,
    ),
    alternative_logprobs: joined(
      Float32Array,
      run.alternative_logprobs.subarray(0, alternatives),
      rest.alternative_logprobs,
    ),
  };
}

/** How many alternatives the positions before `end` have. */
export function sum(counts: Uint32Array, end: number): number {
  let total = 0;
  for (let i = 0; i < end; i++) total += counts[i];
  return total;
}

type Numbers = Uint32Array | Int32Array | Float32Array;

export function joined<A extends Numbers>(type: new (length: number) => A, ...parts: A[]): A {
  const whole = new type(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
