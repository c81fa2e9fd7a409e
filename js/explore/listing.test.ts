import { expect, test } from "vitest";
import { random } from "../testing.ts";
import { listing } from "./listing.ts";
import { branch, randomTree, Words } from "./testing.ts";
import type { Tree } from "./tree.ts";
import { START } from "./view.ts";

function small(): Tree {
  const words = new Words();
  const root = words.run([
    ["It", 0.5],
    [" is\n", 0.5],
    [" so", 0.25],
  ]);
  const child = words.run([[" was", 0.5]]);
  return {
    prompt: { index: words.index(["a"]), roles: null, turns: null },
    branches: [
      branch(root, { name: "original" }),
      branch(child, { parent: 0, position: 1, name: "was", partial: true }),
    ],
    ...{ answers: [], outcomes: [] },
    vocabulary: words.table,
  };
}

test("a row says a branch's name, its own words, and how probable it is", () => {
  const view = { ...START, undone: [{ kind: "branch" as const, branch: 1 }], beside: 1 };
  const status = { running: true, branch: 1, rate: null, error: null };
  const [first, second] = listing(small(), view, status);
  expect(first).toMatchObject({
    ...{ branch: 0, level: 1, children: true, name: "original", words: "It is so", current: true },
    numbers: "log p −2.8 (−0.92 per token) · 3 tokens",
    ...{ aside: false, writing: false },
  });
  expect(second).toMatchObject({
    ...{ branch: 1, parent: 0, level: 2, children: false, words: " was", current: false },
    numbers: "log p −1.4 (−0.69 per token) · 2 tokens",
    ...{ aside: true, beside: true, writing: true, partial: true },
  });
});

test("what is said of a branch follows when what it leaves is another", () => {
  const tree = small();
  const numbers = () => listing(tree, START, null).map((row) => row.numbers);
  const before = numbers();
  const [parent, child] = tree.branches;
  const logprobs = parent.run.logprobs.map((logprob) => 2 * logprob);
  tree.branches = [{ ...parent, run: { ...parent.run, logprobs } }, child];
  expect(numbers()).toEqual([
    "log p −5.5 (−1.85 per token) · 3 tokens",
    "log p −2.1 (−1.04 per token) · 2 tokens",
  ]);
  tree.branches = [parent, child];
  expect(numbers()).toEqual(before);
});

test("names follow from what was done", () => {
  const rename = { kind: "rename" as const, branch: 1, before: "was", after: "past" };
  expect(listing(small(), { ...START, done: [rename] }, null)[1].name).toBe("past");
  expect(listing(small(), { ...START, undone: [rename] }, null)[1].name).toBe("was");
});

test("every branch has a row, below and after its parent's", () => {
  const next = random(33);
  for (let round = 0; round < 50; round++) {
    const tree = randomTree(next, 12);
    const rows = listing(tree, START, null);
    expect(rows.map((row) => row.branch).sort((a, b) => a - b)).toEqual([...tree.branches.keys()]);
    rows.forEach((row, i) => {
      const above = rows.findIndex(({ branch }) => branch === row.parent);
      if (row.parent === null) expect(row.level).toBe(1);
      else {
        expect(above).toBeLessThan(i);
        expect(row.level).toBe(rows[above].level + 1);
        expect(rows.slice(above + 1, i).every(({ level }) => level >= row.level)).toBe(true);
      }
    });
  }
});
