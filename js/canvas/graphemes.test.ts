import { expect, test } from "vitest";
import { random } from "../testing.ts";
import { graphemes } from "./graphemes.ts";

test("an emoji with its modifiers is one character, and so is a letter with its marks", () => {
  expect(graphemes("a👩‍👩‍👧e\u0301")).toEqual(["a", "👩‍👩‍👧", "e\u0301"]);
  expect(graphemes("")).toEqual([]);
});

test("the short way gives what a segmenter gives", () => {
  const next = random(31);
  const draw = () => {
    if (next() < 0.1) return "␣…⟨⟩\u0301😀\u200d文"[Math.floor(8 * next())];
    return String.fromCharCode(0x20 + Math.floor(0xe0 * next()));
  };
  for (let round = 0; round < 300; round++) {
    const text = Array.from({ length: Math.floor(12 * next()) }, draw).join("");
    const segments = new Intl.Segmenter().segment(text);
    expect(graphemes(text)).toEqual(Array.from(segments, ({ segment }) => segment));
  }
});
