import { expect, test } from "vitest";
import { shownAlternatives } from "./alternatives.ts";
import { announce, type Facts, facts } from "./facts.ts";
import { probabilities } from "./probability.ts";
import { REFERENCE, type Step, traceData } from "./testing.ts";

function source(steps: readonly Step[]): Facts {
  const data = traceData(steps);
  const alternativeProbabilities = probabilities(data.alternative_logprobs);
  return {
    data,
    probabilities: probabilities(data.logprobs),
    alternativeProbabilities,
    shown: shownAlternatives(data.offsets, alternativeProbabilities, 5, 0.05),
    decimals: 2,
  };
}

const lines = (from: Facts, position: number, slot: number) =>
  Object.fromEntries(facts(from, [position, slot]).map(({ name, value }) => [name, value]));

test("a chosen token", () => {
  const from = source(REFERENCE);
  from.data.entropies[13] = 1.0114;
  from.data.facts = { probabilities: "the model's own" };
  const { id, ...rest } = lines(from, 13, 0);
  expect(id).toMatch(/^\d+$/);
  expect(rest).toEqual({
    position: "14 of 97",
    token: "start",
    bytes: "73 74 61 72 74",
    probability: "0.5300",
    "log-probability": "−0.6349 nats",
    surprisal: "0.916 bits",
    rank: "1",
    entropy: "1.459 bits (1.011 nats)",
    "margin to runner-up": "0.2500 (break)",
    distribution: "the model's own",
  });
});

test("an alternative", () => {
  const rest = lines(source(REFERENCE), 13, 2);
  expect(rest).toMatchObject({
    token: "use",
    probability: "0.1900",
    alternative: "2 of 2 shown",
    "ratio to chosen": "0.3585 × start",
  });
  expect(rest).not.toHaveProperty("rank");
});

test("what is unknown is not made up", () => {
  const from = source([{ token: "<s>", probability: Number.NaN, kind: "special" }]);
  from.data.ranks[0] = 0;
  const rest = lines(from, 0, 0);
  expect(rest.probability).toBe("unknown");
  expect(rest["special token"]).toBe("<s>");
  for (const name of ["rank", "entropy", "surprisal", "distribution", "margin to runner-up"]) {
    expect(rest).not.toHaveProperty(name);
  }
});

test("a token that was not the most probable says by how much", () => {
  const rest = lines(
    source([{ token: "a", probability: 0.1, alternatives: [{ token: "b", probability: 0.7 }] }]),
    0,
    0,
  );
  expect(rest["margin to most probable"]).toBe("−0.6000 (b)");
});

test("an impossible token", () => {
  const rest = lines(source([{ token: "a", probability: 0 }]), 0, 0);
  expect([rest.probability, rest["log-probability"], rest.surprisal]).toEqual([
    "0",
    "−∞ nats",
    "∞ bits",
  ]);
});

test("announced in one sentence", () => {
  const from = source(REFERENCE);
  expect(announce(from, [13, 0])).toBe(
    "position 14, token start, probability 0.53, alternative 1 of 2 below: break, 0.28",
  );
  expect(announce(from, [13, 1])).toBe(
    "position 14, alternative 1 of 2: break, probability 0.28, instead of start",
  );
  expect(announce(from, [3, 0])).toBe("position 4, token 4, probability 1.00");
  expect(announce(from, [24, 0])).toMatch(/^position 25, token newline newline, /);
  expect(announce(source([{ token: " ", probability: Number.NaN }]), [0, 0])).toBe(
    "position 1, token space, probability unknown",
  );
});
