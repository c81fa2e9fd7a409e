/** Tokens in their text: which one a number is of, and what stands around it. */

import { channelValues } from "../data/channels.ts";
import type { TraceData } from "../data/trace.ts";

/** What stands before a token, the token's label, what stands after. */
export type Spot = readonly [string, string, string];

const ROOM = 12;
const LONGEST = 24;

/** The column that says which token a column's number is of; as `tokenviz.browse.spots`. */
export function placeColumn(column: string): string | null {
  if (column === "worst_logprob") return "worst_at";
  if (column === "max_delta") return "max_at";
  return /^(min|max)\./.test(column) ? `arg${column}` : null;
}

export function spotOf(data: TraceData, position: number, room = ROOM): Spot | null {
  const { vocabulary, index } = data;
  const given = data.given ?? 0;
  const label = (i: number) => vocabulary.label[index[i]];
  if (position < 0 || position + given >= index.length) return null;
  const at = position + given;
  let [before, after] = ["", ""];
  for (let i = at - 1; i >= given && before.length < room; i--) before = label(i) + before;
  for (let i = at + 1; i < index.length && after.length < room; i++) after += label(i);
  const read = (text: string) => text.replaceAll("␣", " ");
  const own = label(at);
  const token = own.length > LONGEST ? `${own.slice(0, LONGEST - 1)}…` : own;
  return [read(before).slice(-room), token, read(after).slice(0, room)];
}

/** Of what a token is the furthest out, which a column's number is about. */
const ABOUT: Readonly<Record<string, readonly [string, "low" | "high" | "far"]>> = {
  worst_logprob: ["logprob", "low"],
  mean_logprob: ["logprob", "low"],
  sum_logprob: ["logprob", "low"],
  mean_entropy: ["entropy", "high"],
  max_delta: ["Δ log-probability", "far"],
  delta_mean: ["Δ log-probability", "far"],
  delta_sum: ["Δ log-probability", "far"],
};

/** The token of a row that a column's number is about; null where it is about none. */
export function focusOf(data: TraceData, column: string): number | null {
  const [summary, ...rest] = column.split(".");
  const ends = { min: "low", max: "high", mean: "far" } as const;
  const own =
    rest.length > 0 && Object.hasOwn(ends, summary)
      ? ([rest.join("."), ends[summary as keyof typeof ends]] as const)
      : undefined;
  const about = Object.hasOwn(ABOUT, column) ? ABOUT[column] : own;
  if (about === undefined) return null;
  const [channel, end] = about;
  const isOwn = data.channels.some(({ name }) => name === channel);
  if (!isOwn && channel !== "logprob" && channel !== "entropy") return null;
  return furthest(channelValues(data, channel).chosen, end);
}

function furthest(values: Float32Array, end: "low" | "high" | "far"): number | null {
  let [at, most] = [-1, -Infinity];
  values.forEach((value, i) => {
    const score = end === "low" ? -value : end === "high" ? value : Math.abs(value);
    if (score > most) [at, most] = [i, score];
  });
  return at < 0 ? null : at;
}
