import { expect, test } from "vitest";
import { probabilities } from "../data/probability.ts";
import { random } from "../testing.ts";
import { cellWidth, labelsToFit } from "./cellwidth.ts";
import { Grid } from "./layout.ts";
import { REFERENCE, traceData } from "./testing.ts";

const width = (labels: number[], columns: number, availableWidth: number, valueWidth = 21) =>
  cellWidth({ labelWidths: Float32Array.from(labels).sort(), valueWidth, columns, availableWidth });

test("with room the longest label decides, and no more than that is taken", () => {
  expect(width([10, 20, 60], 5, 1000)).toBe(66);
  expect(width([10, 20, 300], 5, 1000)).toBe(110);
  expect(width([5], 1, 1000)).toBe(36);
});

test("with less room the columns fill what there is", () => {
  const next = random(31);
  for (let round = 0; round < 200; round++) {
    const columns = 2 + Math.floor(next() * 30);
    const available = columns * 70;
    const shown = new Uint8Array(columns);
    const cell = width(
      Array.from({ length: 100 }, () => 90),
      columns,
      available,
    );
    const grid = new Grid({
      positions: columns,
      rowLength: columns,
      cellWidth: cell,
      shown,
      showValues: true,
    });
    expect(grid.width).toBeLessThanOrEqual(available);
    expect(grid.width).toBeGreaterThan(available - columns);
  }
});

test("cells shrink while nearly all labels fit at their smallest, then the figure scrolls", () => {
  const labels = Array.from({ length: 100 }, (_, i) => (i < 80 ? 20 : 54));
  const smallest = 20 * 40 + 19 * 2 + 8;
  expect(width(labels, 20, smallest)).toBe(40);
  expect(width(labels, 20, smallest - 1)).toBe(60);
  expect(width(labels, 20, 300)).toBe(60);
});

test("a probability is always whole", () => {
  expect(width([20], 20, 300, 64)).toBe(70);
  expect(width([20], 20, 3000, 64)).toBe(70);
});

test("one very long label does not make everything scroll", () => {
  const labels = Array.from({ length: 100 }, (_, i) => (i === 0 ? 500 : 30));
  expect(width(labels, 20, 900)).toBe(42);
});

test("the labels looked at are the path's and its probable alternatives', few of a long trace", () => {
  const data = traceData(REFERENCE);
  expect(labelsToFit(data, probabilities(data.alternative_logprobs))).toHaveLength(97 + 32);
  const rare = traceData([
    { token: "a", probability: 0.9, alternatives: [{ token: "b", probability: 0.01 }] },
  ]);
  expect(labelsToFit(rare, probabilities(rare.alternative_logprobs))).toEqual([0]);
  const long = traceData(Array.from({ length: 50_000 }, () => ({ token: "a", probability: 1 })));
  expect(labelsToFit(long, probabilities(long.alternative_logprobs)).length).toBeLessThan(4001);
});
