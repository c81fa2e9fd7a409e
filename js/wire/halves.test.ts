import { describe, expect, test } from "vitest";
import known from "../../tests/data/float16.json";
import { decodeHalves } from "./halves.ts";

const ALL = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

/** One half, digit by digit as IEEE 754 has it. */
function reference(bits: number): number {
  const digits = bits.toString(2).padStart(16, "0");
  const sign = digits[0] === "1" ? -1 : 1;
  const power = Number.parseInt(digits.slice(1, 6), 2);
  const fraction = Number.parseInt(digits.slice(6), 2) / 1024;
  if (power === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (power === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (power - 15));
}

describe("every float16", () => {
  test("is what the standard says", () => {
    const decoded = decodeHalves(ALL);
    expect(decoded).toEqual(Float32Array.from(ALL, reference));
  });

  test("is what numpy says", async () => {
    const numbers = decodeHalves(ALL);
    const bits = new Uint32Array(numbers.buffer);
    numbers.forEach((number, i) => {
      if (Number.isNaN(number)) bits[i] = 0x7fc00000;
    });
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bits));
    const hex = Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join("");
    expect(hex).toBe(known.sha256);
  });

  test("can be a multiple of a power of two", () => {
    const numbers = decodeHalves(ALL, 12);
    expect(numbers).toEqual(Float32Array.from(ALL, (bits) => reference(bits) / 4096));
  });
});
