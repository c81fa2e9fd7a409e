import { expect, test } from "vitest";
import { extentOf } from "./extent.ts";

test("finite values, infinities and NaN are told apart", () => {
  expect(extentOf([3, Number.NaN, -Infinity, 0.5])).toEqual({
    finite: [0.5, 3],
    least: -Infinity,
    most: 3,
    hasNaN: true,
  });
});

test("without a finite value there is no finite extent", () => {
  expect(extentOf([Infinity]).finite).toBeNull();
  expect(extentOf([])).toEqual({ finite: null, least: NaN, most: NaN, hasNaN: false });
});
