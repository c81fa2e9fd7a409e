import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryModel } from "../state/model.ts";
import { random } from "../testing.ts";
import { writeBlock } from "./packing.ts";
import { Session } from "./session.ts";
import { branch, randomRun, treeWire, Words } from "./testing.ts";
import type { Question, Tree } from "./tree.ts";
import { back, START, undo, type View } from "./view.ts";

/** A kernel that says what a test has it say. */
class Kernel extends MemoryModel {
  readonly heard: Record<string, unknown>[] = [];
  readonly #listeners = new Set<(content?: unknown, buffers?: unknown) => void>();

  send(content: unknown): void {
    this.heard.push(content as Record<string, unknown>);
  }

  override on(event: string, listener: (content?: unknown, buffers?: unknown) => void): void {
    super.on(event, listener);
    if (event === "msg:custom") this.#listeners.add(listener);
  }

  say(content: object, ...buffers: DataView[]): void {
    for (const listener of this.#listeners) listener(content, buffers);
  }
}

function tree(): Tree {
  const words = new Words();
  const next = random(30);
  const run = words.run([
    ["a", 0.5, { b: 0.3, c: 0.1 }],
    [" d", 0.9],
    [" e", 0.4, { " f": 0.2 }],
  ]);
  const question = { branch: 0, start: 2, stop: 3, slot: 0, instead_of: null, method: "m" };
  return {
    vocabulary: words.table,
    prompt: { index: words.index(["a", "b"]), roles: null, turns: null },
    branches: [
      branch(run),
      branch(randomRun(2, next, 4), { parent: 0, position: 1, name: "other" }),
    ],
    answers: [
      {
        ...{ question, values: Float32Array.of(1, 2, 3, 4), errors: null },
        ...{ facts: {}, partial: false },
      },
    ],
    outcomes: [
      {
        change: { branch: 0, start: 0, stop: 1, how: "mute", text: null },
        ...{ logprobs: Float32Array.of(-1, -2, -3), facts: {} },
      },
    ],
  };
}

function opened(model: Kernel | MemoryModel = new Kernel(state())) {
  const changed = vi.fn();
  const ended = new AbortController();
  const session = new Session(model, changed, ended.signal);
  return { session, changed, ended, kernel: model as Kernel };
}

const state = (view: Partial<View> = {}) => ({
  ...{ _data: treeWire(tree()), _view: { ...START, ...view }, _live: null },
});

const asked = (kernel: Kernel) => kernel.heard.map(({ tokenviz }) => tokenviz);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a session", () => {
  test("asks what is not kept, once, and tells the view before", () => {
    const { session, kernel, changed } = opened();
    const views: unknown[] = [];
    kernel.on("change:_view", () => views.push(kernel.heard.length));
    session.select([2, 0]);
    expect([session.answer, kernel.heard]).toEqual([0, []]);
    session.select([0, 1]);
    const question = { branch: 0, start: 0, stop: 1, slot: 1, instead_of: null, method: null };
    expect(kernel.heard).toEqual([{ tokenviz: "why", question }]);
    expect(views).toEqual([0]);
    expect(session.standing?.state).toBe("asked");
    session.ask();
    expect(kernel.heard.length).toBe(1);
    expect(session.busy).toBe(true);
    kernel.say({
      tokenviz: "asked",
      question: { ...question, method: "m" },
      state: "computing",
      why: null,
    });
    expect(session.standing?.state).toBe("computing");
    answer(kernel, 1, { ...question, method: "m" }, Float32Array.of(5, 6));
    expect([session.standing, session.answer, session.busy]).toEqual([null, 1, false]);
    expect(changed).toHaveBeenLastCalledWith("news");
    session.step(back);
    session.select([0, 1]);
    expect(kernel.heard.length).toBe(1);
  });

  test("asks again what was dropped or failed", () => {
    const { session, kernel } = opened();
    session.select([0, 0]);
    const { question } = kernel.heard[0] as { question: Question };
    for (const fate of ["dropped", "failed"] as const) {
      kernel.say({ tokenviz: "asked", question, state: fate, why: "so" });
      expect(session.standing).toMatchObject({ state: fate, why: "so" });
      expect(session.busy).toBe(false);
      session.ask();
      expect(session.standing?.state).toBe("asked");
    }
    expect(asked(kernel)).toEqual(["why", "why", "why"]);
  });

  test("shows kept outcomes at once, and asks for others", () => {
    const { session, kernel } = opened();
    session.without({ branch: 0, start: 0, stop: 1, how: "mute", text: null });
    expect([session.outcome, kernel.heard]).toEqual([0, []]);
    const change = { branch: 0, start: 0, stop: 1, how: "delete" as const, text: null };
    session.without(change);
    expect(kernel.heard).toEqual([{ tokenviz: "without", change }]);
    expect(session.change?.standing.state).toBe("asked");
    const logprobs = Float32Array.of(-1, -1, -1);
    const outcome = { change, logprobs: { dtype: "float32", shape: [3] }, facts: {} };
    kernel.say({ tokenviz: "outcome", number: 1, outcome }, new DataView(logprobs.buffer));
    expect([session.change, session.tree.outcomes.length]).toEqual([null, 2]);
  });

