import { describe, expect, test } from "vitest";
import { evenMeasure, random } from "../../testing.ts";
import { type Candidate, traceData } from "../testing.ts";
import { breakLines, GAP, type Lines } from "./lines.ts";
import { FlowTokens } from "./pieces.ts";

function broken(tokens: readonly (string | Candidate)[], room: number) {
  const steps = tokens.map((token) =>
    typeof token === "string" ? { token, probability: 1 } : token,
  );
  const data = traceData(steps);
  return breakLines(data.index, new FlowTokens(data.vocabulary, evenMeasure()), room);
}

/** What is written on each line, with "|" between boxes and "↵" for a line break. */
function written(lines: Lines): string[] {
  return Array.from({ length: lines.count }, (_, line) => {
    const texts: string[] = [];
    for (let i = lines.starts[line]; i < lines.starts[line + 1]; i++) {
      const { text, breaks } = lines.piece(i);
      texts.push((lines.trimmed[i] === 1 ? text.slice(1) : text) + (breaks ? "↵" : ""));
    }
    return texts.join("|");
  });
}

// The even font is 7 px per character; a box is 2 px wider than its text, and 1 px from the next.
describe("lines are broken", () => {
  test("between words, and the space there is left out", () => {
    expect(written(broken(["The", " quick", " brown", " fox"], 90))).toEqual([
      "The| quick",
      "brown| fox",
    ]);
  });

  test("not within a word of several tokens", () => {
    expect(written(broken(["to", " multi", "pli", "cation", "!"], 120))).toEqual([
      "to",
      "multi|pli|cation|!",
    ]);
  });

  test("within a word that no line can hold, between its tokens", () => {
    expect(written(broken(["a", " long", "est", "word", "ever"], 62))).toEqual([
      "a",
      "long|est",
      "word|ever",
    ]);
  });

  test("within a token that no line can hold", () => {
    const lines = broken(["ab", "=".repeat(30), "cd"], 80);
    expect(written(lines)).toEqual(["ab", "=".repeat(11), "=".repeat(11), "========|cd"]);
    expect([...lines.first]).toEqual([0, 1, 4, 5]);
  });

  test("at line breaks, which are seen where they are", () => {
    expect(written(broken(["a.", "\n\n", "b", "\n", "  if", ".\n"], 500))).toEqual([
      "a.|↵",
      "↵",
      "b|↵",
      "  if|.↵",
    ]);
  });

  test("between the characters of a script without spaces", () => {
    expect(written(broken(["文字", "文字", "文字"], 40))).toEqual(["文字|文字", "文字"]);
  });

  test("and nothing comes of nothing", () => {
    const lines = broken([], 100);
    expect([lines.count, lines.fragments, ...lines.first]).toEqual([0, 0, 0]);
  });
});

test("right-to-left words go from right to left, with what stands between them", () => {
  const lines = broken(["He said", " שלום", " ", "עולם", ".", " ok"], 500);
  const order = Array.from({ length: lines.fragments }, (_, i) => i).sort(
    (a, b) => lines.x[a] - lines.x[b],
  );
  expect(order).toEqual([0, 3, 2, 1, 4, 5]);
});

test("invariants hold for random texts", () => {
  const next = random(17);
  const alphabet = [
    "a",
    " a",
    " bc",
    "def",
    "\n",
    ".\n\n",
    " ",
    "   ",
    "-",
    "文",
    " שלום",
    "x".repeat(40),
  ];
  for (let round = 0; round < 300; round++) {
    const length = Math.floor(60 * next());
    const tokens = Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]);
    const room = 60 + Math.floor(200 * next());
    const lines = broken(tokens, room);
    // Every character of every token is written once, in order, but for spaces that lines leave out.
    const texts: string[] = tokens.map(() => "");
    for (let i = 0; i < lines.fragments; i++) {
      const { text, breaks } = lines.piece(i);
      texts[lines.position[i]] += text + (breaks ? "\n" : "");
    }
    expect(texts).toEqual(tokens);
    for (let line = 0; line < lines.count; line++) {
      const [start, end] = [lines.starts[line], lines.starts[line + 1]];
      const boxes: [number, number][] = [];
      for (let i = start; i < end; i++) {
        expect(lines.line[i]).toBe(line);
        boxes.push([lines.x[i], lines.x[i] + lines.width[i]]);
        if (lines.trimmed[i] === 1) expect(i).toBe(start);
      }
      boxes.sort((a, b) => a[0] - b[0]);
      // Boxes stand side by side, from the left edge, within the room.
      boxes.forEach(([left], i) => {
        expect(left).toBe(i === 0 ? 0 : boxes[i - 1][1] + GAP);
      });
      if (boxes.length > 0) expect(boxes[boxes.length - 1][1]).toBeLessThanOrEqual(room);
      // A line break ends its line, and only the last line may be empty.
      for (let i = start; i < end - 1; i++) expect(lines.piece(i).breaks).toBe(false);
      if (length > 0) expect(end).toBeGreaterThan(start);
    }
    for (let position = 0; position < length; position++) {
      expect(lines.position[lines.first[position]]).toBe(position);
    }
  }
});

/** The slow way: words one after the other, each as wide as its boxes. */
function byWords(tokens: readonly string[], room: number): string[] {
  const width = (text: string) => 7 * text.length + 2 + GAP;
  const words: string[][] = [];
  tokens.forEach((token, i) => {
    const parted = i === 0 || token.startsWith(" ") || /[ -]$/.test(tokens[i - 1]);
    if (parted) words.push([token]);
    else words[words.length - 1].push(token);
  });
  const lines: string[][] = [[]];
  let right = 0;
  const put = (token: string) => {
    lines[lines.length - 1].push(token);
    right += width(token);
  };
  const begin = (token: string) => {
    lines.push([]);
    right = 0;
    put(/^ \S/.test(token) ? token.slice(1) : token);
  };
  const fits = (texts: readonly string[]) =>
    right + texts.reduce((sum, text) => sum + width(text), 0) - GAP <= room;
  for (const word of words) {
    if (!fits(word) && right > 0) {
      begin(word[0]);
      word.shift();
    }
    for (const token of word) {
      if (!fits([token]) && right > 0) begin(token);
      else put(token);
    }
  }
  return lines.map((line) => line.join("|"));
}

test("lines break where putting down word after word breaks them", () => {
  const next = random(29);
  const alphabet = ["a", " a", " bc", "def", " word", "-", "longer", " and ", "   "];
  for (let round = 0; round < 500; round++) {
    const tokens = Array.from({ length: 1 + Math.floor(40 * next()) }, () => {
      return alphabet[Math.floor(next() * alphabet.length)];
    });
    const room = 60 + Math.floor(150 * next());
    expect(written(broken(tokens, room))).toEqual(byWords(tokens, room));
  }
});
