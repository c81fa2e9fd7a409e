import { expect, test } from "vitest";
import cases from "./notation.json";
import { notationOf, write } from "./notation.ts";
import { colorTicks } from "./ticks.ts";

test.each(cases.notations)("values $values are written as Python writes them", (example) => {
  const values = Float32Array.from(example.values);
  const finite = [...values].filter(Number.isFinite);
  const span = finite.length > 0 ? ([Math.min(...finite), Math.max(...finite)] as const) : null;
  const how = notationOf(span, [values], example.decimals);
  expect([...values].map((value) => write(value, how))).toEqual(example.written);
});

test.each(cases.ticks)("ticks from $range are those of Python", (example) => {
  const { range, count, written } = example;
  const log = "norm" in example;
  expect(colorTicks(range[0], range[1], count, log).map(({ text }) => text)).toEqual(written);
});

test("a bar of any height has two ticks that differ, and tells both ends", () => {
  for (const k of [0.37, 0.45, 1, 2.5, 410246, 1e-9, 3e8]) {
    const ticks = colorTicks(-k, k, 2);
    expect(new Set(ticks.map(({ text }) => text)).size).toBeGreaterThan(1);
    const ends = [ticks[0], ticks[ticks.length - 1]].map(({ text }) =>
      Number(text.replaceAll("−", "-")),
    );
    expect(Math.abs(ends[0] + k)).toBeLessThanOrEqual(k / 100);
    expect(Math.abs(ends[1] - k)).toBeLessThanOrEqual(k / 100);
  }
});
