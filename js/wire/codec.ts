/**
 * Binary leaves of the synced state: {dtype, shape, view} to typed arrays.
 *
 * Paired with `tokenviz.wire`: little-endian, row-major. Browsers run on little-endian machines,
 * so bytes are viewed in place, and copied only when they are not aligned.
 */

import type { HeatmapData, TilesData } from "../data/heatmap.ts";
import type { TokenTable } from "../data/tokens.ts";
import type { Category, Marks, TraceData } from "../data/trace.ts";
import { decodeHalves } from "./halves.ts";
import { decodeTable, numbered, spread, type TokenWire } from "./tokens.ts";

const ARRAYS = {
  float32: Float32Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint8: Uint8Array,
} as const;

type Dtype = keyof typeof ARRAYS;
type ArrayOf<D extends Dtype> = InstanceType<(typeof ARRAYS)[D]>;

export interface BinaryLeaf {
  dtype: string;
  shape: readonly number[];
  view: DataView;
  /** Of float16 data: its numbers are to be multiplied by 2^-exponent. */
  exponent?: number;
}

/** The leaf's numbers, without a copy when aligned. Throws when dtype or size do not agree. */
export function decodeArray<D extends Dtype>(leaf: BinaryLeaf, dtype: D): ArrayOf<D> {
  if (leaf.dtype !== dtype) throw new TypeError(`expected ${dtype} data, got ${leaf.dtype}`);
  const { bytes, offset, length } = aligned(leaf, ARRAYS[dtype].BYTES_PER_ELEMENT);
  return new ARRAYS[dtype](bytes, offset, length) as ArrayOf<D>;
}

/** Numbers that travel as float32 or, where half the bytes will do, as float16. */
export function decodeFloats(leaf: BinaryLeaf): Float32Array {
  if (leaf.dtype !== "float16") return decodeArray(leaf, "float32");
  const { bytes, offset, length } = aligned(leaf, 2);
  return decodeHalves(new Uint16Array(bytes, offset, length), leaf.exponent);
}

function aligned({ dtype, shape, view }: BinaryLeaf, size: number) {
  const { buffer, byteOffset, byteLength } = view;
  const length = shape.reduce((product, extent) => product * extent, 1);
  if (byteLength !== size * length) {
    throw new RangeError(
      `${dtype} data of shape [${shape.join(", ")}] has ${size * length} bytes, got ${byteLength}`,
    );
  }
  const fits = byteOffset % size === 0;
  const bytes = fits ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  return { bytes: bytes as ArrayBuffer, offset: fits ? byteOffset : 0, length };
}

/** The bytes of a DataView that carries a colormap table. */
export function decodeBytes({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** A heatmap's `_data` as it arrives. */
export interface HeatmapWire extends Pick<HeatmapData, "roles" | "facts"> {
  values: BinaryLeaf;
  standard_error?: BinaryLeaf;
  rows: TokenWire;
  columns: TokenWire;
}

/** The same where the values stay with the kernel. */
export interface TilesWire extends Pick<HeatmapData, "shape" | "facts"> {
  tiles: Omit<TilesData, "picture"> & { picture: BinaryLeaf };
  rows: LongTokenWire;
  columns: LongTokenWire;
}

export function decodeHeatmap(wire: HeatmapWire | TilesWire): HeatmapData {
  if ("tiles" in wire) return decodeTiles(wire);
  const { values, standard_error, ...others } = wire;
  const [n = 0, m = 0] = values.shape;
  const data: HeatmapData = {
    ...others,
    values: decodeFloats(values),
    shape: [n, m],
    rows: decodeTable(others.rows),
    columns: decodeTable(others.columns),
  };
  if (standard_error) data.standard_error = decodeArray(standard_error, "float32");
  return data;
}

/** Very many rows or columns: only numbered, or each distinct name once. */
type LongTokenWire = { count: number } | { vocabulary: TokenWire; index: BinaryLeaf };

function decodeTiles({ shape, tiles, rows, columns, facts }: TilesWire): HeatmapData {
  return {
    values: new Float32Array(0),
    tiles: { ...tiles, picture: decodeFloats(tiles.picture) },
    shape,
    rows: decodeLongTable(rows),
    columns: decodeLongTable(columns),
    facts,
  };
}

function decodeLongTable(wire: LongTokenWire): TokenTable {
  if ("count" in wire) return numbered(wire.count);
  return spread(decodeTable(wire.vocabulary), decodeArray(wire.index, "uint32"));
}

type TraceArrays = {
  [Name in keyof TraceData as TraceData[Name] extends ArrayBufferView ? Name : never]: BinaryLeaf;
};

/** What is known of positions beside their numbers, as it arrives. */
export interface MarksWire {
  ranks_at_least?: BinaryLeaf;
  entropies_at_least?: BinaryLeaf;
  flags?: readonly { name: string; values: BinaryLeaf }[];
  categories?: readonly (Omit<Category, "index"> & { index: BinaryLeaf })[];
}

export function decodeMarks(wire: MarksWire): Marks {
  const bounds = (leaf?: BinaryLeaf) => leaf && decodeArray(leaf, "uint8");
  return {
    ranks_at_least: bounds(wire.ranks_at_least),
    entropies_at_least: bounds(wire.entropies_at_least),
    flags: wire.flags?.map(({ name, values }) => ({ name, values: decodeArray(values, "uint8") })),
    categories: wire.categories?.map(({ name, words, index }) => ({
      ...{ name, words },
      index: decodeArray(index, "uint32"),
    })),
  };
}

/** A trace's `_data` as it arrives. */
export type TraceWire = MarksWire &
  Pick<TraceData, "facts" | "given" | "prompt"> &
  TraceArrays & {
    vocabulary: TokenWire;
    /** Not in states that were saved before there were channels. */
    channels?: readonly { name: string; values: BinaryLeaf }[];
  };

export function decodeTrace(wire: TraceWire): TraceData {
  const { facts, given, prompt } = wire;
  return {
    ...decodeMarks(wire),
    ...{ facts, given, prompt },
    vocabulary: decodeTable(wire.vocabulary),
    index: decodeArray(wire.index, "uint32"),
    logprobs: decodeArray(wire.logprobs, "float32"),
    ranks: decodeArray(wire.ranks, "int32"),
    entropies: decodeArray(wire.entropies, "float32"),
    offsets: decodeArray(wire.offsets, "uint32"),
    alternative_index: decodeArray(wire.alternative_index, "uint32"),
    alternative_logprobs: decodeArray(wire.alternative_logprobs, "float32"),
    channels: (wire.channels ?? []).map(({ name, values }) => ({
      name,
      values: decodeArray(values, "float32"),
    })),
  };
}
