/**
 * What is known and what is shown, without a page: the tree as the kernel tells of it, the view, what
 * was asked, and what a reader can do. Whoever shows it is told after each change.
 *
 * Positions count from the end of the prompt.
 */

import type { Cell } from "../data/cell.ts";
import type { LiveStatus } from "../data/trace.ts";
import type { Model } from "../state/model.ts";
import { type Owner, ownerOf } from "../state/owner.ts";
import { promptSpan, questionOf } from "./asking.ts";
import { hear, treeOf } from "./hearing.ts";
import { BUSY } from "./line.ts";
import { isPending, Questions, type Standing } from "./questions.ts";
import {
  answerTo,
  type Change,
  lengthOf,
  type Question,
  sameChange,
  sharedLength,
  type Tree,
} from "./tree.ts";
import { did, type Look, nameOf, onBranch, show, type undo, type View } from "./view.ts";
import { ViewModel } from "./viewmodel.ts";
import { isAsked, type Status, statusOf } from "./wire.ts";

/** Milliseconds for which a stretch that grows key by key is not asked about yet. */
const STILL_GROWING = 350;

/** What changed: the view, by this page or by the kernel; or what is known, and the view did not. */
export type Cause = "page" | "kernel" | "news";

export class Session {
  readonly #model: Model;
  readonly #changed: (cause: Cause) => void;
  readonly #views: ViewModel;
  readonly #questions: Questions;
  #tree: Tree;
  #status: Status | null;
  #remark = "";
  #heard = performance.now();
  #askTimer: ReturnType<typeof setTimeout> | undefined;
  /** Says that nothing came of going on. */
  #needTimer: ReturnType<typeof setTimeout> | undefined;
  /** Was anything asked here? */
  #asked = false;

