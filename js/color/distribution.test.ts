import { expect, test } from "vitest";
import { random } from "../testing.ts";
import { Distribution } from "./distribution.ts";
import { extentOf } from "./extent.ts";

const of = (...arrays: number[][]) => new Distribution(extentOf(...arrays), ...arrays);

test("each value is in one bin, or outside", () => {
  const next = random(3);
  for (let round = 0; round < 50; round++) {
    const arrays = [20, 35].map((n) =>
      Array.from({ length: n }, () => Math.fround(next() * 4 - 2)),
    );
    const [lo, hi, bins] = [next() * 2 - 2, next() * 2, 1 + Math.floor(next() * 30)];
    const { counts, below, above } = of(...arrays).histogram(lo, hi, bins);
    const slow = { counts: new Uint32Array(bins), below: 0, above: 0 };
    for (const v of arrays.flat()) {
      if (v < lo) slow.below++;
      else if (v > hi) slow.above++;
      else {
        const edges = Array.from({ length: bins }, (_, i) => lo + ((i + 1) / bins) * (hi - lo));
        const bin = edges.findIndex((edge) => v < edge);
        slow.counts[bin < 0 ? bins - 1 : bin]++;
      }
    }
    expect({ counts, below, above }).toEqual(slow);
  }
});

test("both ends belong to the range, NaN to nothing, infinities lie outside", () => {
  const { counts, below, above } = of([0, 1, Number.NaN, -Infinity, Infinity]).histogram(0, 1, 2);
  expect([[...counts], below, above]).toEqual([[1, 1], 1, 1]);
});

test("of many values a sample keeps the shape and the extremes", () => {
  const next = random(5);
  const values = Float32Array.from({ length: 1_000_000 }, (_, i) => (i % 1024 < 256 ? 0 : next()));
  values[123_457] = -9;
  values[765_431] = 9;
  const distribution = new Distribution(extentOf(values), values);
  expect(distribution.size).toBeLessThan(70_000);
  const { counts, below, above } = distribution.histogram(0, 1, 4);
  expect([below, above]).toEqual([1, 1]);
  const share = Array.from(counts, (count) => count / distribution.size);
  [0.4375, 0.1875, 0.1875, 0.1875].forEach((expected, i) => {
    expect(share[i]).toBeCloseTo(expected, 2);
  });
});

test("nothing is no values", () => {
  expect(of([]).histogram(0, 1, 3)).toEqual({ counts: new Uint32Array(3), below: 0, above: 0 });
});
