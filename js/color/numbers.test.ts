import { describe, expect, test } from "vitest";
import { compact, exact, fixed, grouped, shortest } from "./numbers.ts";

describe("fixed", () => {
  test("a negative zero, rounded or real, keeps its sign", () => {
    expect(fixed(-0, 4)).toBe("−0.0000");
    expect(fixed(-0.00001, 4)).toBe("−0.0000");
    expect(fixed(0, 4)).toBe("0.0000");
  });

  test("what is not finite is written as a word or a sign", () => {
    expect([Number.NaN, Infinity, -Infinity].map((v) => fixed(v, 2))).toEqual(["NaN", "∞", "−∞"]);
  });
});

test("from ten million on there is an exponent", () => {
  expect(fixed(9_999_999, 4)).toBe("9999999.0000");
  expect(fixed(1e7, 4)).toBe("1.0000e7");
  expect(fixed(12_345_678, 4)).toBe("1.2346e7");
  expect(fixed(-3e38, 4)).toBe("−3.0000e38");
  expect(fixed(1e21, 0)).toBe("1e21");
  expect(exact(Math.fround(-3e38))).toBe("−3e38");
});

describe("shortest", () => {
  test.each([1.3714, -0.3675, 0.1, 1e-8, 123456.78, 3.4e38])("%f survives float32", (value) => {
    const stored = Math.fround(value);
    expect(Math.fround(Number(shortest(stored)))).toBe(stored);
    expect(Number(shortest(stored))).toBe(value);
  });

  test("needs nine digits at most", () => {
    const awkward = Math.fround(0.1 + 0.2 * Math.PI);
    expect(Math.fround(Number(shortest(awkward)))).toBe(awkward);
  });

  test("negative zero and infinities", () => {
    expect([-0, Infinity, Number.NaN].map(shortest)).toEqual(["-0", "Infinity", "NaN"]);
  });
});

test("exact writes for a person", () => {
  expect(exact(Math.fround(-0.3675))).toBe("−0.3675");
  expect(exact(-Infinity)).toBe("−∞");
});

test("compact drops digits and trailing zeros", () => {
  expect(compact(1.371399998664856)).toBe("1.371");
  expect(compact(-1)).toBe("-1");
});

test("digits are grouped by three", () => {
  expect([0, 999, 1000, 54321, 1234567].map(grouped)).toEqual([
    "0",
    "999",
    "1,000",
    "54,321",
    "1,234,567",
  ]);
});
