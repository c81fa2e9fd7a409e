import { expect, test } from "vitest";
import { COLORMAPS } from "../color/colormaps.ts";
import { ColorScale } from "../color/scale.ts";
import { pathOf } from "./path.ts";
import { placeOf, rowsOf, subject, taken, whyReading, withoutReading } from "./reading.ts";
import { branch, Words } from "./testing.ts";
import type { Answer, Change, Tree } from "./tree.ts";

const words = new Words();
const run = words.run([
  [" 172", 0.5, { " 162": 0.3, " 43": 0.1 }],
  [" km", 0.25],
]);
const change: Change = { branch: 0, start: 1, stop: 2, how: "delete", text: null };
const tree: Tree = {
  prompt: { index: words.index(["<|a|>", " 43", " 4"]), roles: null, turns: null },
  branches: [branch(run)],
  answers: [],
  outcomes: [{ change, logprobs: run.logprobs.map((p) => p - 2), facts: { model: "m" } }],
  vocabulary: words.table,
};
const data = pathOf(tree, 0);
const question = { branch: 0, start: 0, stop: 1, slot: 1, instead_of: 0, method: null };
const answer: Answer = {
  question: { ...question, method: "removal" },
  values: Float32Array.of(-0.25, 2.125, 1.8),
  ...{ errors: Float32Array.of(0.01, 0.5, 0.1), facts: { score: "log-odds" }, partial: false },
};

test("an answer is said with its strongest tokens, and how it came about", () => {
  const reading = whyReading(data, question, answer, 2);
  expect(reading.heading).toBe("What spoke for ‘ 162’, not ‘ 172’");
  expect(reading.spoken).toBe("why ‘ 162’, not ‘ 172’: ‘ 43’ +2.13, ‘ 4’ +1.80, ‘<|a|>’ −0.25");
  expect(reading.caption).toBe("removal · score: log-odds · standard error at most 0.50");
  const unfinished = { ...answer, errors: null, facts: { method: "x" }, partial: true };
  expect(whyReading(data, question, unfinished, 2).caption).toBe("method: x · not finished");
});

test("rows are the strongest, with where they stand and their colours", () => {
  const scale = new ColorScale(COLORMAPS[0].table, { lo: -2, hi: 2, center: 0, gamma: 1 });
  const rows = rowsOf(whyReading(data, question, answer, 2), data, scale);
  expect(rows.map(({ label, written, place }) => [label, written, place])).toEqual([
    ["␣43", "+2.13", "prompt token 2"],
    ["␣4", "+1.80", "prompt token 3"],
    ["<|a|>", "−0.25", "prompt token 1"],
  ]);
  expect(rows[2].color).toBe(scale.css(-0.25));
  expect(placeOf(3, 3)).toBe("position 1");
});

test("an outcome is said with its sum", () => {
  const reading = withoutReading(tree, data, 0, 0, 2);
  expect([...reading.values]).toEqual([Number.NaN, Number.NaN, Number.NaN, -2, -2]);
  expect(reading.heading).toBe("Without ‘ 43’: −4.00 nats over 2 tokens");
  expect(reading.caption).toBe("model: m");
  expect(taken(tree, { ...change, how: "mute" })).toBe("With ‘ 43’ muted");
  expect(taken(tree, { ...change, stop: 3, how: "replace", text: " 9" })).toBe(
    "‘ 9’ instead of ‘ 43 4’",
  );
});

test("a span is asked about by all its tokens", () => {
  const span = { ...question, stop: 2, slot: 0, instead_of: null };
  expect(subject(data, span)).toBe("‘ 172 km’");
});
