import { describe, expect, test } from "vitest";
import { random } from "../testing.ts";
import { differences, logprobsOf, promptSpan, questionOf, strongest, total } from "./asking.ts";
import { pathOf } from "./path.ts";
import { randomTree } from "./testing.ts";
import { lengthOf, ownerOf, type Tree } from "./tree.ts";
import { type Look, START } from "./view.ts";

const tree: Tree = {
  ...randomTree(random(20), 1),
  prompt: { index: Uint32Array.of(1, 2, 3), roles: null, turns: null },
};
const end = lengthOf(tree, 0);
const look = (patch: Partial<Look>): Look => ({ ...START, ...patch });

describe("what is selected", () => {
  test("is a question after the prompt, and may be a change in it", () => {
    const nothing = { slot: 0, instead_of: null, method: null };
    expect(questionOf(tree, look({}))).toBeNull();
    expect(questionOf(tree, look({ selected: [end - 1, 0] }))).toEqual({
      ...{ branch: 0, start: end - 1, stop: end, ...nothing },
    });
    expect(questionOf(tree, look({ selected: [end, 0] }))).toBeNull();
    expect(questionOf(tree, look({ selected: [-1, 0] }))).toBeNull();
    expect(promptSpan(tree, look({ selected: [-1, 0] }))).toEqual([2, 3]);
    expect(promptSpan(tree, look({ selected: [-3, 0], span: [-3, -1] }))).toEqual([0, 2]);
    expect(promptSpan(tree, look({ selected: [-1, 0], span: [-1, 1] }))).toBeNull();
    expect(promptSpan(tree, look({ selected: [0, 0] }))).toBeNull();
  });

  test("is one alternative and not another, or several tokens", () => {
    const held = questionOf(tree, look({ selected: [0, 2], against: 0 }));
    expect(held).toMatchObject({ start: 0, stop: 1, slot: 2, instead_of: 0 });
    expect(questionOf(tree, look({ selected: [0, 2], against: 2 }))).toMatchObject({
      ...{ slot: 2, instead_of: null },
    });
    const several = questionOf(tree, look({ selected: [0, 2], span: [0, end], against: 1 }));
    expect(several).toMatchObject({ start: 0, stop: end, slot: 0, instead_of: null });
  });
});

describe("what a change does", () => {
  test("is known where the text is the branch's that was scored", () => {
    const next = random(21);
    for (let round = 0; round < 40; round++) {
      const tree = randomTree(next);
      const scored = Math.floor(next() * tree.branches.length);
      const logprobs = Float32Array.from({ length: lengthOf(tree, scored) }, () => -next());
      const change = { branch: scored, start: 0, stop: 1, how: "mute" as const, text: null };
      const whole = { ...tree, outcomes: [{ change, logprobs, facts: {} }] };
      tree.branches.forEach((_, branch) => {
        const before = pathOf(tree, branch).logprobs.subarray(tree.prompt.index.length);
        expect(logprobsOf(tree, branch)).toEqual(before);
        const found = differences(whole, branch, 0);
        expect(found.length).toBe(before.length);
        let together = true;
        found.forEach((value, i) => {
          const there = i < logprobs.length;
          together &&= there && ownerOf(tree, branch, i) === ownerOf(tree, scored, i);
          expect(value).toBe(together ? Math.fround(logprobs[i] - before[i]) : Number.NaN);
        });
      });
    }
  });

  test("is summed up over what is known", () => {
    const values = Float32Array.of(1, Number.NaN, -4, 0, 2);
    expect(total(values)).toEqual({ sum: -1, count: 4 });
    expect(strongest(values, 2)).toEqual([2, 4]);
    expect(strongest(values, 9)).toEqual([2, 4, 0]);
  });
});
