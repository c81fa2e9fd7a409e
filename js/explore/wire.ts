/**
 * The tree as it crosses the line: its whole in `_data`, and the messages that tell what is new.
 *
 * Paired with `tokenviz.explore.wire`.
 */

import type { Facts } from "../data/facts.ts";
import { type BinaryLeaf, decodeArray, decodeMarks, type MarksWire } from "../wire/codec.ts";
import { decodeTable, type TokenWire } from "../wire/tokens.ts";
import { type BlockShape, readBlock } from "./packing.ts";
import type { Answer, Branch, Change, Outcome, Prompt, Question, Tree } from "./tree.ts";

export interface BranchWire extends Omit<Branch, "run" | "channels" | "marks">, BlockShape {
  marks?: MarksWire;
  view: DataView;
  channels: { name: string; values: BinaryLeaf }[];
}

export interface AnswerWire extends Omit<Answer, "values" | "errors"> {
  values: BinaryLeaf;
  errors: BinaryLeaf | null;
}

export interface OutcomeWire extends Omit<Outcome, "logprobs"> {
  logprobs: BinaryLeaf;
}

/** `_data` as it arrives. */
export interface TreeWire {
  vocabulary: TokenWire;
  prompt: Omit<Prompt, "index"> & { index: BinaryLeaf };
  branches: BranchWire[];
  answers: AnswerWire[];
  outcomes: OutcomeWire[];
}

/** How it stands with what is being written. */
export interface Status {
  running: boolean;
  branch: number | null;
  rate: number | null;
  error: string | null;
}

interface Words {
  vocabulary_start: number;
  vocabulary: TokenWire;
}

type Leafless<T> = { [K in keyof T]: T[K] extends BinaryLeaf ? Omit<BinaryLeaf, "view"> : T[K] };

export type News =
  | ({ tokenviz: "branch"; number: number; branch: Omit<BranchWire, "view"> } & Words)
  | ({ tokenviz: "piece"; number: number; start: number; live: Status } & BlockShape & Words)
  | { tokenviz: "ended"; number: number; partial: boolean; facts: Facts; live: Status }
  | {
      tokenviz: "answer";
      number: number;
      answer: Omit<AnswerWire, "values" | "errors"> & {
        values: Omit<BinaryLeaf, "view">;
        errors: Omit<BinaryLeaf, "view"> | null;
      };
    }
  | { tokenviz: "outcome"; number: number; outcome: Leafless<OutcomeWire> }
  | { tokenviz: "live"; live: Status };

/** What became of something that was asked. */
export interface Asked {
  tokenviz: "asked";
  question?: Question;
  change?: Change;
  state: "computing" | "failed" | "dropped";
  why: string | null;
}

/** A status as it may come: the kernel leaves out what does not matter any more. */
export function statusOf(live: unknown): Status | null {
  if (live == null) return null;
  const { running = false, branch = null, rate = null, error = null } = live as Partial<Status>;
  return { running, branch, rate, error };
}

const NEWS = new Set(["branch", "piece", "ended", "answer", "outcome", "live"]);

export function isNews(content: unknown): content is News {
  return NEWS.has((content as Partial<News> | null)?.tokenviz ?? "");
}

export function isAsked(content: unknown): content is Asked {
  return (content as Partial<Asked> | null)?.tokenviz === "asked";
}

export function decodeBranch({
  view,
  positions,
  alternatives,
  widths,
  channels,
  marks,
  ...branch
}: BranchWire): Branch {
  return {
    ...branch,
    ...(marks && { marks: decodeMarks(marks) }),
    run: readBlock({ positions, alternatives, widths }, view),
    channels: channels.map(({ name, values }) => ({
      name,
      values: decodeArray(values, "float32"),
    })),
  };
}

export function decodeAnswer({ values, errors, ...answer }: AnswerWire): Answer {
  return {
    ...answer,
    values: decodeArray(values, "float32"),
    errors: errors === null ? null : decodeArray(errors, "float32"),
  };
}

export function decodeOutcome({ logprobs, ...outcome }: OutcomeWire): Outcome {
  return { ...outcome, logprobs: decodeArray(logprobs, "float32") };
}

export function decodeTree({ vocabulary, prompt, branches, answers, outcomes }: TreeWire): Tree {
  return {
    vocabulary: decodeTable(vocabulary),
    prompt: { ...prompt, index: decodeArray(prompt.index, "uint32") },
    branches: branches.map(decodeBranch),
    answers: answers.map(decodeAnswer),
    outcomes: outcomes.map(decodeOutcome),
  };
}
