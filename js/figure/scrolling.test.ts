import { expect, test } from "vitest";
import { random } from "../testing.ts";
import { LONGEST_SPACER, ScrollAxis } from "./scrolling.ts";

function axis(content: number, view: number): ScrollAxis {
  const made = new ScrollAxis();
  made.resize(content, view);
  return made;
}

test("a content that an element can hold is scrolled pixel for pixel", () => {
  const scroll = axis(5000, 900);
  expect(scroll.spacer).toBe(5000);
  expect(scroll.offset(1234.5)).toBe(1234.5);
  expect(scroll.scrollFor(1234.5)).toBe(1234.5);
  expect(scroll.scrollFor(-3)).toBe(0);
  expect(scroll.scrollFor(9999)).toBe(4100);
});

test("a longer one is seen whole, from its first pixel to its last", () => {
  const content = 15_400_000;
  const scroll = axis(content, 900);
  expect(scroll.spacer).toBe(LONGEST_SPACER);
  expect(scroll.offset(0)).toBe(0);
  expect(scroll.offset(LONGEST_SPACER - 900)).toBeCloseTo(content - 900, 3);
  expect(scroll.offset((LONGEST_SPACER - 900) / 2)).toBeCloseTo((content - 900) / 2, 3);
});

test("what is scrolled to is exactly where it was asked for, and a drag of the bar moves on", () => {
  const next = random(1);
  const scroll = axis(30_000_000, 700);
  for (let i = 0; i < 200; i++) {
    const wanted = Math.floor(next() * (30_000_000 - 700));
    const scrolled = scroll.scrollFor(wanted);
    expect(Number.isInteger(scrolled)).toBe(true);
    expect(scroll.offset(scrolled)).toBe(wanted);
    expect(scroll.offset(scrolled + 40)).toBeGreaterThan(wanted);
  }
});

test("another size forgets the exact place", () => {
  const scroll = axis(30_000_000, 700);
  const scrolled = scroll.scrollFor(1_000_001);
  scroll.resize(40_000_000, 700);
  expect(scroll.offset(scrolled)).not.toBe(1_000_001);
});
