import { describe, expect, test } from "vitest";
import { dragged, gripped, type Place, pixelOf, shownSpan, valueAt } from "./barrange.ts";

/** A value per pixel: 100 at the pixel 10, 0 at 110. */
const place: Place = { lo: 0, hi: 100, top: 10, bottom: 110 };
const free = { symmetric: false, center: null };

test("values and pixels turn into one another", () => {
  expect(pixelOf(100, place)).toBe(10);
  expect(pixelOf(0, place)).toBe(110);
  for (const value of [-20, 0, 33, 100, 250]) {
    expect(valueAt(pixelOf(value, place), place)).toBeCloseTo(value, 9);
  }
});

test("an end is held at and beyond it, the middle by neither", () => {
  const held = (pixel: number) => gripped(pixel, place);
  expect([held(0), held(10), held(18)]).toEqual(["vmax", "vmax", "vmax"]);
  expect([held(19), held(60), held(101)]).toEqual([null, null, null]);
  expect([held(102), held(110), held(130)]).toEqual(["vmin", "vmin", "vmin"]);
  expect([gripped(28, place, true), gripped(29, place, true)]).toEqual(["vmax", null]);
  expect(gripped(92, place, true)).toBe("vmin");
});

describe("dragged", () => {
  const from = (pixel: number, end: "vmin" | "vmax" | null = null) => ({ place, from: pixel, end });

  test("an end goes as far as the pointer, wherever it was held", () => {
    expect(dragged(from(14, "vmax"), 44, free)).toEqual({ vmin: 0, vmax: 70 });
    expect(dragged(from(14, "vmax"), -6, free)).toEqual({ vmin: 0, vmax: 120 });
    expect(dragged(from(108, "vmin"), 98, free)).toEqual({ vmin: 10, vmax: 100 });
  });

  test("an end stops a pixel before the other", () => {
    expect(dragged(from(10, "vmax"), 400, free)).toEqual({ vmin: 0, vmax: 1 });
  });

  test("between the ends a new range is drawn, in either direction", () => {
    expect(dragged(from(40), 80, free)).toEqual({ vmin: 30, vmax: 70 });
    expect(dragged(from(80), 40, free)).toEqual({ vmin: 30, vmax: 70 });
    expect(dragged(from(80), 82, free)).toBeNull();
  });

  test("with the lock the other end mirrors it, and a new range is that of its further end", () => {
    const locked = { symmetric: true, center: 50 };
    expect(dragged(from(10, "vmax"), 30, locked)).toEqual({ vmin: 20, vmax: 80 });
    expect(dragged(from(40), 70, locked)).toEqual({ vmin: 30, vmax: 70 });
  });

  test("the numbers are no longer than pixels tell apart", () => {
    const fine: Place = { lo: 0, hi: 1, top: 0, bottom: 300 };
    expect(dragged({ place: fine, from: 0, end: "vmax" }, 100, free)).toEqual({
      vmin: 0,
      vmax: 0.667,
    });
  });
});

test("what is shown meanwhile holds where the drag began, and where it has come to", () => {
  expect(shownSpan(place, { lo: 10, hi: 60 })).toEqual({ lo: 0, hi: 100 });
  expect(shownSpan(place, { lo: -5, hi: 60 })).toEqual({ lo: -5, hi: 100 });
});
