/** What a trace shows: columns of numbers, one entry for each position. */

import type { Facts } from "./facts.ts";
import type { TokenTable } from "./tokens.ts";

export interface OwnChannel {
  name: string;
  values: Float32Array;
}

/** Yes or no of each position: whether a loss counts it, whether it was clipped. */
export interface Flag {
  name: string;
  values: Uint8Array;
}

/** A word for each position, or none: whose it is, where it comes from. */
export interface Category {
  name: string;
  /** The distinct ones; `index` points here. */
  words: readonly (string | null)[];
  index: Uint32Array;
}

/** Of a text that begins with its prompt: whose each token of that is; null where it is no chat. */
export interface Prompt {
  /** "user", "template", …, one for each token. */
  roles: readonly string[] | null;
  /** Which message each token belongs to, counted from 0. */
  turns: readonly number[] | null;
}

/** What is known of positions beside their numbers. */
export interface Marks {
  /** 1 where a rank, an entropy is a lower bound; absent where all are exact. */
  ranks_at_least?: Uint8Array;
  entropies_at_least?: Uint8Array;
  flags?: readonly Flag[];
  categories?: readonly Category[];
}

export interface TraceData extends Marks {
  /** The distinct tokens; `index` and `alternative_index` point here. */
  vocabulary: TokenTable;
  index: Uint32Array;
  /** Natural logarithms; NaN where unknown. */
  logprobs: Float32Array;
  /** 1 = most probable, 0 = unknown. */
  ranks: Int32Array;
  /** In nats; NaN where unknown. */
  entropies: Float32Array;
  /** Position i owns alternatives offsets[i] to offsets[i + 1], most probable first. */
  offsets: Uint32Array;
  alternative_index: Uint32Array;
  alternative_logprobs: Float32Array;
  /** The trace's own numbers to colour by: one per position, NaN where unknown. */
  channels: readonly OwnChannel[];
  facts: Facts;
  /**
   * So many positions from the beginning are the prompt's: nothing but their tokens is known, and
   * they own no alternatives. 0 by default: a trace is what came after its prompt.
   */
  given?: number;
  prompt?: Prompt;
}

/** How a text comes along that is being written, or was, before the reader's eyes. */
export interface LiveStatus {
  running: boolean;
  /** Tokens per second from the first on; null before the second. */
  rate: number | null;
  /** What went wrong. */
  error: string | null;
}
