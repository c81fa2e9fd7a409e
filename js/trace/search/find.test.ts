import { expect, test } from "vitest";
import { random } from "../../testing.ts";
import { FoldedText, find, small } from "./find.ts";

const found = (text: string, query: string) => find(new FoldedText(text), query).starts;

/** The slow way: at each place, is it here? A match is not looked into. */
function bruteForce(text: string, query: string): number[] {
  const plain = query === query.toLowerCase();
  const starts: number[] = [];
  for (let at = 0; at + query.length <= text.length; ) {
    const here = text.slice(at, at + query.length);
    const matches = plain ? here.toLowerCase() === query : here === query;
    if (matches) starts.push(at);
    at += matches ? query.length : 1;
  }
  return starts;
}

test("capitals matter only when the query has some", () => {
  expect(found("The then THE", "the")).toEqual([0, 4, 9]);
  expect(found("The then THE", "The")).toEqual([0]);
  expect(found("ÄPFEL äpfel", "äpfel")).toEqual([0, 6]);
});

test("white space is what it is, and what the figure writes for it where nothing else matches", () => {
  expect(found("a b\nc", "a b")).toEqual([0]);
  expect(found("a b\nc", "\\n")).toEqual([3]);
  expect(found("a b\nc", "␣b\\nc")).toEqual([1]);
  expect(found("a\\nb\n", "\\n")).toEqual([1]);
});

test("nothing is found of nothing", () => {
  expect(found("abc", "")).toEqual([]);
  expect(found("", "a")).toEqual([]);
});

test("a letter whose small form is longer does not move what follows", () => {
  const text = "İstanbul, istanbul";
  expect(small(text)).toHaveLength(text.length);
  expect(found(text, "bul")).toEqual([5, 15]);
});

test("agrees with brute force on random texts", () => {
  const next = random(3);
  const letters = "aAbB \n";
  const draw = (length: number) =>
    Array.from({ length }, () => letters[Math.floor(next() * letters.length)]).join("");
  for (let round = 0; round < 500; round++) {
    const text = draw(Math.floor(60 * next()));
    const query = draw(1 + Math.floor(3 * next()));
    expect(found(text, query)).toEqual(bruteForce(text, query));
  }
});
