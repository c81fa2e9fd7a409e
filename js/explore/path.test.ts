import { describe, expect, test } from "vitest";
import { random } from "../testing.ts";
import { pathOf, tokenIn } from "./path.ts";
import { randomTree } from "./testing.ts";
import { canonical, lengthOf, ownerOf, sharedLength, type Tree } from "./tree.ts";

/** One position after the other, each looked for from the branch upwards. */
function slowly(tree: Tree, branch: number) {
  const index = [...tree.prompt.index];
  const logprobs: number[] = index.map(() => Number.NaN);
  const others: [number, number][][] = index.map(() => []);
  for (let position = 0; position < lengthOf(tree, branch); position++) {
    let owner = branch;
    while (position < tree.branches[owner].position) owner = tree.branches[owner].parent as number;
    const { run, position: first } = tree.branches[owner];
    const own = position - first;
    index.push(run.index[own]);
    logprobs.push(run.logprobs[own]);
    let k = 0;
    for (let i = 0; i < own; i++) k += run.counts[i];
    others.push(
      Array.from({ length: run.counts[own] }, (_, slot) => [
        run.alternative_index[k + slot],
        run.alternative_logprobs[k + slot],
      ]),
    );
  }
  const channel = (name: string) =>
    index.map((_, i) => {
      const position = i - tree.prompt.index.length;
      if (position < 0) return Number.NaN;
      let owner = branch;
      while (position < tree.branches[owner].position)
        owner = tree.branches[owner].parent as number;
      const { channels, position: first } = tree.branches[owner];
      return channels.find((one) => one.name === name)?.values[position - first] ?? Number.NaN;
    });
  /** What the owner of a position says of it; undefined of the prompt, and where it says nothing. */
  const marks = (i: number) => {
    const position = i - tree.prompt.index.length;
    if (position < 0) return undefined;
    const owner = tree.branches[ownerOf(tree, branch, position)];
    return owner.marks && { ...owner.marks, at: position - owner.position };
  };
  return { index, logprobs, others, channel, marks };
}

describe("a path", () => {
  test("is what one finds by walking up from each position", () => {
    const next = random(3);
    for (let round = 0; round < 60; round++) {
      const tree = randomTree(next, 8, { channels: true });
      tree.branches.forEach((_, branch) => {
        const data = pathOf(tree, branch);
        const slow = slowly(tree, branch);
        expect([...data.index]).toEqual(slow.index);
        expect([...data.logprobs]).toEqual(slow.logprobs);
        expect(data.given).toBe(tree.prompt.index.length);
        for (const { name, values } of data.channels) {
          expect([...values]).toEqual(slow.channel(name));
        }
        for (const { name, values } of data.flags ?? []) {
          const said = slow.index.map((_, i) => {
            const marks = slow.marks(i);
            return marks?.flags?.find((flag) => flag.name === name)?.values[marks.at] ?? 0;
          });
          expect([...values]).toEqual(said);
        }
        for (const { words, index } of data.categories ?? []) {
          const said = slow.index.map((_, i) => {
            const marks = slow.marks(i);
            const own = marks?.categories?.[0];
            return own ? own.words[own.index[marks.at]] : null;
          });
          expect(Array.from(index, (word) => words[word])).toEqual(said);
        }
        const bounded = slow.index.map((_, i) => {
          const marks = slow.marks(i);
          return marks?.ranks_at_least?.[marks.at] ?? 0;
        });
        expect([...(data.ranks_at_least ?? bounded.map(() => 0))]).toEqual(bounded);
        const names = ["loss", "reward"].filter((name) => slow.channel(name).some((v) => v > 0));
        expect(data.channels.map(({ name }) => name).sort()).toEqual(expect.arrayContaining(names));
        slow.others.forEach((all, position) => {
          const [from, to] = [data.offsets[position], data.offsets[position + 1]];
          expect(to - from).toBe(all.length);
          all.forEach(([token, logprob], i) => {
            expect(data.alternative_index[from + i]).toBe(token);
            expect(data.alternative_logprobs[from + i]).toBe(logprob);
            expect(tokenIn(data, position, i + 1)).toBe(token);
          });
          expect(tokenIn(data, position, all.length + 1)).toBeNull();
        });
      });
    }
  });

  test("reads as its branches say, also before they begin", () => {
    const tree = randomTree(random(18), 1);
    const given = tree.prompt.index.length;
    const [root] = tree.branches;
    const child = { ...root, parent: 0, position: 1, before: [299, 298] };
    const whole = { ...tree, branches: [root, child] };
    const { index } = pathOf(whole, 1);
    expect(index[given]).toBe(298);
    if (given > 0) expect(index[given - 1]).toBe(299);
    expect(pathOf(whole, 0)).toEqual(pathOf(tree, 0));
    const long = { ...child, before: [297, 296, 295, 294, 293, 292, 291, 290, 289, 288] };
    expect(pathOf({ ...tree, branches: [root, long] }, 1).index[0]).toBe(288 + given);
  });

  test("is shared as far as every position has the same owner", () => {
    const next = random(4);
    for (let round = 0; round < 60; round++) {
      const tree = randomTree(next);
      for (let a = 0; a < tree.branches.length; a++) {
        for (let b = 0; b < tree.branches.length; b++) {
          let shared = 0;
          const end = Math.min(lengthOf(tree, a), lengthOf(tree, b));
          while (shared < end && ownerOf(tree, a, shared) === ownerOf(tree, b, shared)) shared++;
          expect(sharedLength(tree, a, b)).toBe(shared);
        }
      }
    }
  });

  test("gives a question to the branch that has all that is asked about", () => {
    const tree = randomTree(random(5), 1);
    const { branches } = tree;
    const child = { ...branches[0], parent: 0, position: 1 };
    const whole = { branches: [branches[0], child] };
    const ask = (start: number, stop: number) =>
      canonical(whole, { branch: 1, start, stop, slot: 0, instead_of: null, method: null }).branch;
    expect(ask(0, 1)).toBe(0);
    expect(ask(1, 2)).toBe(1);
    expect(ask(0, 2)).toBe(1);
  });
});
