/**
 * Channels: what colours a trace, number by number, and the look that fits each.
 *
 * Paired with `tokenviz.data.channels`: the same values to the bit, and the same looks (channels.json).
 */

import { extentOf } from "../color/extent.ts";
import type { Norm } from "../color/norm.ts";
import type { RangeOptions } from "../color/range.ts";
import channels from "./channels.json" with { type: "json" };
import { bits, probabilities } from "./probability.ts";
import type { TraceData } from "./trace.ts";

/** The options that a channel sets together. */
export interface Look extends RangeOptions {
  colormap: string;
  label: string;
  decimals: number;
}

export interface Channel {
  /** As the tooltip writes it. */
  name: string;
  unit: string;
  /** Which end of the values is looked for. */
  notable: "low" | "high";
  look: Look;
}

/** The channels that every trace has, in the order of the menu. */
export const CHANNELS = channels as Readonly<Record<string, Channel>>;

/** Alternatives that a channel says nothing of are left plain, and keep their probability. */
export const PLAIN_DECIMALS = CHANNELS.probability.look.decimals;

export interface ChannelValues {
  /** Of the chosen tokens; NaN where unknown. */
  chosen: Float32Array;
  /** Of all alternatives; null where they have none. */
  alternatives: Float32Array | null;
  /** 1 where that of a chosen token is a lower bound; absent where all are exact. */
  bounds?: Uint8Array;
}

/** Those of every trace, then the trace's own. */
export function channelNames(data: TraceData): string[] {
  return [...Object.keys(CHANNELS), ...data.channels.map(({ name }) => name)];
}

/** Has the trace a value to show in this channel? */
export function isKnown(data: TraceData, channel: string): boolean {
  if (channel === "rank") return data.ranks.some((rank) => rank > 0);
  if (channel === "entropy") return data.entropies.some((entropy) => !Number.isNaN(entropy));
  return channelNames(data).includes(channel);
}

/** How the channel is written: those of a trace's own have no unit and no preference. */
export function channelNamed(channel: string): Omit<Channel, "look"> {
  return Object.hasOwn(CHANNELS, channel)
    ? CHANNELS[channel]
    : { name: channel, unit: "", notable: "high" };
}

/** The options that fit a channel; those of a trace's own follow from its name and its values. */
export function channelLook(data: TraceData, channel: string): Look {
  const own = data.channels.find(({ name }) => name === channel);
  if (own === undefined) {
    return CHANNELS[Object.hasOwn(CHANNELS, channel) ? channel : "probability"].look;
  }
  const [least, most] = extentOf(own.values).finite ?? [0, 1];
  const { colormap, center = null, vmin = null, norm } = fitting(channel, least, most);
  const whole = own.values.every((v) => !Number.isFinite(v) || Number.isInteger(v));
  return {
    colormap,
    vmin,
    vmax: null,
    center,
    gamma: 1,
    symmetric: center !== null,
    norm: (least >= 0 && norm) || "linear",
    label: channel,
    decimals: whole ? 0 : decimals(Math.max(-least, most)),
  };
}

type Fitting = { colormap: string; center?: number; vmin?: number; norm?: Norm };

/** What the numbers of training are called, and so where their middle or their end is. */
const FITTING: readonly (readonly [RegExp, Fitting])[] = [
  [named("log.*ratio|Δ|change"), { colormap: "PuOr", center: 0 }],
  [named("ratio|importance"), { colormap: "PuOr", center: 1, norm: "log" }],
  [named("advantage|reward|return|value"), { colormap: "RdBu", center: 0 }],
  [named("kl|kld|js|mismatch|entropy"), { colormap: "Oranges", vmin: 0 }],
];

/** One of some words, alone or among others: "kl", "mismatch_kl", "Rewards". */
function named(words: string): RegExp {
  return new RegExp(`(^|[^a-z])(${words})s?([^a-z]|$)`, "i");
}

function fitting(channel: string, least: number, most: number): Fitting {
  const known = FITTING.find(([name]) => name.test(channel))?.[1];
  // An estimate of what is never below zero may be.
  if (known !== undefined && !(least < (known.vmin ?? -Infinity))) return known;
  return least < 0 && most > 0 ? FITTING[0][1] : { colormap: "viridis" };
}

const SIGNIFICANT = 100;
const MOST_DECIMALS = 6;

/** As many as give the largest value three digits. */
function decimals(magnitude: number): number {
  let d = 0;
  while (d < MOST_DECIMALS && magnitude * 10 ** d < SIGNIFICANT) d++;
  return d;
}

/** Of the chosen tokens, and of all alternatives. */
export interface Probabilities {
  chosen: Float32Array;
  alternatives: Float32Array;
}

export function allProbabilities(data: TraceData): Probabilities {
  return {
    chosen: probabilities(data.logprobs),
    alternatives: probabilities(data.alternative_logprobs),
  };
}

/**
 * The values of a channel; of one that the trace does not have, its probabilities, which many
 * channels need and whoever calls may know already.
 */
export function channelValues(
  data: TraceData,
  channel: string,
  probable = allProbabilities(data),
): ChannelValues {
  switch (channel) {
    case "logprob":
      return { chosen: data.logprobs, alternatives: data.alternative_logprobs };
    case "surprisal":
      return {
        chosen: data.logprobs.map(surprisal),
        alternatives: data.alternative_logprobs.map(surprisal),
      };
    case "rank":
      return ranks(data);
    case "entropy":
      return {
        chosen: data.entropies.map(bits),
        alternatives: null,
        bounds: data.entropies_at_least,
      };
    case "margin":
      return margins(data, probable);
  }
  const own = data.channels.find(({ name }) => name === channel);
  return own === undefined ? probable : { chosen: own.values, alternatives: null };
}

/** −log₂ p; of a logarithm that rounding left above 0, 0 (and no negative zero). */
function surprisal(logprob: number): number {
  return Math.max(0, bits(0 - logprob));
}

/** Alternatives come most probable first and leave out the chosen one, so their place tells. */
function ranks(data: TraceData): ChannelValues {
  const { ranks, offsets, alternative_index } = data;
  const chosen = Float32Array.from(ranks, (rank) => (rank > 0 ? rank : Number.NaN));
  const alternatives = new Float32Array(alternative_index.length).fill(Number.NaN);
  for (let position = 0; position < ranks.length; position++) {
    const own = chosen[position];
    if (Number.isNaN(own)) continue;
    for (let j = offsets[position]; j < offsets[position + 1]; j++) {
      const rank = j - offsets[position] + 1;
      alternatives[j] = rank >= own ? rank + 1 : rank;
    }
  }
  return { chosen, alternatives, bounds: data.ranks_at_least };
}

/** A candidate's probability less that of the most probable other one. */
function margins(data: TraceData, { chosen: p, alternatives: q }: Probabilities): ChannelValues {
  const chosen = new Float32Array(p.length);
  const alternatives = new Float32Array(q.length);
  for (let position = 0; position < p.length; position++) {
    const first = data.offsets[position];
    const end = data.offsets[position + 1];
    // Certainty leaves nothing for a runner-up, listed or not.
    const unlisted = p[position] === 1 ? 0 : Number.NaN;
    chosen[position] = p[position] - (first < end ? q[first] : unlisted);
    for (let j = first; j < end; j++) {
      const rival = j === first ? first + 1 : first;
      alternatives[j] = q[j] - Math.max(p[position], rival < end ? q[rival] : -Infinity);
    }
  }
  return { chosen, alternatives };
}
