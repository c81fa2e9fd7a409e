/** Traces for the tests: the reference figure's, and random ones from a seed. */

import reference from "../../src/tokenviz/examples/trace.json" with { type: "json" };
import type { TokenKind } from "../data/tokens.ts";
import type { TraceData } from "../data/trace.ts";
import type { TraceState } from "../state/state.ts";

export interface Candidate {
  token: string;
  probability: number;
  kind?: TokenKind;
}

export interface Step extends Candidate {
  alternatives?: readonly Candidate[];
}

export const REFERENCE: readonly Step[] = reference.steps;

/** Columns as Python sends them; the vocabulary holds distinct tokens. */
export function traceData(steps: readonly Step[]): TraceData {
  const entries = new Map<string, { index: number; candidate: Candidate }>();
  const indexOf = (candidate: Candidate) => {
    const known = entries.get(candidate.token);
    if (known !== undefined) return known.index;
    entries.set(candidate.token, { index: entries.size, candidate });
    return entries.size - 1;
  };
  const index = steps.map(indexOf);
  const alternatives = steps.flatMap((step) => step.alternatives ?? []);
  const alternativeIndex = alternatives.map(indexOf);
  const offsets = [0];
  for (const step of steps) offsets.push(offsets.at(-1)! + (step.alternatives?.length ?? 0));
  const vocabulary = Array.from(entries.values(), ({ candidate }) => candidate);
  return {
    vocabulary: {
      label: vocabulary.map(({ token }) => token.replaceAll("\n", "\\n").replaceAll(" ", "␣")),
      id: vocabulary.map((_, i) => 1000 + i),
      bytes: vocabulary.map(({ token }) => hex(token)),
      kind: vocabulary.map(({ kind }) => kind ?? "text"),
    },
    index: Uint32Array.from(index),
    logprobs: Float32Array.from(steps, ({ probability }) => Math.log(probability)),
    ranks: new Int32Array(steps.length).fill(1),
    entropies: new Float32Array(steps.length).fill(Number.NaN),
    offsets: Uint32Array.from(offsets),
    alternative_index: Uint32Array.from(alternativeIndex),
    alternative_logprobs: Float32Array.from(alternatives, (a) => Math.log(a.probability)),
    channels: [],
    facts: {},
  };
}

export function traceState(
  steps: readonly Step[],
  options: Partial<Omit<TraceState, "data">> = {},
): TraceState {
  return {
    _kind: "trace",
    _colormap_table: null,
    _live: null,
    colormap: "Greens",
    vmin: 0,
    vmax: 1,
    center: null,
    gamma: 1,
    symmetric: false,
    show_values: true,
    decimals: 2,
    label: "Probability",
    title: "",
    caption: "",
    selected: null,
    theme: "auto",
    height: null,
    show_controls: false,
    row_length: 20,
    top_k: 5,
    min_probability: 0.05,
    border: true,
    channel: "probability",
    written: null,
    show_rest: false,
    flag: null,
    category: null,
    threshold: null,
    beyond: null,
    span: null,
    arrangement: "grid",
    data: traceData(steps),
    ...options,
  };
}

/** A trace of `positions` steps, each with up to `most` alternatives, most probable first. */
export function randomSteps(positions: number, most: number, next: () => number): Step[] {
  return Array.from({ length: positions }, (_, i) => ({
    token: `t${i % 50}`,
    probability: next(),
    alternatives: Array.from({ length: Math.floor(next() * (most + 1)) }, () => next() ** 3)
      .sort((a, b) => b - a)
      .map((probability, slot) => ({ token: `alternative ${slot}`, probability })),
  }));
}

function hex(text: string): string {
  return Array.from(new TextEncoder().encode(text), (b) => b.toString(16).padStart(2, "0")).join(
    " ",
  );
}
