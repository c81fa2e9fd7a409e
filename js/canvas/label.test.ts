import { expect, test } from "vitest";
import type { TokenKind } from "../state.ts";
import { evenMeasure, random } from "../testing.ts";
import { type FittedLabel, LabelFitter } from "./label.ts";

function fit(label: string, room: number, kind: TokenKind = "text"): FittedLabel {
  const table = { label: [label], id: [null], bytes: [""], kind: [kind] };
  return new LabelFitter(table, evenMeasure()).fit(0, room);
}

const text = (label: FittedLabel) => label.runs.map((run) => run.text).join("");

test("nothing is wider than its room", () => {
  const next = random(21);
  const pieces = ["a", "tion", "␣", "\\n", "中文", "👩‍👩‍👧‍👦", "é"];
  for (let round = 0; round < 500; round++) {
    const length = 1 + Math.floor(next() * 12);
    const label = Array.from({ length }, () => pieces[Math.floor(next() * pieces.length)]).join("");
    const room = 30 + next() * 80;
    const kind = (["text", "special", "part", "byte"] as const)[Math.floor(next() * 4)];
    const fitted = fit(label, room, kind);
    const taken = fitted.width * fitted.condense + (fitted.badge ? 7 : 0);
    expect(taken).toBeLessThanOrEqual(room + 1e-9);
    expect(fitted.size).toBeGreaterThanOrEqual(9.5);
    expect(fitted.condense).toBeGreaterThanOrEqual(0.83);
    const shown = text(fitted);
    if (shown !== label) expect(label.startsWith(shown.slice(0, -1))).toBe(true);
  }
});

test("a label that fits is left alone", () => {
  const fitted = fit("start", 45);
  expect(text(fitted)).toBe("start");
  expect([fitted.size, fitted.condense]).toEqual([12, 1]);
});

test("with less room it gets smaller before it is cut", () => {
  const whole = fit("multiplication", 60);
  expect(text(whole)).toBe("multiplication");
  expect(whole.size).toBeLessThan(12);
  expect(text(fit("multiplication", 40))).toMatch(/^multipl\w*…$/);
});

test("a character is never cut in two", () => {
  const family = "👩‍👩‍👧‍👦";
  for (let room = 30; room < 300; room += 7) {
    const shown = text(fit(family.repeat(5), room)).replace("…", "");
    expect(shown.length % family.length).toBe(0);
  }
});

test("the space before a word written from right to left is drawn at its right", () => {
  expect(fit("␣the", 100).runs.map((run) => run.text)).toEqual(["␣", "the"]);
  expect(fit("␣שלום", 100).runs.map((run) => run.text)).toEqual(["שלום", "␣"]);
});

test("only special tokens wear a badge, and it takes room", () => {
  const table = { label: ["</s>", "</s>"], id: [1, 2], bytes: ["", ""], kind: ["text", "special"] };
  const fitter = new LabelFitter(table as never, evenMeasure());
  expect(fitter.naturalWidth(1)).toBeGreaterThan(fitter.naturalWidth(0));
  expect([fitter.fit(0, 90).badge, fitter.fit(1, 90).badge]).toEqual([false, true]);
});
