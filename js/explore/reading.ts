/**
 * What colours the text besides the trace's own numbers: an answer, or what a change of the prompt
 * does to each token. Pure: the values, and what is said of them.
 */

import { extentOf } from "../color/extent.ts";
import { type Notation, notationOf, write } from "../color/notation.ts";
import { fixed, grouped } from "../color/numbers.ts";
import type { ColorScale } from "../color/scale.ts";
import type { TraceData } from "../data/trace.ts";
import { ROWS, type Row } from "./answerlist.ts";
import { differences, strongest, total } from "./asking.ts";
import { tokenIn } from "./path.ts";
import type { Answer, Change, Question, Tree } from "./tree.ts";

export interface Reading {
  kind: "why" | "without";
  /** The answer, or the outcome: the same reading as long as it is the same. */
  source: object;
  /** One for each position of the whole text, as far as they go; NaN where there is none. */
  values: Float32Array;
  /** What the numbers are: on the colour bar, and in the tooltip. */
  label: string;
  heading: string;
  caption: string;
  /** "why ' 172': ' 43' +2.1, ' 4' +1.8" */
  spoken: string;
  change: Change | null;
  notation: Notation;
}

/** Tokens that a voice lists. */
const SPOKEN = 4;

/** A token's label between quotes, its blanks as blanks: "‘ Paris’". */
export function quoted(label: string): string {
  return `‘${label.replaceAll("␣", " ")}’`;
}

export function whyReading(
  data: TraceData,
  question: Question,
  answer: Answer,
  decimals: number,
): Reading {
  const { values, errors, facts, partial } = answer;
  const notation = notationOf(extentOf(values).finite, [values], decimals);
  const about = subject(data, question);
  const largest = errors === null ? 0 : extentOf(errors).most;
  const caption = [
    ...("method" in facts || answer.question.method === null ? [] : [answer.question.method]),
    ...Object.entries(facts).map(([name, text]) => `${name}: ${text}`),
    ...(largest > 0 ? [`standard error at most ${write(largest, notation)}`] : []),
    ...(partial ? ["not finished"] : []),
  ].join(" · ");
  return {
    ...{ kind: "why", source: answer, values, label: "Attribution", notation, caption },
    heading: `What spoke for ${about}`,
    spoken: `why ${about}: ${listed(data, values, notation)}`,
    change: null,
  };
}

export function withoutReading(
  tree: Tree,
  data: TraceData,
  branch: number,
  outcome: number,
  decimals: number,
): Reading {
  const { change, facts } = tree.outcomes[outcome];
  const own = differences(tree, branch, outcome);
  const given = tree.prompt.index.length;
  const values = new Float32Array(given + own.length).fill(Number.NaN);
  values.set(own, given);
  const notation = notationOf(extentOf(own).finite, [own], decimals);
  const { sum, count } = total(own);
  const about = taken(tree, change);
  const whole = `${signed(sum, notation)} nats over ${grouped(count)} ${count === 1 ? "token" : "tokens"}`;
  return {
    ...{ kind: "without", source: tree.outcomes[outcome], values, notation, change },
    label: "Change of log-probability",
    heading: `${about}: ${whole}`,
    caption: Object.entries(facts)
      .map(([name, text]) => `${name}: ${text}`)
      .join(" · "),
    spoken: `${about}: ${whole}; ${listed(data, values, notation)}`,
  };
}

/** "without ‘ Paris’", "‘ Paris’ muted", "‘ Rome’ instead of ‘ Paris’" */
export function taken({ prompt, vocabulary }: Tree, { start, stop, how, text }: Change): string {
  const words = Array.from(prompt.index.subarray(start, stop), (i) => vocabulary.label[i]).join("");
  const old = quoted(words);
  if (how === "replace") return `${quoted(text ?? "")} instead of ${old}`;
  return how === "delete" ? `Without ${old}` : `With ${old} muted`;
}

/** What is asked about, in words. */
export function subject(data: TraceData, { start, stop, slot, instead_of }: Question): string {
  const given = data.given ?? 0;
  const label = (position: number, at: number) => {
    const token = tokenIn(data, given + position, at);
    return token === null ? "" : data.vocabulary.label[token];
  };
  const words = Array.from({ length: stop - start }, (_, i) => label(start + i, slot)).join("");
  if (instead_of === null) return quoted(words);
  return `${quoted(words)}, not ${quoted(label(start, instead_of))}`;
}

/** The strongest, for the list. */
export function rowsOf({ values, notation }: Reading, data: TraceData, scale: ColorScale): Row[] {
  return strongest(values, ROWS).map((position) => ({
    position,
    label: data.vocabulary.label[data.index[position]],
    value: values[position],
    written: signed(values[position], notation),
    place: placeOf(position, data.given ?? 0),
    at: position < (data.given ?? 0) ? "prompt" : String(position - (data.given ?? 0) + 1),
    color: scale.css(values[position]),
  }));
}

/** Where a position of the whole text is, counted as readers do. */
export function placeOf(position: number, given: number): string {
  return position < given ? `prompt token ${position + 1}` : `position ${position - given + 1}`;
}

function listed(data: TraceData, values: Float32Array, notation: Notation): string {
  const words = strongest(values, SPOKEN).map((position) => {
    const label = data.vocabulary.label[data.index[position]];
    return `${quoted(label)} ${signed(values[position], notation)}`;
  });
  return words.length === 0 ? "nothing" : words.join(", ");
}

function signed(value: number, notation: Notation): string {
  const text = Number.isFinite(value) ? write(value, notation) : fixed(value, 0);
  return value > 0 ? `+${text}` : text;
}
