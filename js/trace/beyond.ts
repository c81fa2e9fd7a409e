/** Tokens beyond a threshold in the channel that colours; paired with `tokenviz.data.thresholds`. */

import { compact, grouped } from "../color/numbers.ts";
import { channelNamed } from "../data/channels.ts";
import { percent } from "./flagged.ts";

export type Side = "above" | "below";

export interface Beyond {
  /** Ascending. */
  positions: number[];
  /** How many tokens have a value in the channel at all. */
  known: number;
  /** Which: "advantage ≤ −1". */
  condition: string;
}

/** The side that is looked for where none is set: improbable tokens, and large values of the rest. */
export function sideOf(channel: string, side: Side | null): Side {
  return side ?? (channelNamed(channel).notable === "low" ? "below" : "above");
}

/** Those of `values` that are at a threshold or beyond it, both as float32. */
export function beyondOf(
  channel: string,
  values: Float32Array,
  { threshold, beyond }: { threshold: number; beyond: Side | null },
): Beyond {
  const above = sideOf(channel, beyond) === "above";
  const bound = Math.fround(threshold);
  const positions: number[] = [];
  let known = 0;
  values.forEach((value, i) => {
    if (above ? value >= bound : value <= bound) positions.push(i);
    if (!Number.isNaN(value)) known++;
  });
  const text = compact(threshold, 6).replaceAll("-", "−").replace("e+", "e");
  const condition = `${channelNamed(channel).name} ${above ? "≥" : "≤"} ${text}`;
  return { positions, known, condition };
}

/** How many, and which share: "12 of 97 tokens (12 %)". */
export function counted({ positions: { length }, known }: Beyond): string {
  return `${grouped(length)} of ${grouped(known)} tokens (${percent(length / known || 0)})`;
}
