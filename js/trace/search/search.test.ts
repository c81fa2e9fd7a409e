import { describe, expect, test } from "vitest";
import { random } from "../../testing.ts";
import { CURRENT, MATCH, markPositions } from "../marks.ts";
import { randomSteps, traceData } from "../testing.ts";
import { Search } from "./search.ts";
import { neighbour, positionsUnder } from "./threshold.ts";

const data = traceData(
  ["The", " cat", " and", " the", " c", "at"].map((token, i) => ({
    token,
    probability: (i + 1) / 10,
  })),
);

describe("a text", () => {
  test("is found over the ends of tokens, from a position on", () => {
    const search = new Search(data);
    search.look("cat", 2);
    expect(search.count).toBe(2);
    expect([...search.matches()]).toEqual([
      [1, 1],
      [4, 5],
    ]);
    expect(search.found).toEqual([4, 5]);
    expect(search.current).toBe(1);
  });

  test("is stepped through around the ends", () => {
    const search = new Search(data);
    search.look("the", 0);
    expect(search.found).toEqual([0, 0]);
    expect(search.step(-1)).toEqual([3, 3]);
    expect(search.step(1)).toEqual([0, 0]);
    search.look("dog", 0);
    expect(search.step(1)).toBeNull();
    expect(search.found).toBeNull();
  });

  test("is looked for again in other data", () => {
    const search = new Search(data);
    search.look("cat", 4);
    search.update(traceData([{ token: "cat", probability: 1 }]));
    expect([search.count, search.current]).toEqual([1, 0]);
    search.update(traceData([]));
    expect([search.count, search.current]).toEqual([0, -1]);
  });
});

describe("tokens under a probability", () => {
  test("are those below it; one at it is not", () => {
    expect([...positionsUnder(data.logprobs, 0.3)]).toEqual([0, 1]);
    const unknown = Float32Array.of(Number.NaN, -Infinity, 0);
    expect([...positionsUnder(unknown, 0.5)]).toEqual([1]);
    expect([...positionsUnder(unknown, 0)]).toEqual([]);
  });

  test("follow one another around the ends, as brute force finds them", () => {
    const next = random(11);
    const { logprobs } = traceData(randomSteps(60, 0, next));
    const search = new Search(traceData(randomSteps(60, 0, random(11))));
    for (const threshold of [0.05, 0.4, 0.99]) {
      search.threshold = threshold;
      const under = Array.from(logprobs.keys()).filter((i) => Math.exp(logprobs[i]) < threshold);
      expect([...search.under]).toEqual(under);
      for (let from = 0; from < 60; from++) {
        const after = under.find((i) => i > from) ?? under[0];
        const before = under.findLast((i) => i < from) ?? under.at(-1);
        expect(search.surprise(from, 1)?.position).toBe(after);
        expect(search.surprise(from, -1)?.position).toBe(before);
      }
    }
    expect(neighbour([], 3, 1)).toBe(-1);
  });
});

test("marks are one flag per position, the current match over the others", () => {
  const flags = markPositions(6, [[0, 1], [3, 4]], [3, 4]); // biome-ignore format: pairs
  expect([...(flags ?? [])]).toEqual([MATCH, MATCH, 0, CURRENT, CURRENT, 0]);
  expect(markPositions(6, [], null)).toBeNull();
  expect([...(markPositions(3, [], [1, 1]) ?? [])]).toEqual([0, CURRENT, 0]);
});
