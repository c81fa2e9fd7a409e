import { expect, test } from "vitest";
import { resolveRange } from "./range.ts";

const fitted = { vmin: null, vmax: null, center: null, gamma: 1, symmetric: false };

test("given ends are kept and put in order", () => {
  expect(resolveRange({ ...fitted, vmin: 2, vmax: -1 }, [0, 9])).toMatchObject({ lo: -1, hi: 2 });
});

test("null ends fit the data, each by itself", () => {
  expect(resolveRange(fitted, [-0.5, 2])).toMatchObject({ lo: -0.5, hi: 2 });
  expect(resolveRange({ ...fitted, vmin: 0 }, [-0.5, 2])).toMatchObject({ lo: 0, hi: 2 });
});

test("symmetric fitting reaches equally far from the centre, or from 0 without one", () => {
  const symmetric = { ...fitted, symmetric: true };
  expect(resolveRange({ ...symmetric, center: 1 }, [-0.5, 2])).toMatchObject({ lo: -0.5, hi: 2.5 });
  expect(resolveRange(symmetric, [-0.5, 2])).toMatchObject({ lo: -2, hi: 2 });
});

test("equal ends are moved apart, and data without a finite value gets [0, 1]", () => {
  expect(resolveRange(fitted, [3, 3])).toMatchObject({ lo: 2, hi: 4 });
  expect(resolveRange({ ...fitted, vmin: 1, vmax: 1 }, null)).toMatchObject({ lo: 0, hi: 2 });
  expect(resolveRange(fitted, null)).toMatchObject({ lo: 0, hi: 1 });
});

test("ends that coincide at a large number are moved apart by what a float64 can tell", () => {
  expect(resolveRange(fitted, [1e17, 1e17])).toMatchObject({ lo: 1e17 - 1e11, hi: 1e17 + 1e11 });
  const lowest = resolveRange({ ...fitted, vmin: -3.4e38, vmax: -3.4e38 }, null);
  expect(lowest.lo).toBeLessThan(lowest.hi);
});

test("the centre is brought into the range", () => {
  expect(resolveRange({ ...fitted, vmin: 0, vmax: 1, center: 5 }, null).center).toBe(1);
  expect(resolveRange({ ...fitted, vmin: 0, vmax: 1, center: -5 }, null).center).toBe(0);
});
