/**
 * Binary leaves of the synced state: {dtype, shape, view} to typed arrays.
 *
 * Paired with `tokenviz.wire`: little-endian, row-major. Browsers run on little-endian machines,
 * so bytes are viewed in place, and copied only when they are not aligned.
 */

import type { HeatmapData, TraceData } from "./state.ts";

const ARRAYS = { float32: Float32Array, uint32: Uint32Array, int32: Int32Array } as const;

type Dtype = keyof typeof ARRAYS;
type ArrayOf<D extends Dtype> = InstanceType<(typeof ARRAYS)[D]>;

export interface BinaryLeaf {
  dtype: string;
  shape: readonly number[];
  view: DataView;
}

/** The leaf's numbers, without a copy when aligned. Throws when dtype or size do not agree. */
export function decodeArray<D extends Dtype>(leaf: BinaryLeaf, dtype: D): ArrayOf<D> {
  if (leaf.dtype !== dtype) throw new TypeError(`expected ${dtype} data, got ${leaf.dtype}`);
  const { buffer, byteOffset, byteLength } = leaf.view;
  const length = leaf.shape.reduce((product, size) => product * size, 1);
  if (byteLength !== 4 * length) {
    throw new RangeError(
      `${dtype} data of shape [${leaf.shape.join(", ")}] has ${4 * length} bytes, got ${byteLength}`,
    );
  }
  const aligned = byteOffset % 4 === 0;
  const bytes = aligned ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  return new ARRAYS[dtype](bytes as ArrayBuffer, aligned ? byteOffset : 0, length) as ArrayOf<D>;
}

/** The bytes of a DataView that carries a colormap table. */
export function decodeBytes({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** A heatmap's `_data` as it arrives. */
export type HeatmapWire = Omit<HeatmapData, "values" | "shape" | "standard_error"> & {
  values: BinaryLeaf;
  standard_error?: BinaryLeaf;
};

export function decodeHeatmap({ values, standard_error, ...others }: HeatmapWire): HeatmapData {
  const [n = 0, m = 0] = values.shape;
  const data: HeatmapData = { ...others, values: decodeArray(values, "float32"), shape: [n, m] };
  if (standard_error) data.standard_error = decodeArray(standard_error, "float32");
  return data;
}

type TraceArrays = {
  [Name in keyof TraceData as TraceData[Name] extends ArrayBufferView ? Name : never]: BinaryLeaf;
};

/** A trace's `_data` as it arrives. */
export type TraceWire = Pick<TraceData, "vocabulary" | "facts"> &
  TraceArrays & {
    /** Not in states that were saved before there were channels. */
    channels?: readonly { name: string; values: BinaryLeaf }[];
  };

export function decodeTrace(wire: TraceWire): TraceData {
  return {
    vocabulary: wire.vocabulary,
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
    facts: wire.facts,
  };
}
