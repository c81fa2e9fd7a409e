import { expect, test } from "vitest";
import { runsOf } from "./runs.ts";

const box = (x: number, y: number, width = 10) => ({ x, y, width, height: 20 });

test("neighbours on a row are one run, and each row has its own", () => {
  expect(runsOf([box(0, 0), box(12, 0), box(24, 0, 30), box(0, 40), box(12, 40)])).toEqual([
    box(0, 0, 54),
    box(0, 40, 22),
  ]);
  expect(runsOf([])).toEqual([]);
});

test("a run that goes from right to left is as wide", () => {
  expect(runsOf([box(24, 0), box(12, 0), box(0, 0)])).toEqual([box(0, 0, 34)]);
});

test("what it is given stays as it was", () => {
  const boxes = [box(0, 0), box(12, 0)];
  runsOf(boxes);
  expect(boxes).toEqual([box(0, 0), box(12, 0)]);
});
