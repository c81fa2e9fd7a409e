import { expect, test } from "vitest";
import { findTable } from "./colormaps.ts";
import { Distribution } from "./distribution.ts";
import { extentOf } from "./extent.ts";
import cases from "./log.json";
import { ColorLookup } from "./lookup.ts";
import { resolveRange } from "./range.ts";
import { ColorScale } from "./scale.ts";

const table = findTable("PuOr", null) as Uint8Array;
const scaleOf = ({ options, finite }: (typeof cases)[number]) => {
  const span = finite as [number, number] | null;
  return new ColorScale(table, resolveRange({ ...options, norm: "log" }, span));
};

test.each(cases)("a logarithmic scale from $options is Python's", (example) => {
  const scale = scaleOf(example);
  const { lo, hi, center } = scale.range;
  expect([lo, hi, center]).toEqual(example.range);
  expect(example.values.map((v) => scale.index(v))).toEqual(example.index);
});

test.each(cases)("many values at once have the colours of each, from $options", (example) => {
  const scale = scaleOf(example);
  const values = Float32Array.from([...example.values, Infinity]);
  const pixels = new Uint32Array(values.length);
  new ColorLookup(scale).paint(values, 0, values.length, pixels);
  const colors = Array.from(pixels, (pixel) => [pixel & 255, (pixel >> 8) & 255]);
  expect(colors).toEqual(Array.from(values, (v) => [...scale.rgb(v)].slice(0, 2)));
});

test("bins are equal along the scale, and what is not above 0 lies below", () => {
  const values = Float32Array.of(-1, 0, 0.3, 0.6, 1.5, 3, 9);
  const { counts, above, below } = new Distribution(extentOf(values), values).histogram(
    ...([0.25, 4, 4] as const),
    true,
  );
  expect([...counts]).toEqual([1, 1, 1, 1]);
  expect([below, above]).toEqual([2, 1]);
});
