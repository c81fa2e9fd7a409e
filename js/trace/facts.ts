/**
 * All there is to know about a cell of a trace: as lines for the tooltip, and as a sentence.
 *
 * The data's fact "probabilities" names the distribution they come from: the model's own, or what
 * was left of it after temperature, top-k and top-p.
 */

import { spoken } from "../a11y/spoken.ts";
import type { Cell, Fact } from "../figure/drawing.ts";
import { fixed } from "../numbers.ts";
import type { TraceData } from "../state.ts";
import { cellValue, significant } from "./format.ts";
import { bits } from "./probability.ts";

export interface Facts {
  data: TraceData;
  /** Of the chosen tokens, and of all alternatives. */
  probabilities: Float32Array;
  alternativeProbabilities: Float32Array;
  /** How many alternatives each position shows. */
  shown: Uint8Array;
  decimals: number;
}

export function facts(source: Facts, [position, slot]: Cell): Fact[] {
  const { data } = source;
  const lines: Fact[] = [
    { name: "position", value: `${position + 1} of ${data.index.length}` },
    ...tokenFacts(data, tokenAt(data, position, slot)),
  ];
  lines.push(...(slot === 0 ? chosenFacts(source, position) : rivalFacts(source, position, slot)));
  const { probabilities } = data.facts;
  if (probabilities !== undefined) lines.push({ name: "distribution", value: probabilities });
  return lines;
}

/** One sentence for the live region of a screen reader. */
export function announce(source: Facts, [position, slot]: Cell): string {
  const { data, probabilities, alternativeProbabilities, shown, decimals } = source;
  const place = `position ${position + 1}`;
  const chosen = spoken(data.vocabulary.label[data.index[position]]);
  if (slot > 0) {
    const j = data.offsets[position] + slot - 1;
    const rival = spoken(data.vocabulary.label[data.alternative_index[j]]);
    const value = spokenValue(alternativeProbabilities[j], decimals);
    return `${place}, alternative ${slot} of ${shown[position]}: ${rival}, ${value}, instead of ${chosen}`;
  }
  const sentence = `${place}, token ${chosen}, ${spokenValue(probabilities[position], decimals)}`;
  if (shown[position] === 0) return sentence;
  const first = data.offsets[position];
  const rival = spoken(data.vocabulary.label[data.alternative_index[first]]);
  const value = cellValue(alternativeProbabilities[first], decimals);
  return `${sentence}, alternative 1 of ${shown[position]} below: ${rival}, ${value}`;
}

/** The vocabulary index of the token in a cell. */
export function tokenAt(data: TraceData, position: number, slot: number): number {
  return slot === 0
    ? data.index[position]
    : data.alternative_index[data.offsets[position] + slot - 1];
}

function tokenFacts({ vocabulary }: TraceData, index: number): Fact[] {
  const special = vocabulary.kind[index] === "special";
  const lines: Fact[] = [
    { name: special ? "special token" : "token", value: vocabulary.label[index], mono: true },
    { name: "bytes", value: vocabulary.bytes[index], mono: true },
  ];
  const id = vocabulary.id[index];
  if (id !== null) lines.push({ name: "id", value: String(id) });
  return lines;
}

function probabilityFacts(probability: number, logprob: number): Fact[] {
  if (Number.isNaN(logprob)) return [{ name: "probability", value: "unknown" }];
  return [
    { name: "probability", value: significant(probability) },
    { name: "log-probability", value: `${fixed(logprob, 4)} nats` },
    { name: "surprisal", value: `${fixed(bits(Math.abs(logprob)), 3)} bits` },
  ];
}

function chosenFacts(source: Facts, position: number): Fact[] {
  const { data, probabilities, alternativeProbabilities } = source;
  const probability = probabilities[position];
  const lines = probabilityFacts(probability, data.logprobs[position]);
  if (data.ranks[position] > 0) lines.push({ name: "rank", value: String(data.ranks[position]) });
  const entropy = data.entropies[position];
  if (!Number.isNaN(entropy)) {
    const value = `${fixed(bits(entropy), 3)} bits (${fixed(entropy, 3)} nats)`;
    lines.push({ name: "entropy", value });
  }
  const first = data.offsets[position];
  if (first < data.offsets[position + 1] && !Number.isNaN(probability)) {
    const rival = data.vocabulary.label[data.alternative_index[first]];
    const margin = probability - alternativeProbabilities[first];
    lines.push({
      name: margin >= 0 ? "margin to runner-up" : "margin to most probable",
      value: `${fixed(margin, 4)} (${rival})`,
    });
  }
  return lines;
}

function rivalFacts(source: Facts, position: number, slot: number): Fact[] {
  const { data, probabilities, alternativeProbabilities, shown } = source;
  const j = data.offsets[position] + slot - 1;
  const probability = alternativeProbabilities[j];
  const lines = probabilityFacts(probability, data.alternative_logprobs[j]);
  lines.push({ name: "alternative", value: `${slot} of ${shown[position]} shown` });
  const ratio = probability / probabilities[position];
  if (Number.isFinite(ratio)) {
    const chosen = data.vocabulary.label[data.index[position]];
    lines.push({ name: "ratio to chosen", value: `${significant(ratio)} × ${chosen}` });
  }
  return lines;
}

function spokenValue(probability: number, decimals: number): string {
  return Number.isNaN(probability)
    ? "probability unknown"
    : `probability ${cellValue(probability, decimals)}`;
}
