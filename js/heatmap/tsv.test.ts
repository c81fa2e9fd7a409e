import { expect, test } from "vitest";
import type { TokenTable } from "../data/tokens.ts";
import { tsv } from "./tsv.ts";

function table(...label: string[]): TokenTable {
  return {
    label,
    id: label.map(() => null),
    bytes: label.map(() => ""),
    kind: label.map(() => "text" as const),
  };
}

test("targets in the first line, then a token and its numbers in each", () => {
  const values = [1.3714, -0, Number.NaN, -Infinity];
  const names = { rows: table("x", '"'), columns: table("8 x 48 = 384", "b") };
  const whole = tsv(names, [0, 1], [0, 1], (i, j) => values[2 * i + j]);
  expect(whole).toBe('\t8 x 48 = 384\tb\nx\t1.3714\t-0\n""""\tNaN\t-inf\n');
});

test("rows and columns stand in the order given, and what is not here is left empty", () => {
  const names = { rows: table("a", "b"), columns: table("c", "d") };
  const some = tsv(names, [1, 0], [1], (i) => (i === 0 ? undefined : 7));
  expect(some).toBe("\td\nb\t7\na\t\n");
});
