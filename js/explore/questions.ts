/**
 * What was asked of the kernel and is not answered yet. What is kept in the tree is not asked again,
 * and of several questions the last one counts: the kernel drops the others.
 */

import {
  type Change,
  canonical,
  type Question,
  sameChange,
  sameQuestion,
  type Tree,
} from "./tree.ts";
import type { Asked } from "./wire.ts";

/** How it stands with a question or a change. */
export interface Standing {
  /**
   * "asked": sent, and nothing heard yet. "computing": the kernel said so. "unreachable": there is no
   * kernel.
   */
  state: "asked" | "computing" | "failed" | "dropped" | "unreachable";
  /** Since when, in milliseconds. */
  since: number;
  /** What went wrong. */
  why: string | null;
}

type Subject = { question: Question } | { change: Change };

export class Questions {
  readonly #send: (content: object) => boolean;
  readonly #now: () => number;
  /** The newest last. */
  #asked: { subject: Subject; standing: Standing }[] = [];

  /** `send` says whether there was anybody to hear it. */
  constructor(send: (content: object) => boolean, now: () => number = () => performance.now()) {
    this.#send = send;
    this.#now = now;
  }

  /** Asks why, unless that is waited for already. */
  why(question: Question): void {
    this.#ask({ question }, { tokenviz: "why", question });
  }

  /** Asks for the same text after a change of its prompt. */
  without(change: Change): void {
    this.#ask({ change }, { tokenviz: "without", change });
  }

  standing(subject: Subject): Standing | null {
    return this.#asked.find((one) => same(one.subject, subject))?.standing ?? null;
  }

  /** The change that was asked for last and is waited for, or came to nothing. */
  get change(): { change: Change; standing: Standing } | null {
    const last = this.#asked.at(-1);
    if (last === undefined || !("change" in last.subject)) return null;
    return { change: last.subject.change, standing: last.standing };
  }

  /** What the kernel says became of something asked. */
  hear({ question, change, state, why }: Asked, tree: Tree): void {
    const subject = question ? { question: canonical(tree, question) } : change ? { change } : null;
    if (subject === null) return;
    const found = this.#asked.find((one) => same(one.subject, subject));
    if (found !== undefined) found.standing = { state, why, since: found.standing.since };
  }

  /** What is in the tree is answered. */
  settle(tree: Tree): void {
    this.#asked = this.#asked.filter(({ subject }) =>
      "question" in subject
        ? !tree.answers.some((one) => sameQuestion(canonical(tree, one.question), subject.question))
        : !tree.outcomes.some((one) => sameChange(one.change, subject.change)),
    );
  }

  #ask(subject: Subject, content: object): void {
    const before = this.standing(subject)?.state;
    if (before === "asked" || before === "computing") return;
    const state = this.#send(content) ? "asked" : "unreachable";
    const others = this.#asked.filter((one) => !same(one.subject, subject));
    this.#asked = [...others, { subject, standing: { state, since: this.#now(), why: null } }];
  }
}

/** Is it still to be hoped for? */
export function isPending(standing: Standing | null): boolean {
  return standing?.state === "asked" || standing?.state === "computing";
}

function same(a: Subject, b: Subject): boolean {
  if ("question" in a) return "question" in b && sameQuestion(a.question, b.question);
  return "change" in b && sameChange(a.change, b.change);
}