  test("goes on only from what was not said", () => {
    const { session, kernel } = opened();
    session.select([1, 0]);
    session.go();
    expect(asked(kernel)).toEqual(["why"]);
    expect(session.remark).toMatch(/^Select what was not said/);
    session.select([0, 2]);
    expect(session.remark).toBe("");
    session.go();
    expect(kernel.heard.at(-1)).toEqual({ tokenviz: "go", branch: 0, position: 0, slot: 2 });
    kernel.say({ tokenviz: "asked", state: "failed", why: "no such slot" });
    expect(session.remark).toBe("no such slot");
    session.goOnFrom(3, " x");
    expect(kernel.heard.at(-1)).toEqual({ tokenviz: "go", branch: 0, position: 3, text: " x" });
    vi.advanceTimersByTime(2000);
    expect(session.remark).toBe("no such slot");
    vi.advanceTimersByTime(1000);
    expect(session.remark).toMatch(/^Going on waits: Python has not been heard of/);
    session.goOnFrom(3, " y");
    vi.advanceTimersByTime(1000);
    kernel.say({ tokenviz: "live", live: { running: true, branch: 0, rate: null, error: null } });
    session.select([0, 0]);
    vi.advanceTimersByTime(2000);
    expect(session.remark).toBe("");
  });

  test("holds another token of the same place beside the one selected, and lets it go", () => {
    const { session, kernel } = opened();
    session.select([0, 1]);
    session.hold([1, 0]);
    expect([session.view.against, session.remark !== ""]).toEqual([null, true]);
    session.hold([0, 0]);
    expect(kernel.heard.at(-1)).toMatchObject({ question: { slot: 1, instead_of: 0 } });
    session.hold([0, 0]);
    expect(session.view.against).toBeNull();
  });

  test("keeps what two branches share selected, and swaps two that stand side by side", () => {
    const { session } = opened();
    session.putBeside(1);
    session.select([0, 0]);
    session.showBranch(1);
    expect(session.view).toMatchObject({ current: 1, selected: [0, 0], beside: 0 });
    session.selectIn(0, 2);
    expect(session.view).toMatchObject({ current: 0, selected: [2, 0], beside: 1 });
    session.showBranch(1);
    expect(session.view).toMatchObject({ current: 1, selected: [1, 0] });
  });

  test("a name is something done, and can be undone", () => {
    const { session, kernel } = opened();
    session.rename(1, "mine");
    const action = { kind: "rename", branch: 1, before: "other", after: "mine" };
    expect(session.view.done).toEqual([action]);
    session.undo(undo);
    expect(session.view.undone).toEqual([action]);
    vi.runAllTimers();
    expect((kernel.get("_view") as View).undone).toEqual([action]);
    expect(kernel.heard).toEqual([]);
  });

  test("what the kernel shows is seen; what waits to be told it is not overruled by", () => {
    const { session, kernel, changed } = opened();
    kernel.set("_view", { ...START, current: 1 });
    expect(changed).toHaveBeenLastCalledWith("kernel");
    expect(session.current).toBe(1);
    session.show({ selected: [0, 0] });
    kernel.set("_view", { ...START, current: 0 });
    expect(session.current).toBe(1);
    vi.runAllTimers();
    expect(kernel.get("_view")).toBe(session.view);
    kernel.set("_view", { ...START, current: 9 });
    expect(session.current).toBe(1); // until it has come
  });

  test("follows what is written, and asks for what it missed", () => {
    const { session, kernel } = opened();
    const live = { running: true, branch: 2, rate: 4, error: null };
    const { view, ...shape } = writeBlock(randomRun(1, random(31), 4));
    const none = { label: [], id: [], bytes: [], kind: "text" };
    const piece = { tokenviz: "piece", number: 2, start: 0, ...shape, live };
    kernel.say({ ...piece, vocabulary_start: 0, vocabulary: none }, view);
    expect(kernel.heard).toEqual([
      {
        ...{ tokenviz: "missing", branches: 2, positions: 2, answers: 1, outcomes: 1 },
        vocabulary: session.tree.vocabulary.label.length,
      },
    ]);
    expect(session.live.running).toBe(false); // of another branch
    kernel.set("_live", { running: false });
    expect(session.status).toEqual({ running: false, branch: null, rate: null, error: null });
  });

  test("without a kernel it says so, and shows what is kept", () => {
    const { session } = opened(new MemoryModel(state()));
    session.select([2, 0]);
    expect([session.answer, session.standing]).toEqual([0, null]);
    session.select([1, 0]);
    expect(session.standing?.state).toBe("unreachable");
    expect([session.busy, session.connected]).toEqual([false, false]);
    session.select([0, 1]);
    session.go();
    expect(session.remark).toMatch(/needs the model/);
  });

  test("a stretch that grows is asked about when it grows no more", () => {
    const { session, kernel } = opened();
    session.show({ selected: [0, 0], span: [0, 2] });
    session.askSoon();
    session.amend({ span: [0, 3] });
    session.askSoon();
    expect([kernel.heard.length, session.busy]).toEqual([0, true]);
    vi.runAllTimers();
    expect(kernel.heard).toMatchObject([{ question: { start: 0, stop: 3 } }]);
    expect(session.view.past.length).toBe(1);
  });

  test("that ended hears no more and tells what was to be told", () => {
    const { session, kernel, changed, ended } = opened();
    session.show({ selected: [0, 0] });
    ended.abort();
    expect((kernel.get("_view") as View).selected).toEqual([0, 0]);
    changed.mockClear();
    kernel.set("_view", START);
    expect(changed).not.toHaveBeenCalled();
  });
});

function answer(kernel: Kernel, number: number, question: Question, values: Float32Array): void {
  const said = { question, values: { dtype: "float32", shape: [values.length] } };
  kernel.say(
    { tokenviz: "answer", number, answer: { ...said, errors: null, facts: {}, partial: false } },
    new DataView(values.buffer),
  );
}
