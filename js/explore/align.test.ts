import { describe, expect, test } from "vitest";
import { random } from "../testing.ts";
import { align, rowsOf, type Stretch } from "./align.ts";

/** The length of the longest common subsequence, by the table. */
function longest(a: readonly number[], b: readonly number[]): number {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      table[i][j] =
        a[i - 1] === b[j - 1]
          ? table[i - 1][j - 1] + 1
          : Math.max(table[i - 1][j], table[i][j - 1]);
    }
  }
  return table[a.length][b.length];
}

function whole(found: readonly Stretch[], side: "a" | "b"): number[] {
  return found.flatMap(({ [side]: [start, stop] }) =>
    Array.from({ length: stop - start }, (_, i) => start + i),
  );
}

/** Do the stretches cover both, in turns, and is what they call the same the same? */
function check(a: readonly number[], b: readonly number[], found: readonly Stretch[]): void {
  expect(whole(found, "a")).toEqual([...a.keys()]);
  expect(whole(found, "b")).toEqual([...b.keys()]);
  found.forEach((stretch, i) => {
    if (i > 0) expect(stretch.same).toBe(!found[i - 1].same);
    const tokens = [a.slice(...stretch.a), b.slice(...stretch.b)];
    if (stretch.same) expect(tokens[0]).toEqual(tokens[1]);
    else expect(tokens[0].length + tokens[1].length).toBeGreaterThan(0);
  });
}

const shared = (found: readonly Stretch[]) =>
  found.reduce((sum, { same, a: [start, stop] }) => sum + (same ? stop - start : 0), 0);

describe("two runs of tokens side by side", () => {
  test("share as many as they can", () => {
    const next = random(6);
    for (let round = 0; round < 2000; round++) {
      const kinds = 1 + Math.floor(next() * 6);
      const tokens = () =>
        Array.from({ length: Math.floor(next() * 14) }, () => Math.floor(next() * kinds));
      const [a, b] = [tokens(), tokens()];
      const found = align(a, b);
      check(a, b, found);
      expect(shared(found)).toBe(longest(a, b));
    }
  });

  test("that are too different share their beginning and their end", () => {
    const next = random(7);
    const between = (kind: number) =>
      Array.from({ length: 40 }, () => 10 * kind + Math.floor(next() * 10));
    const [a, b] = [
      [1, 2, ...between(1), 3],
      [1, 2, ...between(2), 3],
    ];
    for (const most of [0, 5, 1000]) {
      const found = align(a, b, most);
      check(a, b, found);
      expect(shared(found)).toBe(3);
    }
  });

  test("may be empty", () => {
    expect(align([], [])).toEqual([]);
    expect(align([], [4])).toEqual([{ same: false, a: [0, 0], b: [0, 1] }]);
    expect(align([4], [4])).toEqual([{ same: true, a: [0, 1], b: [0, 1] }]);
  });
});

describe("rows", () => {
  test("hold all stretches in order, and only few shared tokens among differences", () => {
    const next = random(17);
    for (let round = 0; round < 500; round++) {
      const tokens = () =>
        Array.from({ length: Math.floor(next() * 30) }, () => Math.floor(next() * 3));
      const found = align(tokens(), tokens());
      const rows = rowsOf(found, 3);
      expect(rows.flatMap(({ parts }) => parts)).toEqual(found);
      rows.forEach(({ same, parts }, i) => {
        if (i > 0) expect(same && rows[i - 1].same).toBe(false);
        if (same) expect(parts.length).toBe(1);
        else {
          expect(parts[0].same).toBe(false);
          expect(parts.at(-1)?.same).toBe(false);
          for (const { same, a } of parts) expect(!same || a[1] - a[0] < 3).toBe(true);
        }
      });
    }
  });
});
