import { expect, test } from "vitest";
import { random } from "../testing.ts";
import { extentOf, joined } from "./extent.ts";

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

test("two extents joined are that of all values", () => {
  const next = random(4);
  const odd = [Number.NaN, Infinity, -Infinity];
  const some = () =>
    Array.from({ length: Math.floor(4 * next()) }, () =>
      next() < 0.3 ? odd[Math.floor(3 * next())] : next() - 0.5,
    );
  for (let i = 0; i < 300; i++) {
    const [a, b] = [some(), some()];
    expect(joined(extentOf(a), extentOf(b))).toEqual(extentOf([...a, ...b]));
  }
});
