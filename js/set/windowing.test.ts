import { describe, expect, it } from "vitest";
import { Windowing } from "./windowing.ts";

function windowing(count: number): Windowing {
  const made = new Windowing(40);
  made.resize(count, 400);
  return made;
}

describe("rows that a browser can lay out", () => {
  it("are where the bar is, to the pixel", () => {
    const some = windowing(1000);
    expect(some.content).toBe(40_000);
    some.scrolled(1234);
    expect(some.offset).toBeCloseTo(1234);
    expect(some.seen).toEqual([30, 41]);
    expect(some.rest()).toBe(1234);
  });

  it("come into view, and no further", () => {
    const some = windowing(1000);
    some.reveal(5);
    expect(some.offset).toBe(0);
    some.reveal(20);
    expect(some.seen).toEqual([11, 21]);
    some.reveal(15);
    expect(some.seen).toEqual([11, 21]);
    some.reveal(999);
    expect(some.seen).toEqual([990, 1000]);
  });

  it("may be fewer than there is room for", () => {
    const few = windowing(3);
    few.scrolled(10);
    expect(few.seen).toEqual([0, 3]);
    expect(windowing(0).seen).toEqual([0, 0]);
  });
});

describe("a million rows", () => {
  it("move by pixels for a short scroll, none left out", () => {
    const many = windowing(1_000_000);
    expect(many.content).toBe(8_000_000);
    many.scrolled(4_000_000);
    const [first] = many.seen;
    expect(first).toBeGreaterThan(499_000);
    many.scrolled(4_000_040);
    expect(many.seen[0]).toBe(first + 1);
    expect(many.rest()).toBe(4_000_008);
  });

  it("are all reached: by the bar, by its ends, and by steps", () => {
    const many = windowing(1_000_000);
    many.scrolled(8_000_000 - 400);
    expect(many.seen).toEqual([999_990, 1_000_000]);
    many.scrolled(0);
    expect(many.offset).toBe(0);
    many.reveal(654_321);
    many.put(many.rest());
    expect(many.seen[1]).toBe(654_322);
    for (let step = 0; step < 30; step++) many.scrolled(many.rest() + 40);
    expect(many.seen[0]).toBeGreaterThan(654_322 - 10);
  });
});
