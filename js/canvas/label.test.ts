import { expect, test } from "vitest";
import type { TokenKind } from "../data/tokens.ts";
import { evenMeasure, random } from "../testing.ts";
import { type FittedLabel, LabelFitter } from "./label.ts";
import { TextMeasure } from "./text.ts";

function fit(
  label: string,
  room: number,
  { kind = "text", lines = 1 }: { kind?: TokenKind; lines?: 1 | 2 } = {},
): FittedLabel {
  const table = { label: [label], id: [null], bytes: [""], kind: [kind] };
  return new LabelFitter(table, evenMeasure()).fit(0, room, lines);
}

const lines = (label: FittedLabel) =>
  label.lines.map(({ runs }) => runs.map((run) => run.text).join(""));
const text = (label: FittedLabel) => lines(label).join("");

test("nothing is wider than its room", () => {
  const next = random(21);
  const pieces = ["a", "tion", "␣", "\\n", "中文", "👩‍👩‍👧‍👦", "é"];
  for (let round = 0; round < 500; round++) {
    const length = 1 + Math.floor(next() * 12);
    const label = Array.from({ length }, () => pieces[Math.floor(next() * pieces.length)]).join("");
    const room = 30 + next() * 80;
    const kind = (["text", "special", "part", "byte"] as const)[Math.floor(next() * 4)];
    const fitted = fit(label, room, { kind, lines: next() < 0.5 ? 1 : 2 });
    for (const { width } of fitted.lines) expect(width).toBeLessThanOrEqual(fitted.width);
    const taken = fitted.width * fitted.condense + 2 * fitted.padding;
    expect(taken).toBeLessThanOrEqual(room + 1e-9);
    expect(fitted.size).toBeGreaterThanOrEqual(9.5);
    expect(fitted.condense).toBeGreaterThanOrEqual(0.83);
    const shown = text(fitted);
    if (shown !== label) expect(label.startsWith(shown.slice(0, -1))).toBe(true);
  }
});

test("room is made for what is painted, not only for how far the pen moves", () => {
  const context = {
    font: "",
    measureText: () => ({
      ...{ width: 20, actualBoundingBoxLeft: 5, actualBoundingBoxRight: 28 },
      ...{ actualBoundingBoxAscent: 40, actualBoundingBoxDescent: 3 },
    }),
  };
  const table = {
    label: ["ﷺ", "abc"],
    id: [null],
    bytes: [""],
    kind: ["text", "text"] as TokenKind[],
  };
  const fitter = new LabelFitter(table, new TextMeasure(context));
  expect(fitter.naturalWidth(0)).toBe(33);
  const fitted = fitter.fit(0, 100);
  expect(fitted.lines[0].runs[0]).toMatchObject({ width: 33, left: 5 });
  expect(fitted.tall).toEqual({ ascent: 40, descent: 3 });
  expect(fitter.naturalWidth(1)).toBe(20);
  expect(fitter.fit(1, 100).tall).toBeNull();
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

test("where two lines are allowed they come before a cut, and are as equal as can be", () => {
  expect(lines(fit("multiplied", 30, { lines: 2 }))).toEqual(["multi", "plied"]);
  expect(lines(fit("multiplied", 30))).toEqual(["multip…"]);
  expect(lines(fit("start", 45, { lines: 2 }))).toEqual(["start"]);
  const [first, second, ...more] = lines(fit("internationalization", 30, { lines: 2 }));
  expect([first, more]).toEqual(["interna", []]);
  expect(second).toMatch(/^tion.*…$/);
});

test("an escape is not broken, nor is a word whose letters join", () => {
  expect(lines(fit("aaaa\\nbbb", 28, { lines: 2 }))).toEqual(["aaaa", "\\nbbb"]);
  expect(lines(fit("שלוםשלוםשל", 30, { lines: 2 }))).toHaveLength(1);
});

test("a badge is set tighter before its label is cut", () => {
  const { padding } = fit("<start>", 60, { kind: "special" });
  const tight = fit("<start>", 32, { kind: "special" });
  expect(text(tight)).toBe("<start>");
  expect(tight.padding).toBeLessThan(padding);
});

test("a character is never cut in two", () => {
  const family = "👩‍👩‍👧‍👦";
  for (let room = 30; room < 300; room += 7) {
    const shown = text(fit(family.repeat(5), room)).replace("…", "");
    expect(shown.length % family.length).toBe(0);
  }
});

test("the space before a word written from right to left is drawn at its right", () => {
  const runs = (label: string) => fit(label, 100).lines[0].runs.map((run) => run.text);
  expect(runs("␣the")).toEqual(["␣", "the"]);
  expect(runs("␣שלום")).toEqual(["שלום", "␣"]);
});

test("only special and unknown tokens wear a badge, and it takes room", () => {
  const kind = ["text", "special", "unknown"];
  const table = { label: ["</s>", "</s>", "</s>"], id: [1, 2, 3], bytes: ["", "", ""], kind };
  const fitter = new LabelFitter(table as never, evenMeasure());
  expect(fitter.naturalWidth(1)).toBeGreaterThan(fitter.naturalWidth(0));
  expect(kind.map((_, i) => fitter.fit(i, 90).badge)).toEqual([null, "solid", "dashed"]);
});
