/**
 * What a figure of a comparison knows beside the reference's trace: how the two are called, which
 * of the trace's channels are whose, and what belongs together.
 *
 * Paired with `tokenviz.widget.compared`, which writes it.
 */

import type { TokenTable } from "../data/tokens.ts";
import type { TraceData } from "../data/trace.ts";
import { type BinaryLeaf, decodeArray } from "../wire/codec.ts";
import { decodeTable, type TokenWire } from "../wire/tokens.ts";

/** By what places are sorted; "flip" are those where the likeliest token is another. */
export const FLIP = "flip";

export interface Compared {
  /** What the two are called. */
  names: readonly [string, string];
  /** The channels with the log-probabilities of both; null for the trace's own. */
  logprobs: readonly [string | null, string];
  /** What is known of the spans, and which channel says it. */
  measures: readonly { name: string; channel: string }[];
  /** The measure that places are sorted by unless told otherwise. */
  best: string;
  /** Is it known where the likeliest token is another? */
  flips: boolean;
  /** Per span the first of its tokens and the one after the last; null where each token is one. */
  spans: Uint32Array | null;
  /** The likeliest token of the other at each position, and how likely; null where unknown. */
  choices: { tokens: TokenTable; index: Uint32Array; logprobs: Float32Array } | null;
}

export type ComparedWire = Omit<Compared, "spans" | "choices"> & {
  spans: BinaryLeaf | null;
  choices: { tokens: TokenWire; index: BinaryLeaf; logprobs: BinaryLeaf } | null;
};

export function decodeCompared({ spans, choices, ...rest }: ComparedWire): Compared {
  return {
    ...rest,
    spans: spans && decodeArray(spans, "uint32"),
    choices: choices && {
      tokens: decodeTable(choices.tokens),
      index: decodeArray(choices.index, "uint32"),
      logprobs: decodeArray(choices.logprobs, "float32"),
    },
  };
}

/** A channel's values for the tokens of the reference. */
export function channelOf(data: TraceData, name: string | null): Float32Array {
  if (name === null) return data.logprobs;
  const found = data.channels.find((channel) => channel.name === name);
  return found?.values ?? new Float32Array(data.index.length).fill(Number.NaN);
}

/** Log-probabilities of the reference and of the other, one for each token of the reference. */
export function bothLogprobs(
  data: TraceData,
  { logprobs }: Compared,
): readonly [Float32Array, Float32Array] {
  return [channelOf(data, logprobs[0]), channelOf(data, logprobs[1])];
}
