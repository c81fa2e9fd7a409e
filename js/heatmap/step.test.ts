import { expect, test } from "vitest";
import type { Cell } from "../data/cell.ts";
import { step } from "./step.ts";

const grid = { rows: 13, columns: 5, page: 4 };

test.each<[string, boolean, Cell]>([
  ["ArrowUp", false, [5, 2]],
  ["ArrowDown", false, [7, 2]],
  ["ArrowLeft", false, [6, 1]],
  ["ArrowRight", false, [6, 3]],
  ["ArrowRight", true, [6, 4]],
  ["ArrowDown", true, [12, 2]],
  ["Home", false, [6, 0]],
  ["End", false, [6, 4]],
  ["Home", true, [0, 0]],
  ["End", true, [12, 4]],
  ["PageUp", false, [2, 2]],
  ["PageDown", false, [10, 2]],
])("%s (ctrl: %s) from the middle", (key, ctrl, expected) => {
  expect(step(grid, [6, 2], key, ctrl)).toEqual(expected);
});

test("stops at the edges", () => {
  expect(step(grid, [0, 0], "ArrowUp", false)).toEqual([0, 0]);
  expect(step(grid, [12, 4], "PageDown", false)).toEqual([12, 4]);
});

test("the first arrow goes to the first cell", () => {
  expect(step(grid, null, "ArrowDown", false)).toEqual([0, 0]);
  expect(step(grid, null, "End", true)).toEqual([12, 4]);
});

test("other keys and an empty grid lead nowhere", () => {
  expect(step(grid, [0, 0], "a", false)).toBeNull();
  expect(step({ ...grid, rows: 0 }, null, "ArrowDown", false)).toBeNull();
});
