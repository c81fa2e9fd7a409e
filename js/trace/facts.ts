/**
 * All there is to know about a cell of a trace: as lines for the tooltip, and as a sentence.
 *
 * The data's fact "probabilities" names the distribution they come from: the model's own, or what
 * was left of it after temperature, top-k and top-p.
 */

import { spoken } from "../a11y/spoken.ts";
import { exact, fixed } from "../color/numbers.ts";
import type { Cell } from "../data/cell.ts";
import { CHANNELS, channelNamed } from "../data/channels.ts";
import { bits } from "../data/probability.ts";
import type { TraceData } from "../data/trace.ts";
import type { Fact } from "../figure/drawing.ts";
import { tokenFacts } from "../figure/tokenfacts.ts";
import {
  AT_LEAST,
  cellValue,
  type Numbers,
  PLAIN,
  significant,
  UNKNOWN,
  type Written,
  written,
} from "./format.ts";
import { covers, type Lens } from "./lens.ts";

export interface Facts extends Written {
  /** Of the chosen tokens. */
  probabilities: Float32Array;
  /** How many alternatives each position shows. */
  shown: Uint8Array;
  /** What colours the cells. */
  colors: Numbers;
  /** What colours some positions instead. */
  lens: Lens | null;
}

export function facts(source: Facts, cell: Cell): Fact[] {
  const [position, slot] = cell;
  const { lens } = source;
  const lines =
    position < (source.data.given ?? 0) ? promptFacts(source, position) : ownFacts(source, cell);
  if (slot > 0 || !covers(lens, position)) return lines;
  return [{ name: lens.name, value: lens.write(lens.values[position]) }, ...lines];
}

function promptFacts({ data }: Facts, position: number): Fact[] {
  const role = data.prompt?.roles?.[position];
  return [
    { name: "prompt", value: `${position + 1} of ${data.given}` },
    ...(role === undefined ? [] : [{ name: "role", value: role }]),
    ...tokenFacts(data.vocabulary, data.index[position]),
  ];
}

function ownFacts(source: Facts, [position, slot]: Cell): Fact[] {
  const { data } = source;
  const { given = 0 } = data;
  const numbers = slot === 0 ? chosenFacts(source, position) : rivalFacts(source, position, slot);
  const first = coloredBy(source, numbers, slot);
  const lines: Fact[] = [
    first,
    { name: "position", value: `${position - given + 1} of ${data.index.length - given}` },
    ...tokenFacts(data.vocabulary, tokenAt(data, position, slot)),
    ...numbers.filter((fact) => fact !== first),
  ];
  const { probabilities } = data.facts;
  if (slot === 0) lines.push(...sideFacts(data, position));
  if (probabilities !== undefined) lines.push({ name: "distribution", value: probabilities });
  return lines;
}

function sideFacts({ flags = [], categories = [] }: TraceData, position: number): Fact[] {
  return [
    ...flags.map(({ name, values }) => ({ name, value: values[position] ? "yes" : "no" })),
    ...categories.map(({ name, words, index }) => ({
      name,
      value: words[index[position]] ?? UNKNOWN,
    })),
  ];
}

/** What colours the cell: the channel's value, or the probability where it has none. */
function coloredBy(
  { colors: { channel, values } }: Facts,
  numbers: readonly Fact[],
  slot: number,
): Fact {
  const plain = slot > 0 && values.alternatives === null;
  const { name } = channelNamed(plain ? "probability" : channel);
  const is = (fact: Fact) => fact.name === name || (channel === "margin" && isMargin(fact));
  // A trace's own channels come last, and may be called as a fact is.
  const fact = Object.hasOwn(CHANNELS, channel) ? numbers.find(is) : numbers.findLast(is);
  return fact ?? { name, value: "unknown" };
}

/** One sentence for the live region of a screen reader. */
export function announce(source: Facts, [position, slot]: Cell): string {
  const { data, shown, lens } = source;
  const { given = 0 } = data;
  const chosen = spoken(data.vocabulary.label[data.index[position]]);
  const seen = slot === 0 && covers(lens, position);
  const lensed = seen ? `, ${lens.name} ${lens.write(lens.values[position])}` : "";
  if (position < given) {
    const role = data.prompt?.roles?.[position];
    const place = `prompt ${position + 1} of ${given}${role === undefined ? "" : `, ${role}`}`;
    return `${place}, token ${chosen}${lensed}`;
  }
  const place = `position ${position - given + 1}`;
  if (slot > 0) {
    const j = data.offsets[position] + slot - 1;
    const rival = spoken(data.vocabulary.label[data.alternative_index[j]]);
    const value = spokenValue(source, position, slot);
    return `${place}, alternative ${slot} of ${shown[position]}: ${rival}, ${value}, instead of ${chosen}`;
  }
  const sentence = `${place}, token ${chosen}${lensed}, ${spokenValue(source, position, 0)}`;
  if (shown[position] === 0) return sentence;
  const rival = spoken(data.vocabulary.label[data.alternative_index[data.offsets[position]]]);
  const value = written(source, position, 1);
  return `${sentence}, alternative 1 of ${shown[position]} below: ${rival}, ${value}`;
}

