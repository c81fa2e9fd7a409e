/** The places where two models are furthest apart; as `Comparison.worst` in Python finds them. */

import type { TraceData } from "../data/trace.ts";
import { type Compared, channelOf, FLIP } from "./compared.ts";

export interface Place {
  span: number;
  /** The first of its tokens, and the one after the last. */
  start: number;
  stop: number;
}

/** How far spans are apart, one number each; NaN for those that are not listed: the same in both. */
export type Distance = (span: number) => number;

/** The `count` spans of largest distance, the largest first; of equal ones those that come first. */
export function furthest(distance: Distance, spans: number, count: number): number[] {
  const found: number[] = [];
  const sizes: number[] = [];
  for (let span = 0; span < spans; span++) {
    const size = distance(span);
    // Nearly all of many spans end here.
    if (Number.isNaN(size) || (found.length >= count && !(size > sizes[count - 1]))) continue;
    let at = found.length;
    while (at > 0 && sizes[at - 1] < size) at--;
    found.splice(at, 0, span);
    sizes.splice(at, 0, size);
    if (found.length > count) {
      found.pop();
      sizes.pop();
    }
  }
  return found;
}

/** The places furthest apart by a measure; by "flip" only flips, by the change of probability. */
export function placesBy(
  data: TraceData,
  compared: Compared,
  by: string,
  count: number,
): readonly Place[] {
  const { spans, measures } = compared;
  const name = by === FLIP ? "delta" : by;
  const { channel } = measures.find((measure) => measure.name === name) ?? measures[0];
  const values = channelOf(data, channel);
  const flips = data.flags?.find((flag) => flag.name === FLIP)?.values;
  const start = (span: number) => (spans === null ? span : spans[2 * span]);
  const stop = (span: number) => (spans === null ? span + 1 : spans[2 * span + 1]);
  const distance = (span: number) => {
    const at = start(span);
    if (by === FLIP && !flips?.[at]) return Number.NaN;
    // A ratio is as far from 1 either way.
    const size = Math.abs(name === "ratio" ? Math.log(values[at]) : values[at]);
    return size > 0 || by === FLIP ? size : Number.NaN;
  };
  const all = spans === null ? data.index.length : spans.length / 2;
  return furthest(distance, all, count).map((span) => ({
    ...{ span, start: start(span), stop: stop(span) },
  }));
}
