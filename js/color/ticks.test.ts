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
