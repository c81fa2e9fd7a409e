/** A stretch of a trace in a few numbers; paired with `tokenviz.data.summary`. */

import { fixed, grouped } from "../color/numbers.ts";
import type { TraceData } from "../data/trace.ts";
import { percent } from "./flagged.ts";
import { significant } from "./format.ts";

/** First position, and the one after the last. */
export type TokenSpan = readonly [start: number, stop: number];

/** Sums and means are over what is known; where nothing is, they are NaN. */
export interface Summary {
  tokens: number;
  /** How many of them have a log-probability. */
  known: number;
  /** In nats. */
  logprob: number;
  mean: number;
  /** The position of the least probable token, the first of equal ones; -1 where none is known. */
  worst: number;
  /** Of each flag, the share of tokens that have it. */
  flags: readonly (readonly [string, number])[];
  /** Of each of the trace's own channels, the mean. */
  channels: readonly (readonly [string, number])[];
}

export function summaryOf(data: TraceData, [start, stop]: TokenSpan): Summary {
  const { logprobs, flags = [], channels } = data;
  let worst = -1;
  for (let i = start; i < stop; i++) {
    if (logprobs[i] < (worst < 0 ? Infinity : logprobs[worst])) worst = i;
  }
  const own = sumOf(logprobs.subarray(start, stop));
  const { known, sum, mean } = own;
  return {
    ...{ tokens: stop - start, known, logprob: sum, mean, worst },
    flags: flags.map(({ name, values }) => [name, sumOf(values.subarray(start, stop)).mean]),
    channels: channels.map(({ name, values }) => [name, sumOf(values.subarray(start, stop)).mean]),
  };
}

function sumOf(values: Float32Array | Uint8Array) {
  let [known, sum] = [0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    known++;
    sum += value;
  }
  // Of nothing there is no sum either.
  return { known, sum: known > 0 ? sum : Number.NaN, mean: sum / known };
}

/** Its tokens, and what they come to, on one line: of the caption, and to be heard. */
export function inWords(data: TraceData, span: TokenSpan): string {
  const { tokens, known, logprob } = summaryOf(data, span);
  const { given = 0 } = data;
  const of = `tokens ${span[0] + 1 - given} to ${span[1] - given}: log-probability`;
  if (known === 0) return `${of} unknown`;
  const counted = known < tokens ? ` (${known} of ${tokens} known)` : "";
  const nats = `${fixed(logprob, 4)} nats${counted}`;
  return `${of} ${nats}, probability ${significant(Math.exp(logprob))}`;
}

/** The same and more, as lines. */
export function spanLines(data: TraceData, span: TokenSpan): string[] {
  const { tokens, known, mean, worst, flags, channels } = summaryOf(data, span);
  const lines = inWords(data, span).split(/: |, /);
  const number = (value: number) => (Number.isNaN(value) ? "unknown" : significant(value));
  lines[0] += ` (${grouped(tokens)})`;
  if (known > 0) {
    const { label } = data.vocabulary;
    const place = worst - (data.given ?? 0) + 1;
    lines.push(`mean ${number(mean)} nats`);
    const p = significant(Math.exp(data.logprobs[worst]));
    lines.push(`worst ${label[data.index[worst]]} at ${place}: ${p}`);
  }
  lines.push(...flags.map(([name, share]) => `${name} ${percent(share)}`));
  lines.push(...channels.map(([name, value]) => `mean ${name} ${number(value)}`));
  return lines;
}
