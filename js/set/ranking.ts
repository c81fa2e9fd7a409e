/** The worst tokens of many traces, where the page has them; as `tokenviz.sets.places` looks. */

import { CHANNELS, channelLook, channelNames, channelValues } from "../data/channels.ts";
import type { TraceData } from "../data/trace.ts";
import type { Found } from "./source.ts";
import { spotOf } from "./spots.ts";

const ROOM = 32;
const DELTA = "Δ log-probability";

export interface Ranked extends Found {
  score: number;
  /** Where its row stands among all. */
  row: number;
}

/** How far out a value is: towards the side that is looked for, or from the middle. */
export function measureOf(channel: string, extent: readonly [number, number]) {
  if (channel === DELTA) return Math.abs;
  if (Object.hasOwn(CHANNELS, channel)) {
    const sign = CHANNELS[channel].notable === "low" ? -1 : 1;
    return (value: number) => sign * value;
  }
  const standing = { channels: [{ name: channel, values: Float32Array.from(extent) }] };
  const { center, norm } = channelLook(standing as unknown as TraceData, channel);
  const middle = center ?? (norm === "log" ? 1 : 0);
  if (norm === "log") {
    return (value: number) => (value < 0 ? Number.NaN : Math.abs(Math.log(value / middle)));
  }
  return (value: number) => Math.abs(value - middle);
}

/** The columns of which one says how far out the furthest token of a row is; none where none does. */
export function telling(channel: string): readonly string[] {
  if (channel === DELTA) return ["max_delta"];
  if (["probability", "logprob", "surprisal"].includes(channel)) return ["worst_logprob"];
  return Object.hasOwn(CHANNELS, channel) ? [] : [`min.${channel}`, `max.${channel}`];
}

/** The best of a trace's tokens, `most` at most, into a list that stays sorted. */
export function rank(
  into: Ranked[],
  most: number,
  { key, row, data }: { key: string; row: number; data: TraceData },
  channel: string,
  measure: (value: number) => number,
  mask: string | null,
): void {
  if (!channelNames(data).includes(channel)) return;
  const counted = mask === null ? null : data.flags?.find(({ name }) => name === mask);
  if (counted === undefined) return;
  const { chosen } = channelValues(data, channel);
  chosen.forEach((value, position) => {
    if (counted !== null && counted.values[position] === 0) return;
    if (channel === "rank" && value === 0) return;
    const score = measure(value);
    if (Number.isNaN(score)) return;
    const last = into[into.length - 1];
    const one = { key, row, position, value, score, around: null };
    if (into.length >= most && before(last, one)) return;
    let at = into.length;
    while (at > 0 && before(one, into[at - 1])) at--;
    into.splice(at, 0, one);
    if (into.length > most) into.pop();
  });
  // Those that stay are few: what is around them is written at last.
  for (const one of into) {
    if (one.row === row && one.around === null) one.around = spotOf(data, one.position, ROOM);
  }
}

/** Is one further out than another? Of equal ones the first row's first token is. */
function before(a: Ranked, b: Ranked): boolean {
  if (a.score !== b.score) return a.score > b.score;
  return a.row !== b.row ? a.row < b.row : a.position < b.position;
}
