import { describe, expect, test } from "vitest";
import { random } from "../../testing.ts";
import { PathText } from "./text.ts";

const encoder = new TextEncoder();

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** A path of these tokens, each its own entry of the vocabulary. */
function path(tokens: readonly Uint8Array[]): PathText {
  const vocabulary = {
    bytes: tokens.map(hex),
    label: tokens.map(() => ""),
    id: tokens.map(() => null),
    kind: tokens.map(() => "text" as const),
  };
  return new PathText({ vocabulary, index: Uint32Array.from(tokens.keys()) });
}

const words = (...texts: string[]) => path(texts.map((text) => encoder.encode(text)));

describe("the text of a path", () => {
  test("is that of its tokens, white space as it is", () => {
    const text = words("The", " quick", "\n\n", "fox");
    expect(text.text).toBe("The quick\n\nfox");
    expect(text.positionsOf(2, 5)).toEqual([0, 1]);
    expect(text.positionsOf(9, 10)).toEqual([2, 2]);
    expect(text.positionsOf(0, 14)).toEqual([0, 3]);
  });

  test("keeps a byte order mark and tokens without bytes", () => {
    const text = words("\ufeffa", "", "b");
    expect(text.text).toBe("\ufeffab");
    expect(text.positionsOf(2, 3)).toEqual([2, 2]);
  });

  test("belongs to every token that holds a piece of its character", () => {
    const smile = encoder.encode("😀");
    const text = path([
      encoder.encode("a"),
      smile.slice(0, 1),
      smile.slice(1, 3),
      smile.slice(3),
      encoder.encode("b"),
    ]);
    expect(text.text).toBe("a😀b");
    expect(text.positionsOf(1, 3)).toEqual([1, 3]);
    expect(text.positionsOf(3, 4)).toEqual([4, 4]);
    expect(text.positionsOf(0, 1)).toEqual([0, 0]);
  });

  test("ends a character that is never finished", () => {
    const smile = encoder.encode("😀");
    const text = path([smile.slice(0, 2), encoder.encode("b"), smile.slice(0, 1)]);
    expect(text.text).toBe("\ufffdb\ufffd");
    expect(text.positionsOf(1, 2)).toEqual([1, 1]);
  });

  test("is the decoding of all bytes, however they were cut", () => {
    const next = random(7);
    const alphabet = ["a", " ", "é", "文", "😀", "\n", "ß"];
    for (let round = 0; round < 1000; round++) {
      const length = 1 + Math.floor(30 * next());
      const whole = Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]);
      const bytes = encoder.encode(whole.join(""));
      const tokens: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + Math.floor(5 * next());
        tokens.push(bytes.slice(at, at + size));
        at += size;
      }
      const text = path(tokens);
      expect(text.text).toBe(whole.join(""));
      // Brute force: the tokens whose bytes meet the bytes of the stretch of characters.
      const start = Math.floor(next() * whole.length);
      const end = start + 1 + Math.floor(next() * (whole.length - start));
      const from = encoder.encode(whole.slice(0, start).join("")).length;
      const to = encoder.encode(whole.slice(0, end).join("")).length;
      let offset = 0;
      const holders: number[] = [];
      tokens.forEach((token, position) => {
        if (offset < to && offset + token.length > from) holders.push(position);
        offset += token.length;
      });
      const expected = [holders[0], holders.at(-1)];
      const units = (n: number) => whole.slice(0, n).join("").length;
      const [first, last] = text.positionsOf(units(start), units(end));
      expect([first, last]).toEqual(expected);
    }
  });
});
