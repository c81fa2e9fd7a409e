import { describe, expect, test } from "vitest";
import { random } from "../testing.ts";
import { Words } from "./testing.ts";
import { around, plain, segmentAt } from "./words.ts";

function text(tokens: readonly string[], given = 0) {
  const words = new Words();
  const index = words.index(tokens);
  return { vocabulary: words.table, index, given };
}

describe("around a token", () => {
  const tokens = [
    "Dr",
    " Who",
    " un",
    "believ",
    "ably",
    " left",
    ".",
    " He",
    " came",
    " back",
    "!",
  ];

  test("is its word, in whole tokens", () => {
    expect(around(text(tokens), 3, "word")).toEqual([2, 5]);
    expect(around(text(tokens), 2, "word")).toEqual([2, 5]);
    expect(around(text(tokens), 5, "word")).toEqual([5, 6]);
  });

  test("is its sentence", () => {
    expect(around(text(tokens), 8, "sentence")).toEqual([7, 11]);
    expect(around(text(tokens), 3, "sentence")).toEqual([0, 7]);
  });

  test("nothing crosses the end of the prompt", () => {
    expect(around(text(tokens, 3), 3, "word")).toEqual([3, 5]);
    expect(around(text(tokens, 3), 2, "word")).toEqual([2, 3]);
    expect(around(text(tokens, 3), 4, "sentence")).toEqual([3, 7]);
  });

  test("always has the token in it", () => {
    const next = random(8);
    const parts = ["a", " b", "!", ". ", "\n", " ", "", "é", "😀", "c.d"];
    for (let round = 0; round < 500; round++) {
      const all = Array.from({ length: 1 + Math.floor(next() * 12) }, () => {
        return parts[Math.floor(next() * parts.length)];
      });
      const position = Math.floor(next() * all.length);
      for (const unit of ["word", "sentence"] as const) {
        const [start, stop] = around(text(all), position, unit);
        expect(start).toBeGreaterThanOrEqual(0);
        expect(start).toBeLessThanOrEqual(position);
        expect(stop).toBeGreaterThan(position);
        expect(stop).toBeLessThanOrEqual(all.length);
      }
    }
  });
});

describe("without the browser's help", () => {
  test("blanks end words, full stops before blanks end sentences", () => {
    const sentence = "It was 3.5 m. Or more?  Yes";
    const cut = (at: number, unit: "word" | "sentence") =>
      sentence.slice(...plain(sentence, at, unit));
    expect(cut(8, "word")).toBe("3.5");
    expect(cut(8, "sentence")).toBe("It was 3.5 m. ");
    expect(cut(15, "sentence")).toBe("Or more?  ");
    expect(cut(25, "sentence")).toBe("Yes");
  });

  test("agrees with the browser on plain text", () => {
    const sentence = "One two three. Four five. Six";
    for (let at = 0; at < sentence.length; at++) {
      const [start, stop] = plain(sentence, at, "sentence");
      const inner = sentence.slice(start, stop).trim();
      expect(sentence.slice(...segmentAt(sentence, at, "sentence"))).toBe(inner);
    }
  });
});
