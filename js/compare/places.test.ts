import { expect, test } from "vitest";
import { random } from "../testing.ts";
import { traceData } from "../trace/testing.ts";
import type { Compared } from "./compared.ts";
import { pairOf } from "./pair.ts";
import { furthest, placesBy } from "./places.ts";

/** The slow, obvious way. */
function sorted(sizes: readonly number[], count: number): number[] {
  const known = sizes.map((size, i) => ({ size, i })).filter(({ size }) => !Number.isNaN(size));
  return known
    .sort((a, b) => (b.size === a.size ? a.i - b.i : b.size > a.size ? 1 : -1))
    .slice(0, count)
    .map(({ i }) => i);
}

test("the furthest are those that sorting all of them finds, ties in their order", () => {
  const draw = random(3);
  for (const count of [0, 1, 3, 10, 200]) {
    const sizes = Array.from({ length: 120 }, () => {
      const size = Math.floor(12 * draw());
      return size === 11 ? Number.NaN : size === 10 ? Infinity : size;
    });
    expect(furthest((i) => sizes[i], sizes.length, count)).toEqual(sorted(sizes, count));
  }
});

const STEPS = ["a", "b", "c", "d"].map((token) => ({ token, probability: 0.5 }));
const OTHER = Float32Array.of(Math.log(0.25), Math.log(0.5), Math.log(0.5), Number.NaN);

function compared(spans: Uint32Array | null): Compared {
  return {
    names: ["one", "two"],
    logprobs: [null, "other"],
    measures: [
      { name: "delta", channel: "Δ" },
      { name: "ratio", channel: "ratio" },
    ],
    ...{ best: "delta", flips: true, spans, choices: null },
  };
}

const DATA = {
  ...traceData(STEPS),
  channels: [
    { name: "other", values: OTHER },
    { name: "Δ", values: Float32Array.of(-0.7, 0, 2, Number.NaN) },
    { name: "ratio", values: Float32Array.of(0.5, 1, 1.5, Number.NaN) },
  ],
  flags: [{ name: "flip", values: Uint8Array.of(1, 1, 0, 0) }],
};

test("places by a measure of either sign, by a ratio, by flips alone", () => {
  const starts = (by: string) => placesBy(DATA, compared(null), by, 5).map(({ start }) => start);
  // Where the two are the same, they are not apart.
  expect(starts("delta")).toEqual([2, 0]);
  expect(starts("ratio")).toEqual([0, 2]);
  expect(starts("flip")).toEqual([0, 1]);
});

test("a span is a place, and says what is true of it once", () => {
  const spans = Uint32Array.of(0, 2, 2, 3);
  expect(placesBy(DATA, compared(spans), "delta", 5)).toEqual([
    { span: 1, start: 2, stop: 3 },
    { span: 0, start: 0, stop: 2 },
  ]);
  const each = Uint32Array.of(1, 1, 2, 0);
  const { write } = pairOf(DATA, compared(spans), "probability", each);
  expect([0, 1, 2, 3].map(write)).toEqual([
    ["0.50", "0.25"],
    ["", ""],
    ["0.50", "0.50"],
    ["0.50", "–"],
  ]);
});

test("surprisals are no negative zeros, log-probabilities have a true minus", () => {
  const certain = { ...DATA, logprobs: Float32Array.of(0, 1e-7, -1, -2) };
  const { write } = pairOf(certain, compared(null), "surprisal", null);
  expect([write(0)[0], write(1)[0]]).toEqual(["0.00", "0.00"]);
  expect(pairOf(certain, compared(null), "logprob", null).write(2)[0]).toBe("−1.00");
});
