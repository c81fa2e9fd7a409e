import { expect, test } from "vitest";
import { probabilities } from "../data/probability.ts";
import { random } from "../testing.ts";
import { shownAlternatives } from "./alternatives.ts";
import { REFERENCE, randomSteps, traceData } from "./testing.ts";

test("agrees with a filter written out", () => {
  const next = random(1);
  for (let round = 0; round < 200; round++) {
    const steps = randomSteps(1 + Math.floor(next() * 40), 20, next);
    const data = traceData(steps);
    const topK = Math.floor(next() * 21);
    const least = next() ** 4;
    const shown = shownAlternatives(
      data.offsets,
      probabilities(data.alternative_logprobs),
      topK,
      least,
    );
    const expected = steps.map(
      ({ alternatives = [] }) =>
        alternatives.filter(({ probability }, i) => i < topK && probability >= least - 1e-6).length,
    );
    expect(Array.from(shown)).toEqual(expected);
  }
});

test("a probability of 0.05 passes a threshold of 0.05, though it came as a logarithm", () => {
  const data = traceData([
    { token: "a", probability: 0.9, alternatives: [{ token: "b", probability: 0.05 }] },
  ]);
  const given = probabilities(data.alternative_logprobs);
  expect(Array.from(shownAlternatives(data.offsets, given, 5, 0.05))).toEqual([1]);
  expect(Array.from(shownAlternatives(data.offsets, given, 5, 0.0501))).toEqual([0]);
});

test("the reference shows its 32 alternatives, and none with top_k 0", () => {
  const data = traceData(REFERENCE);
  const given = probabilities(data.alternative_logprobs);
  const total = (shown: Uint8Array) => shown.reduce((sum, n) => sum + n, 0);
  expect(total(shownAlternatives(data.offsets, given, 5, 0.05))).toBe(32);
  expect(total(shownAlternatives(data.offsets, given, 0, 0.05))).toBe(0);
});

test("an alternative of probability 0 is shown when everything is asked for", () => {
  const data = traceData([
    { token: "a", probability: 1, alternatives: [{ token: "b", probability: 0 }] },
  ]);
  const given = probabilities(data.alternative_logprobs);
  expect(Array.from(shownAlternatives(data.offsets, given, 5, 0))).toEqual([1]);
});
