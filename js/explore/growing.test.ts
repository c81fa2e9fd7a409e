import { describe, expect, test } from "vitest";
import { random } from "../testing.ts";
import { decodeTable } from "../wire/tokens.ts";
import { growingFrom } from "./growing.ts";
import { readBlock, writeBlock } from "./packing.ts";
import { branch, randomRun, randomTree, treeWire, Words } from "./testing.ts";
import type { Answer, Outcome, Run, Tree } from "./tree.ts";
import { decodeTree, type News, type TreeWire } from "./wire.ts";

const live = { running: true, branch: 0, rate: null, error: null };
const none = { label: [], id: [], bytes: [], kind: "text" as const };

function branchNews(
  tree: Tree,
  number: number,
  run: Run,
  words: TreeWire["vocabulary"],
  start = 0,
) {
  const { view, ...shape } = writeBlock(run);
  const { run: _, channels: __, marks: ___, ...others } = tree.branches[number];
  const news: News = {
    ...{ tokenviz: "branch", number, branch: { ...others, ...shape, channels: [] } },
    ...{ vocabulary_start: start, vocabulary: words, live },
  };
  return { news, buffers: [view] };
}

function pieceNews(number: number, start: number, run: Run) {
  const { view, ...shape } = writeBlock(run);
  const news: News = {
    ...{ tokenviz: "piece", number, start, ...shape },
    ...{ vocabulary_start: 0, vocabulary: none, live },
  };
  return { news, buffers: [view] };
}

/** What a saved notebook would hold. */
function saved(wire: TreeWire): Tree {
  return decodeTree({ ...wire });
}

describe("a growing tree", () => {
  test("is what was told, however often and in whatever pieces", () => {
    const next = random(11);
    for (let round = 0; round < 30; round++) {
      const whole = randomTree(next);
      const first = { ...whole, branches: whole.branches.slice(0, 1) };
      const wire = treeWire(first);
      const growing = growingFrom(wire);
      whole.branches.forEach(({ run }, number) => {
        if (number === 0) return;
        const cut = Math.floor(next() * (run.index.length + 1));
        const { view, ...shape } = writeBlock(run);
        const all = readBlock(shape, view);
        const begin = branchNews(whole, number, randomRun(0, next), none);
        expect(growing.take(begin.news, begin.buffers)).toBe(true);
        // Told anew from where it changed, and once more.
        const rubbish = pieceNews(number, 0, randomRun(3, next));
        expect(growing.take(rubbish.news, rubbish.buffers)).toBe(true);
        const rest = pieceNews(number, 0, all);
        for (let twice = 0; twice < 1 + cut; twice++) {
          expect(growing.take(rest.news, rest.buffers)).toBe(true);
        }
      });
      const again = branchNews(whole, 0, whole.branches[0].run, none);
      expect(growing.take(again.news, again.buffers)).toBe(true);
      expect(growing.tree).toEqual(whole);
      expect(saved(wire)).toEqual(whole);
    }
  });

  test("learns the words that are new", () => {
    const tree = randomTree(random(12), 1);
    const known = tree.vocabulary.label.length;
    const wire = treeWire(tree);
    const growing = growingFrom(wire);
    const words = { label: ["x", "y"], id: [1, 2], bytes: [null, "0a"], kind: "text" as const };
    const run = { ...randomRun(1, random(13), 1, 0), index: Uint32Array.of(known + 1) };
    const { news, buffers } = branchNews(tree, 0, run, words, known);
    expect(growing.take({ ...news, number: 1 } as News, buffers)).toBe(true);
    expect(growing.take({ ...news, number: 1 } as News, buffers)).toBe(true);
    const { vocabulary } = growing.tree;
    expect(vocabulary.label.slice(known)).toEqual(["x", "y"]);
    expect(vocabulary.bytes.slice(known)).toEqual([null, "0a"]);
    expect(decodeTable(wire.vocabulary)).toEqual(vocabulary);
    expect(saved(wire).branches[1].run.index[0]).toBe(known + 1);
  });

  test("says when something before a message is missing", () => {
    const next = random(14);
    const tree = randomTree(next, 1);
    const growing = growingFrom(treeWire(tree));
    const before = growing.tree;
    const { length } = tree.branches[0].run.index;
    const [late, gap] = [
      pieceNews(1, 0, randomRun(2, next)),
      pieceNews(0, length + 1, randomRun(2, next)),
    ];
    expect(growing.take(late.news, late.buffers)).toBe(false);
    expect(growing.take(gap.news, gap.buffers)).toBe(false);
    const far = branchNews(tree, 0, randomRun(1, next), none);
    expect(growing.take({ ...far.news, number: 2 } as News, far.buffers)).toBe(false);
    const words = branchNews(tree, 0, randomRun(1, next), none, 10_000);
    expect(growing.take({ ...words.news, number: 1 } as News, words.buffers)).toBe(false);
    expect(growing.tree).toBe(before);
    expect(growing.known).toEqual({
      ...{ branches: 1, positions: length, vocabulary: 300, answers: 0, outcomes: 0 },
    });
  });

  test("keeps answers and outcomes, and how a branch ended", () => {
    const tree = randomTree(random(15), 1);
    const wire = treeWire(tree);
    const growing = growingFrom(wire);
    const question = { branch: 0, start: 1, stop: 2, slot: 0, instead_of: null, method: "m" };
    const answer: Answer = {
      ...{ question, values: Float32Array.of(1, -2), errors: Float32Array.of(0.1, 0.2) },
      ...{ facts: { method: "m" }, partial: false },
    };
    const change = { branch: 0, start: 0, stop: 1, how: "replace" as const, text: "q" };
    const outcome: Outcome = { change, logprobs: Float32Array.of(-1), facts: {} };
    const floats = (length: number) => ({ dtype: "float32", shape: [length] });
    const view = (values: Float32Array) => new DataView(values.slice().buffer);
    const told = { ...answer, values: floats(2), errors: floats(2) };
    const buffers = [view(answer.values), view(answer.errors as Float32Array)];
    expect(growing.take({ tokenviz: "answer", number: 0, answer: told }, buffers)).toBe(true);
    const other = { ...outcome, logprobs: floats(1) };
    expect(
      growing.take({ tokenviz: "outcome", number: 0, outcome: other }, [view(outcome.logprobs)]),
    ).toBe(true);
    const end: News = {
      ...{ tokenviz: "ended", number: 0, partial: true, facts: { a: "b" } },
      live,
    };
    expect(growing.take(end, [])).toBe(true);
    const { run } = tree.branches[0];
    const ended = branch(run, { ...tree.branches[0], partial: true, facts: { a: "b" } });
    expect(growing.tree).toEqual({
      ...{ ...tree, branches: [ended], answers: [answer], outcomes: [outcome] },
    });
    expect(saved(wire)).toEqual(growing.tree);
  });

  test("is one for all who have the same data", () => {
    const wire = treeWire({ ...randomTree(random(16)), vocabulary: new Words().table });
    expect(growingFrom(wire)).toBe(growingFrom(wire));
  });
});
