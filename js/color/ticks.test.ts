import { expect, test } from "vitest";
import { colorTicks } from "./ticks.ts";

const texts = (lo: number, hi: number, count: number) =>
  colorTicks(lo, hi, count).map((t) => t.text);

test("the reference figures' ticks, with one width of decimals", () => {
  expect(texts(-1, 1, 5)).toEqual(["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
  expect(texts(0, 1, 5)).toEqual(["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
});

test("whole steps have no decimals", () => {
  expect(texts(0, 100, 5)).toEqual(["0", "20", "40", "60", "80", "100"]);
});

test("very small and very large ranges are written in powers of ten", () => {
  expect(texts(0, 2e-7, 2)).toEqual(["0", "1e−7", "2e−7"]);
  expect(texts(0, 3e7, 3)).toEqual(["0", "1e7", "2e7", "3e7"]);
});

test("powers of ten have the digits that tell neighbours apart", () => {
  expect(texts(1e6, 2e6, 2)).toEqual(["1.0e6", "1.5e6", "2.0e6"]);
  expect(texts(-3e6, -1e6, 2)).toEqual(["−3e6", "−2e6", "−1e6"]);
  expect(texts(1.2e-7, 1.8e-7, 3)).toEqual(["1.2e−7", "1.4e−7", "1.6e−7", "1.8e−7"]);
  for (const [lo, hi] of [
    [9.2e6, 9.9e6],
    [1e17 - 1e11, 1e17 + 1e11],
    [-3.4e38, 3.4e38],
    [1, 1 + 1e-12],
  ]) {
    const written = texts(lo, hi, 6);
    expect(new Set(written).size, written.join()).toBe(written.length);
  }
});