  constructor(model: Model, changed: (cause: Cause) => void, signal: AbortSignal) {
    const growing = treeOf(model);
    if (growing === null) throw new Error("the explorer's model was closed");
    this.#model = model;
    this.#changed = changed;
    this.#tree = growing.tree;
    this.#status = statusOf(model.get("_live"));
    this.#views = new ViewModel(
      model,
      (byKernel) => {
        this.#remark = "";
        changed(byKernel ? "kernel" : "page");
      },
      signal,
    );
    this.#questions = new Questions((content) => this.#send(content));
    const on = (event: string, listener: (content?: unknown, buffers?: unknown) => void) => {
      model.on(event, listener);
      signal.addEventListener("abort", () => model.off(event, listener));
    };
    on("msg:custom", (content, buffers) => this.#hear(content, buffers));
    on("change:_data", () => this.#reread());
    on("change:_live", () => {
      this.#status = statusOf(model.get("_live"));
      this.#heard = performance.now();
      changed("news");
    });
    signal.addEventListener("abort", () => {
      clearTimeout(this.#askTimer);
      clearTimeout(this.#needTimer);
    });
  }

  get tree(): Tree {
    return this.#tree;
  }

  get view(): View {
    return this.#views.view;
  }

  get status(): Status | null {
    return this.#status;
  }

  /** Said of what was done last, until something else is shown. */
  get remark(): string {
    return this.#remark;
  }

  get asked(): boolean {
    return this.#asked;
  }

  get connected(): boolean {
    return this.#model.send !== undefined;
  }

  get owner(): Owner {
    return ownerOf(this.#model);
  }

  /** Milliseconds since the kernel was heard of. */
  get silence(): number {
    return performance.now() - this.#heard;
  }

  get given(): number {
    return this.#tree.prompt.index.length;
  }

  /** The branch on show. Python may name one that has not come yet. */
  get current(): number {
    return Math.min(this.view.current, this.#tree.branches.length - 1);
  }

  get look(): Look {
    return { ...this.view, current: this.current };
  }

  /** What is selected, as a question; null where nothing can be asked. */
  get question(): Question | null {
    return questionOf(this.#tree, this.look);
  }

  /** The number of the answer to it. */
  get answer(): number | null {
    const { question } = this;
    return question === null ? null : answerTo(this.#tree, question);
  }

  /** Tokens of the prompt that are selected. */
  get prompt(): [number, number] | null {
    return promptSpan(this.#tree, this.look);
  }

  /** Which outcome colours the text. */
  get outcome(): number | null {
    const { outcome } = this.view;
    return outcome !== null && outcome < this.#tree.outcomes.length ? outcome : null;
  }

  /** The last outcome that says something of the branch on show. */
  get latestOutcome(): number | null {
    const found = this.#tree.outcomes.findLastIndex(
      ({ change }) => sharedLength(this.#tree, change.branch, this.current) > 0,
    );
    return found < 0 ? null : found;
  }

  /** How it stands with the question: null where nothing is asked, or it is answered. */
  get standing(): Standing | null {
    const { question } = this;
    return question === null || this.answer !== null
      ? null
      : this.#questions.standing({ question });
  }

  /** The change that is waited for, or came to nothing. */
  get change(): { change: Change; standing: Standing } | null {
    return this.#questions.change;
  }

  /** Is a question sent, or about to be? */
  get waits(): boolean {
    return this.#askTimer !== undefined || isPending(this.standing);
  }

  get busy(): boolean {
    return this.waits || isPending(this.change?.standing ?? null);
  }

  /** How it stands with the writing of the branch on show. */
  get live(): LiveStatus {
    const status = this.#status;
    if (status === null || (status.branch !== null && status.branch !== this.current)) {
      return { running: false, rate: null, error: null };
    }
    return { running: status.running, rate: status.rate, error: status.error };
  }

  // What can be done.

  show(patch: Partial<Look>): void {
    this.#views.set(show(this.view, patch));
  }

  /** The same step goes on: it is not one more to go back. */
  amend(patch: Partial<Look>): void {
    this.#views.set({ ...this.view, ...patch });
  }

  /** Back and forward: what is shown then is asked, if it is not known. */
  step(move: (view: View) => View): void {
    this.#views.set(move(this.view));
    this.ask();
  }

  /** Undo and redo. */
  undo(move: typeof undo): void {
    this.#views.set(move(this.view, this.#tree));
  }

  select(selected: Cell | null): void {
    const look = { selected, span: null, against: null, outcome: null };
    const question = questionOf(this.#tree, { ...this.look, ...look });
    // Before the page shows what is selected: the kernel computes meanwhile.
    if (question !== null && answerTo(this.#tree, question) === null) this.#questions.why(question);
    this.show(look);
    this.ask();
  }

  /** Asks what is shown, unless that is known. */
  ask(): void {
    clearTimeout(this.#askTimer);
    this.#askTimer = undefined;
    const { question } = this;
    if (question !== null && this.outcome === null) {
      this.#asked = true;
      if (this.answer === null) this.#questions.why(question);
    }
    this.#changed("page");
  }

  askSoon(): void {
    clearTimeout(this.#askTimer);
    this.#askTimer = setTimeout(() => this.ask(), STILL_GROWING);
  }

  /** Is something selected that can be written on from: an alternative, or where the text ends? */
  get canGo(): boolean {
    const { selected } = this.view;
    if (selected === null || selected[0] < 0) return false;
    return selected[1] > 0 || selected[0] === lengthOf(this.#tree, this.current) - 1;
  }

  /** Writes on from the selected alternative, or after the last token. */
  go(): void {
    const { selected } = this.view;
    if (!this.canGo || selected === null) {
      this.say("Select what was not said, below a token, or the last token, to go on from there.");
      return;
    }
    const isAlternative = selected[1] > 0;
    const position = isAlternative ? selected[0] : selected[0] + 1;
    const slot = isAlternative ? selected[1] : null;
    this.#need({ tokenviz: "go", branch: this.current, position, slot });
  }

  /** Writes on from a text that stands at a position instead. */
  goOnFrom(position: number, text: string): void {
    this.#need({ tokenviz: "go", branch: this.current, position, text });
  }

  /** The same text after a change of its prompt: what is kept is shown at once. */
  without(change: Change): void {
    this.#asked = true;
    const whole = lengthOf(this.#tree, change.branch);
    const kept = this.#tree.outcomes.findLastIndex(
      (one) => sameChange(one.change, change) && one.logprobs.length === whole,
    );
    if (kept >= 0) this.show({ outcome: kept });
    else this.#questions.without(change);
    this.#changed("page");
  }

  /** "Why this, not that": another token of the selected position, or none again. */
  hold([position, slot]: Cell): void {
    const { selected, against } = this.view;
    if (selected === null || position !== selected[0] || slot === selected[1]) {
      this.say("Another token of the selected one's place is needed: why this, not that.");
      return;
    }
    this.show({ against: against === slot ? null : slot, span: null, outcome: null });
    this.ask();
  }

  /** Shows a branch. A token that both have stays selected. */
  showBranch(branch: number): void {
    if (branch === this.current) return;
    const shared = sharedLength(this.#tree, branch, this.current);
    const end = lengthOf(this.#tree, branch);
    const { selected, beside } = this.view;
    const keep = selected !== null && selected[0] < shared;
    const own = onBranch(
      branch,
      Math.min(this.#tree.branches[branch].position, Math.max(0, end - 1)),
    );
    this.show({
      ...own,
      selected: keep ? selected : own.selected,
      beside: beside === branch ? this.current : beside,
    });
  }

  putBeside(branch: number): void {
    if (branch === this.current) return;
    this.show({ beside: this.view.beside === branch ? null : branch });
  }

  /** A token of one of two branches side by side. */
  selectIn(branch: number, position: number): void {
    const { beside } = this.view;
    this.show({
      ...onBranch(branch, position),
      beside: beside === branch ? this.current : beside,
    });
    this.ask();
  }

  /** Names follow from what was done: here and, by the view, in Python. */
  rename(branch: number, after: string): void {
    const before = nameOf(this.view, branch, this.#tree.branches[branch].name);
    this.#views.set(did(this.view, { kind: "rename", branch, before, after }));
  }

  say(remark: string): void {
    this.#remark = remark;
    this.#changed("page");
  }

  #need(content: object): void {
    this.#asked = true;
    clearTimeout(this.#needTimer);
    if (!this.#send(content)) {
      this.say("Going on needs the model: open this with it to go on.");
      return;
    }
    const heard = this.#heard;
    this.#needTimer = setTimeout(() => {
      if (this.#heard === heard) this.say(`Going on waits: ${this.owner.unheard}`);
    }, BUSY);
  }

  /** The kernel is to know what is shown when it is asked. */
  #send(content: object): boolean {
    this.#views.flush();
    if (this.#model.send === undefined) return false;
    try {
      this.#model.send(content);
      return true;
    } catch {
      return false; // its connection is gone
    }
  }

  #hear(content: unknown, buffers: unknown): void {
    if (isAsked(content)) {
      this.#questions.hear(content, this.#tree);
      // What was neither a question nor a change was to go on.
      const other = content.question == null && content.change == null;
      if (other && content.state === "failed") this.#remark = content.why ?? "";
    } else {
      const heard = hear(this.#model, content, buffers);
      if (heard === null) return;
      if (heard.live !== null) this.#status = heard.live;
      this.#take();
    }
    this.#heard = performance.now();
    this.#changed("news");
  }

  #reread(): void {
    this.#take();
    this.#changed("news");
  }

  #take(): void {
    const growing = treeOf(this.#model);
    if (growing === null) return;
    this.#tree = growing.tree;
    this.#questions.settle(this.#tree);
  }
}
