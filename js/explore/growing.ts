/**
 * A tree that grows as the kernel tells of it. What is told says its number in its list, so a message
 * that comes twice does no harm, and after one that was missed the kernel has to be asked.
 *
 * What grew out of a model's `_data` belongs to that very object: all views of the model have it, and
 * the object reads as the whole so far, so that a notebook that is saved keeps what there is.
 */

import type { TokenTable } from "../data/tokens.ts";
import { decodeTable, type TokenWire } from "../wire/tokens.ts";
import { leaf, marksWire } from "./marks.ts";
import { readBlock, spliced, writeBlock } from "./packing.ts";
import type { Answer, Branch, Outcome, Tree } from "./tree.ts";
import {
  type AnswerWire,
  type BranchWire,
  decodeAnswer,
  decodeBranch,
  decodeOutcome,
  decodeTree,
  type News,
  type OutcomeWire,
  type TreeWire,
} from "./wire.ts";

/** How much of each list there is. */
export interface Known {
  branches: number;
  /** Of the last branch. */
  positions: number;
  vocabulary: number;
  answers: number;
  outcomes: number;
}

type MutableTable = { [Name in keyof TokenTable]: TokenTable[Name][number][] };

export class GrowingTree {
  /** Grows in place: who holds a table has all that came since. */
  readonly #vocabulary: MutableTable;
  #tree: Tree;

  constructor(tree: Tree) {
    const { label, id, bytes, kind } = tree.vocabulary;
    this.#vocabulary = { label: [...label], id: [...id], bytes: [...bytes], kind: [...kind] };
    this.#tree = { ...tree, vocabulary: this.#vocabulary };
  }

  /** As it is now: a new object after each message. */
  get tree(): Tree {
    return this.#tree;
  }

  get known(): Known {
    const { branches, answers, outcomes } = this.#tree;
    return {
      branches: branches.length,
      positions: branches.at(-1)?.run.index.length ?? 0,
      vocabulary: this.#vocabulary.label.length,
      answers: answers.length,
      outcomes: outcomes.length,
    };
  }

  /** Takes a message; false when something before it is missing. */
  take(news: News, buffers: readonly DataView[]): boolean {
    switch (news.tokenviz) {
      case "live":
        return true;
      case "branch": {
        if (!this.#learn(news.vocabulary_start, news.vocabulary)) return false;
        const branch = () => decodeBranch({ ...news.branch, view: buffers[0] });
        return this.#add("branches", news.number, branch);
      }
      case "piece": {
        const { number, start, positions, alternatives, widths } = news;
        const before = this.#tree.branches[number];
        if (before === undefined || start > before.run.index.length) return false;
        if (!this.#learn(news.vocabulary_start, news.vocabulary)) return false;
        const rest = readBlock({ positions, alternatives, widths }, buffers[0]);
        this.#replace(number, { ...before, run: spliced(before.run, start, rest) });
        return true;
      }
      case "ended": {
        const { number, partial, facts } = news;
        const before = this.#tree.branches[number];
        if (before === undefined) return false;
        this.#replace(number, { ...before, partial, facts });
        return true;
      }
      case "answer": {
        const { values, errors } = news.answer;
        return this.#add("answers", news.number, () =>
          decodeAnswer({
            ...news.answer,
            values: { ...values, view: buffers[0] },
            errors: errors && { ...errors, view: buffers[1] },
          }),
        );
      }
      case "outcome": {
        const logprobs = { ...news.outcome.logprobs, view: buffers[0] };
        return this.#add("outcomes", news.number, () =>
          decodeOutcome({ ...news.outcome, logprobs }),
        );
      }
    }
  }

  #learn(start: number, wire: TokenWire): boolean {
    const known = this.#vocabulary.label.length;
    if (start > known) return false;
    const more = decodeTable(wire);
    for (let i = known - start; i < more.label.length; i++) {
      this.#vocabulary.label.push(more.label[i]);
      this.#vocabulary.id.push(more.id[i]);
      this.#vocabulary.bytes.push(more.bytes[i]);
      this.#vocabulary.kind.push(more.kind[i]);
    }
    return true;
  }

  #add<Name extends "branches" | "answers" | "outcomes">(
    name: Name,
    number: number,
    decode: () => Tree[Name][number],
  ): boolean {
    const list = this.#tree[name];
    if (number > list.length) return false;
    // What is told anew is the better word: a branch once its first tokens are known.
    const longer: unknown[] = [...list];
    longer[number] = decode();
    this.#tree = { ...this.#tree, [name]: longer };
    return true;
  }

  #replace(number: number, branch: Branch): void {
    this.#tree = { ...this.#tree, branches: this.#tree.branches.with(number, branch) };
  }
}

const grown = new WeakMap<TreeWire, GrowingTree>();

/** What grows out of `_data`. */
export function growingFrom(wire: TreeWire): GrowingTree {
  let growing = grown.get(wire);
  if (growing === undefined) {
    growing = new GrowingTree(decodeTree(wire));
    grown.set(wire, growing);
    mirror(wire, growing);
  }
  return growing;
}

/** Lets the wire read as the tree is now. What did not change is what arrived. */
function mirror(wire: TreeWire, growing: GrowingTree): void {
  const { vocabulary } = wire;
  const start = growing.known;
  const entries = <Now, Wire>(
    now: () => readonly Now[],
    arrived: Wire[],
    write: (now: Now) => Wire,
  ) => {
    const written = new Map<Now, Wire>();
    now().forEach((one, i) => {
      written.set(one, arrived[i]);
    });
    return () =>
      now().map((one) => {
        const found = written.get(one) ?? write(one);
        written.set(one, found);
        return found;
      });
  };
  const read = (name: keyof TreeWire, get: () => unknown) =>
    Object.defineProperty(wire, name, { get, enumerable: true, configurable: true });
  const tree = () => growing.tree;
  read("vocabulary", () =>
    growing.known.vocabulary === start.vocabulary ? vocabulary : growing.tree.vocabulary,
  );
  read(
    "branches",
    entries(() => tree().branches, wire.branches, branchWire),
  );
  read(
    "answers",
    entries(() => tree().answers, wire.answers, answerWire),
  );
  read(
    "outcomes",
    entries(() => tree().outcomes, wire.outcomes, outcomeWire),
  );
}

function branchWire({ run, channels, marks, ...branch }: Branch): BranchWire {
  return {
    ...branch,
    ...writeBlock(run),
    channels: channels.map(({ name, values }) => ({ name, values: leaf(values) })),
    ...(marks && { marks: marksWire(marks) }),
  };
}

function answerWire({ values, errors, ...answer }: Answer): AnswerWire {
  return { ...answer, values: leaf(values), errors: errors && leaf(errors) };
}

function outcomeWire({ logprobs, ...outcome }: Outcome): OutcomeWire {
  return { ...outcome, logprobs: leaf(logprobs) };
}
