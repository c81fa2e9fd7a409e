import { describe, expect, test } from "vitest";
import { findTable } from "./colormaps.ts";
import { ColorScale } from "./scale.ts";

const RDYLGN = findTable("RdYlGn", null) as Uint8Array;

function scale(range: Partial<ColorScale["range"]> = {}): ColorScale {
  return new ColorScale(RDYLGN, { lo: -1, hi: 1, center: 0, gamma: 1, ...range });
}

describe("index", () => {
  test("is the first at the lower end, the last at the upper, the middle at the centre", () => {
    expect([-1, 0, 1].map((v) => scale().index(v))).toEqual([0, 128, 255]);
  });

  test("clips what lies outside, infinities included", () => {
    expect([-7, -Infinity, 1.3714, Infinity].map((v) => scale().index(v))).toEqual([
      0, 0, 255, 255,
    ]);
  });

  test("is -1 for NaN", () => {
    expect(scale().index(Number.NaN)).toBe(-1);
  });

  test("is linear without a centre", () => {
    const linear = scale({ lo: 0, hi: 1, center: null });
    expect([0, 0.25, 0.5, 0.999, 1].map((v) => linear.index(v))).toEqual([0, 64, 128, 255, 255]);
  });

  test("stretches each side of a centre by itself", () => {
    const skewed = scale({ lo: -1, hi: 3, center: 0 });
    expect([-0.5, 1.5].map((v) => skewed.index(v))).toEqual([64, 192]);
  });

  test("bends by gamma: over the whole range, or away from the centre", () => {
    expect(scale({ lo: 0, hi: 1, center: null, gamma: 2 }).index(0.5)).toBe(64);
    const around = scale({ gamma: 2 });
    expect([-0.5, 0.5].map((v) => around.index(v))).toEqual([96, 160]);
  });

  test("has a colour for everything when the centre is an end", () => {
    const atEnd = scale({ lo: 0, hi: 1, center: 1 });
    expect([0, 1, 2].map((v) => atEnd.index(v))).toEqual([0, 128, 255]);
  });
});

test("colours are the table's", () => {
  expect(scale().css(-1)).toBe("rgb(165 0 38)");
  expect(scale().rgb(1.3714)).toEqual([0, 104, 55]);
});

test("text turns white on dark colours", () => {
  expect(scale().textOn(0)).toBe("#000000");
  expect(scale().textOn(1)).toBe("#ffffff");
});

test("sides: an end of the range is inside, infinity is outside", () => {
  expect([-1, 1, 1.0001, -2, Number.NaN, Infinity].map((v) => scale().side(v))).toEqual([
    "inside",
    "inside",
    "above",
    "below",
    "nan",
    "above",
  ]);
});

test("refuses a table that is not 256 RGB triples", () => {
  expect(() => new ColorScale(new Uint8Array(256), scale().range)).toThrow("768 bytes");
});
