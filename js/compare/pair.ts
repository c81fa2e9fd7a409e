/** The two numbers in a cell: the reference's over the other's. */

import { extentOf } from "../color/extent.ts";
import { notationOf } from "../color/notation.ts";
import type { TraceData } from "../data/trace.ts";
import { cellValue } from "../trace/format.ts";
import type { Paired } from "../trace/paired.ts";
import { bothLogprobs, type Compared } from "./compared.ts";

/** What the numbers may be, made of log-probabilities, and what the control calls them. */
export const PAIRS = {
  probability: { label: "probabilities", of: (logprob: number) => Math.min(1, Math.exp(logprob)) },
  logprob: { label: "log-probabilities", of: (logprob: number) => logprob },
  // No negative zero, and nothing below zero that rounding left there.
  surprisal: { label: "surprisals", of: (logprob: number) => Math.max(0, -logprob / Math.LN2) },
} as const;

export type PairName = keyof typeof PAIRS;

const DECIMALS = 2;

/** Of a span of several tokens the first says what is true of the whole. */
export function pairOf(
  data: TraceData,
  compared: Compared,
  name: PairName,
  spans: Uint32Array | null,
): Paired {
  const [a, b] = bothLogprobs(data, compared).map((logprobs) => logprobs.map(PAIRS[name].of));
  const extent = extentOf(a, b).finite;
  const notation = notationOf(extent, [a, b], DECIMALS);
  return {
    write: (position) => {
      const goesOn =
        spans !== null && spans[position] > 0 && spans[position] === spans[position - 1];
      return goesOn
        ? ["", ""]
        : [cellValue(a[position], notation), cellValue(b[position], notation)];
    },
    widest: (extent ?? []).map((end) => cellValue(end, notation)),
  };
}