/** The vocabulary index of the token in a cell. */
export function tokenAt(data: TraceData, position: number, slot: number): number {
  return slot === 0
    ? data.index[position]
    : data.alternative_index[data.offsets[position] + slot - 1];
}

function probabilityFacts(probability: number, logprob: number, unknown?: string | 0): Fact[] {
  if (Number.isNaN(logprob)) return [{ name: "probability", value: unknown || "unknown" }];
  return [
    { name: "probability", value: significant(probability) },
    { name: "log-probability", value: `${fixed(logprob, 4)} nats` },
    { name: "surprisal", value: `${fixed(bits(Math.abs(logprob)), 3)} bits` },
  ];
}

function chosenFacts(source: Facts, position: number): Fact[] {
  const { data, probabilities, alternativeProbabilities, colors } = source;
  const { channel, values } = colors;
  const probability = probabilities[position];
  const rank = data.ranks[position];
  const below = data.ranks_at_least?.[position];
  const lines = probabilityFacts(
    ...([probability, data.logprobs[position]] as const),
    below && `below the ${rank - 1} listed`,
  );
  if (rank > 0) lines.push({ name: "rank", value: `${below ? AT_LEAST : ""}${rank}` });
  const entropy = data.entropies[position];
  if (!Number.isNaN(entropy)) {
    const bound = data.entropies_at_least?.[position] ? AT_LEAST : "";
    const value = `${bound}${fixed(bits(entropy), 3)} bits (${fixed(entropy, 3)} nats)`;
    lines.push({ name: "entropy", value });
  }
  const first = data.offsets[position];
  if (first < data.offsets[position + 1] && !Number.isNaN(probability)) {
    const rival = data.vocabulary.label[data.alternative_index[first]];
    lines.push(marginFact(probability - alternativeProbabilities[first], rival));
  } else if (channel === "margin" && !Number.isNaN(values.chosen[position])) {
    lines.push(marginFact(values.chosen[position]));
  }
  for (const { name, values } of data.channels) {
    const value = values[position];
    lines.push({ name, value: Number.isNaN(value) ? "unknown" : exact(value) });
  }
  return lines;
}

function isMargin({ name }: Fact): boolean {
  return name.startsWith("margin to ");
}

function marginFact(margin: number, rival?: string): Fact {
  return {
    name: margin >= 0 ? "margin to runner-up" : "margin to most probable",
    value: fixed(margin, 4) + (rival === undefined ? "" : ` (${rival})`),
  };
}

function rivalFacts(source: Facts, position: number, slot: number): Fact[] {
  const { data, probabilities, alternativeProbabilities, shown, colors } = source;
  const { channel, values } = colors;
  const j = data.offsets[position] + slot - 1;
  const probability = alternativeProbabilities[j];
  const lines = probabilityFacts(probability, data.alternative_logprobs[j]);
  lines.push({ name: "alternative", value: `${slot} of ${shown[position]} shown` });
  const ratio = probability / probabilities[position];
  if (Number.isFinite(ratio)) {
    const chosen = data.vocabulary.label[data.index[position]];
    lines.push({ name: "ratio to chosen", value: `${significant(ratio)} × ${chosen}` });
  }
  const value = values.alternatives?.[j] ?? Number.NaN;
  if (channel === "rank" && value > 0) lines.push({ name: "rank", value: String(value) });
  if (channel === "margin" && !Number.isNaN(value)) lines.push(marginFact(value));
  return lines;
}

/** What colours and what is written, in words; and the probability where that is neither. */
function spokenValue(source: Facts, position: number, slot: number): string {
  const { data, probabilities, alternativeProbabilities, colors, numbers } = source;
  const said = new Set([colors, numbers].map((each) => inWords(source, each, position, slot)));
  const j = data.offsets[position] + slot - 1;
  const probability = slot === 0 ? probabilities[position] : alternativeProbabilities[j];
  const missing = !Array.from(said).some((text) => text.startsWith("probability "));
  if (missing && !Number.isNaN(probability)) {
    said.add(`probability ${cellValue(probability, PLAIN)}`);
  }
  return Array.from(said).join(", ");
}

/** "entropy 1.50 bits"; of an alternative that a channel does not know, its probability. */
function inWords(source: Facts, numbers: Numbers, position: number, slot: number): string {
  const plain = slot > 0 && numbers.values.alternatives === null;
  const { name, unit } = channelNamed(plain ? "probability" : numbers.channel);
  const text = written({ ...source, numbers }, position, slot);
  return text === UNKNOWN ? `${name} unknown` : `${name} ${text}${unit && ` ${unit}`}`;
}
