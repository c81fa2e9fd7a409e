/**
 * A prompt, what was written after it, and what was asked: the tree as data.
 *
 * Positions count from the first token after the prompt; those of the prompt are negative. Paired
 * with `tokenviz.data.tree`.
 */

import type { Facts } from "../data/facts.ts";
import type { TokenTable } from "../data/tokens.ts";
import type { Marks, OwnChannel } from "../data/trace.ts";

/** Columns of a run of tokens: alternatives lie end to end, `counts` says how many each has. */
export interface Run {
  index: Uint32Array;
  logprobs: Float32Array;
  ranks: Int32Array;
  entropies: Float32Array;
  counts: Uint32Array;
  alternative_index: Uint32Array;
  alternative_logprobs: Float32Array;
}

export interface Origin {
  kind: "written" | "read" | "alternative" | "token" | "text";
  /** How many of its first tokens were chosen or typed rather than written. */
  forced: number;
  slot: number | null;
  text: string | null;
  options: Readonly<Record<string, unknown>>;
}

export interface Branch {
  /** The branch that it leaves; null for a root. */
  parent: number | null;
  /** Of its first token: where it leaves. */
  position: number;
  name: string;
  origin: Origin;
  /** Was it stopped, or is it still being written? */
  partial: boolean;
  facts: Facts;
  run: Run;
  /**
   * The last tokens before it as they read on this branch, where its first token completes a character
   * that begins in them.
   */
  before: readonly number[];
  /** Numbers of its own to colour by, one for each of its tokens. */
  channels: readonly OwnChannel[];
  /** What is known of its tokens beside numbers. */
  marks?: Marks;
}

export interface Question {
  branch: number;
  /** Tokens start … stop − 1 of the branch's path. */
  start: number;
  stop: number;
  /** Instead of that one token, this alternative; 0 for the token itself. */
  slot: number;
  /** Another slot of the same position: "why A, not B". */
  instead_of: number | null;
  /** null for the default. */
  method: string | null;
}

export interface Answer {
  question: Question;
  /** One for each token before `start`, the prompt's first. */
  values: Float32Array;
  errors: Float32Array | null;
  facts: Facts;
  partial: boolean;
}

export interface Change {
  branch: number;
  /** Counted in the prompt: 0 … P − 1. */
  start: number;
  stop: number;
  how: "delete" | "mute" | "replace";
  text: string | null;
}

export interface Outcome {
  change: Change;
  /** Of the tokens of the branch's path, given the changed prompt. */
  logprobs: Float32Array;
  facts: Facts;
}

export interface Prompt {
  index: Uint32Array;
  roles: readonly string[] | null;
  turns: readonly number[] | null;
}

export interface Tree {
  vocabulary: TokenTable;
  prompt: Prompt;
  branches: readonly Branch[];
  answers: readonly Answer[];
  outcomes: readonly Outcome[];
}

type Shape = Pick<Tree, "branches">;

/** How many tokens a path has, the prompt not counted. */
export function lengthOf({ branches }: Shape, branch: number): number {
  return branches[branch].position + branches[branch].run.index.length;
}

/** Which branch a position of a path belongs to: the branch itself, or one that it comes from. */
export function ownerOf({ branches }: Shape, branch: number, position: number): number {
  let owner = branch;
  while (position < branches[owner].position) {
    const { parent } = branches[owner];
    if (parent === null) break;
    owner = parent;
  }
  return owner;
}

/** From the root to the branch itself. */
export function lineageOf({ branches }: Shape, branch: number): number[] {
  const line = [branch];
  for (let at = branches[branch].parent; at !== null; at = branches[at].parent) line.unshift(at);
  return line;
}

/** Up to which position two paths are the same run of the same branches. */
export function sharedLength(tree: Shape, a: number, b: number): number {
  const [first, second] = [lineageOf(tree, a), lineageOf(tree, b)];
  let shared = 0;
  while (shared < first.length && first[shared] === second[shared]) shared++;
  if (shared === 0) return 0;
  const ends = [first, second].map((line) =>
    shared < line.length ? tree.branches[line[shared]].position : lengthOf(tree, line[shared - 1]),
  );
  return Math.min(...ends);
}

/** The question as all branches that share the text ask it: of the one that owns where it starts. */
export function canonical(tree: Shape, question: Question): Question {
  // A span may run from a parent's tokens into the branch's own.
  const branch = ownerOf(tree, question.branch, question.stop - 1);
  return { ...question, branch };
}

export function sameQuestion(a: Question, b: Question): boolean {
  return (
    a.branch === b.branch &&
    a.start === b.start &&
    a.stop === b.stop &&
    a.slot === b.slot &&
    a.instead_of === b.instead_of &&
    (a.method === null || b.method === null || a.method === b.method)
  );
}

/** The number of the latest answer to a question, on whichever branch; null where there is none. */
export function answerTo(tree: Shape & Pick<Tree, "answers">, question: Question): number | null {
  const asked = canonical(tree, question);
  const found = tree.answers.findLastIndex((answer) =>
    sameQuestion(canonical(tree, answer.question), asked),
  );
  return found < 0 ? null : found;
}

export function sameChange(a: Change, b: Change): boolean {
  return (
    a.branch === b.branch &&
    a.start === b.start &&
    a.stop === b.stop &&
    a.how === b.how &&
    a.text === b.text
  );
}

/** Children of each branch in the order in which they came; those of null are the roots. */
export function childrenOf({ branches }: Shape): Map<number | null, number[]> {
  const children = new Map<number | null, number[]>();
  branches.forEach(({ parent }, i) => {
    const siblings = children.get(parent) ?? [];
    children.set(parent, [...siblings, i]);
  });
  return children;
}
