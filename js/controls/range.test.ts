import { describe, expect, test } from "vitest";
import { moveEnd, sliderDomain } from "./range.ts";

const range = { lo: -1, hi: 1, center: 0 };
const free = { symmetric: false, center: 0, smallest: 0.01 };
const locked = { symmetric: true, center: 0, smallest: 0.01 };
const uncentred = { ...locked, center: null };

describe("moveEnd", () => {
  test("moves one end and leaves the other", () => {
    expect(moveEnd(range, "vmax", 0.3, free)).toEqual({ vmin: -1, vmax: 0.3 });
    expect(moveEnd(range, "vmin", 0.3, free)).toEqual({ vmin: 0.3, vmax: 1 });
  });

  test("an end never passes the other", () => {
    expect(moveEnd(range, "vmax", -5, free)).toEqual({ vmin: -1, vmax: -0.99 });
  });

  test("with the lock the other end mirrors it about the centre", () => {
    expect(moveEnd(range, "vmax", 2, { ...locked, center: 0.5 })).toEqual({ vmin: -1, vmax: 2 });
    expect(moveEnd(range, "vmax", -0.2, locked)).toEqual({ vmin: -0.01, vmax: 0.01 });
  });

  test("a centre outside the range stays the mirror", () => {
    expect(moveEnd(range, "vmax", 8, { ...locked, center: 3 })).toEqual({ vmin: -2, vmax: 8 });
  });

  test("without a centre 0 is the mirror where it is in the range, else the middle", () => {
    expect(moveEnd(range, "vmin", -3, uncentred)).toEqual({ vmin: -3, vmax: 3 });
    expect(moveEnd({ lo: 2, hi: 4 }, "vmax", 5, uncentred)).toEqual({ vmin: 1, vmax: 5 });
    expect(moveEnd({ lo: -4, hi: -2 }, "vmin", -3.5, uncentred)).toEqual({
      vmin: -3.5,
      vmax: -2.5,
    });
  });

  test("leaves no binary noise", () => {
    expect(moveEnd(range, "vmax", 0.1 + 0.2, locked)).toEqual({ vmin: -0.3, vmax: 0.3 });
  });
});

describe("on a logarithmic scale", () => {
  const ratios = { lo: 0.25, hi: 4, center: 1, log: true };

  test("the other end mirrors by ratios, and what is typed at or below 0 is no place", () => {
    expect(moveEnd(ratios, "vmax", 8, { ...locked, center: 1 })).toEqual({ vmin: 0.125, vmax: 8 });
    expect(moveEnd(ratios, "vmin", 0.5, { ...free, center: null })).toEqual({ vmin: 0.5, vmax: 4 });
    const there = { vmin: 0.25, vmax: 4 };
    expect(moveEnd(ratios, "vmin", -1, { ...locked, center: -3 })).toEqual(there);
  });

  test("the slider spans logarithms, without those of zeros", () => {
    const { min, max } = sliderDomain([0, 4], [ratios]);
    expect(min).toBeCloseTo(-Math.log(4), 1);
    expect(max).toBeCloseTo(Math.log(4), 1);
  });
});

describe("sliderDomain", () => {
  test("holds the data and the ranges, in steps of a power of ten", () => {
    const linear = { lo: 0, hi: 1, center: null };
    expect(sliderDomain([-0.3675, 1.3714], [linear])).toEqual({
      min: -0.37,
      max: 1.38,
      step: 0.01,
    });
  });

  test("is as wide on both sides of a centre", () => {
    expect(sliderDomain([-0.3675, 1.3714], [range])).toEqual({ min: -1.38, max: 1.38, step: 0.01 });
  });

  test("needs no data", () => {
    expect(sliderDomain(null, [range])).toEqual({ min: -1, max: 1, step: 0.01 });
  });
});
