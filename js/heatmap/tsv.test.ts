import { expect, test } from "vitest";
import type { TokenTable } from "../state.ts";
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
  const data = {
    values: new Float32Array([1.3714, -0, Number.NaN, -Infinity]),
    shape: [2, 2] as const,
    rows: table("x", '"'),
    columns: table("8 x 48 = 384", "b"),
    facts: {},
  };
  expect(tsv(data)).toBe('\t8 x 48 = 384\tb\nx\t1.3714\t-0\n""""\tNaN\t-inf\n');
});
