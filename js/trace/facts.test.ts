import { expect, test } from "vitest";
import { COLORMAPS } from "../color/colormaps.ts";
import { ColorScale } from "../color/scale.ts";
import { channelLook, channelValues } from "../data/channels.ts";
import { probabilities } from "../data/probability.ts";
import type { OwnChannel, TraceData } from "../data/trace.ts";
import { shownAlternatives } from "./alternatives.ts";
import { announce, type Facts, facts } from "./facts.ts";
import type { Numbers } from "./format.ts";
import { REFERENCE, type Step, traceData } from "./testing.ts";

function numbersOf(data: TraceData, channel: string): Numbers {
  const { decimals } = channelLook(data, channel);
  const notation = { decimals, scientific: false };
  return { channel, values: channelValues(data, channel), notation };
}

function source(steps: readonly Step[], channel = "probability", own?: OwnChannel): Facts {
  const data = traceData(steps);
  if (own !== undefined) data.channels = [own];
  const alternativeProbabilities = probabilities(data.alternative_logprobs);
  const colors = numbersOf(data, channel);
  return {
    data,
    probabilities: probabilities(data.logprobs),
    alternativeProbabilities,
    shown: shownAlternatives(data.offsets, alternativeProbabilities, 5, 0.05),
    colors,
    numbers: colors,
    lens: null,
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

const FORK: readonly Step[] = [
  {
    token: "a",
    probability: 0.25,
    alternatives: [
      { token: "b", probability: 0.5 },
      { token: "c", probability: 0.125 },
    ],
  },
];

test.each([
  ["logprob", "log-probability", "−1.3863 nats", "−0.6931 nats"],
  ["surprisal", "surprisal", "2.000 bits", "1.000 bits"],
  ["rank", "rank", "1", "2"],
])("in the channel %s its value comes first, of an alternative too", (channel, name, a, b) => {
  const from = source(FORK, channel);
  expect(facts(from, [0, 0])[0]).toEqual({ name, value: a });
  expect(facts(from, [0, 1])[0]).toEqual({ name, value: b });
});

test("margins are told against the most probable other candidate", () => {
  const from = source(FORK, "margin");
  expect(facts(from, [0, 0])[0]).toEqual({ name: "margin to most probable", value: "−0.2500 (b)" });
  expect(facts(from, [0, 1])[0]).toEqual({ name: "margin to runner-up", value: "0.2500" });
  expect(facts(from, [0, 2])[0]).toEqual({
    name: "margin to most probable",
    value: "−0.3750",
  });
  const certain = facts(source([{ token: "a", probability: 1 }], "margin"), [0, 0]);
  expect(certain[0]).toEqual({ name: "margin to runner-up", value: "1.0000" });
});

test("where the channel says nothing of an alternative its probability comes first", () => {
  const own = { name: "rank of mine", values: Float32Array.of(-3) };
  const from = source(FORK, "rank of mine", own);
  expect(facts(from, [0, 0])[0]).toEqual({ name: "rank of mine", value: "−3" });
  expect(facts(from, [0, 1])[0]).toEqual({ name: "probability", value: "0.5000" });
  expect(announce(from, [0, 0])).toBe(
    "position 1, token a, rank of mine −3, probability 0.25, alternative 1 of 2 below: b, 0.50",
  );
  expect(announce(from, [0, 1])).toMatch(/^position 1, alternative 1 of 2: b, probability 0.50,/);
});

test("a channel that is called as a fact is comes first with its own value", () => {
  const from = source(FORK, "position", { name: "position", values: Float32Array.of(7) });
  expect(facts(from, [0, 0])[0]).toEqual({ name: "position", value: "7" });
});

test("an unknown value is said to be unknown", () => {
  const from = source(FORK, "entropy");
  expect(facts(from, [0, 0])[0]).toEqual({ name: "entropy", value: "unknown" });
  expect(announce(from, [0, 0])).toMatch(/^position 1, token a, entropy unknown, probability 0.25/);
  from.colors.values = { chosen: Float32Array.of(1.5), alternatives: null };
  expect(announce(from, [0, 0])).toMatch(/token a, entropy 1.50 bits, probability 0.25/);
});

/** The reference after a prompt of three tokens. */
function prompted(roles: readonly string[] | null = null): Facts {
  const prompt = ["<|user|>", "Why", "?"].map((token) => ({ token, probability: Number.NaN }));
  const from = source([...prompt, ...REFERENCE]);
  Object.assign(from.data, { given: 3, prompt: { roles, turns: null } });
  return from;
}

test("a token of a prompt is said to be one, with its role", () => {
  const { id, bytes, ...rest } = lines(prompted(["template", "user", "user"]), 1, 0);
  expect([id, bytes]).toEqual([expect.stringMatching(/^\d+$/), "57 68 79"]);
  expect(rest).toEqual({ prompt: "2 of 3", role: "user", token: "Why" });
  expect(lines(prompted(), 1, 0)).not.toHaveProperty("role");
  expect(announce(prompted(), [1, 0])).toBe("prompt 2 of 3, token Why");
  expect(announce(prompted(["template", "user", "user"]), [2, 0])).toBe(
    "prompt 3 of 3, user, token ?",
  );
});

test("after a prompt, positions are counted from its end", () => {
  expect(lines(prompted(), 16, 0)).toEqual({
    ...lines(source(REFERENCE), 13, 0),
    id: expect.anything(),
  });
  expect(announce(prompted(), [16, 1])).toBe(announce(source(REFERENCE), [13, 1]));
});

test("what a lens says comes first, where it says something", () => {
  const values = Float32Array.of(0.5, Number.NaN, -0.25, -2);
  const range = { lo: -1, hi: 1, center: 0, gamma: 1 };
  const lens = {
    ...{ values, scale: new ColorScale(COLORMAPS[0].table, range) },
    ...{ write: (value: number) => value.toFixed(1), name: "attribution" },
  };
  const from = { ...prompted(), lens };
  expect(facts(from, [0, 0])[0]).toEqual({ name: "attribution", value: "0.5" });
  expect(facts(from, [1, 0])).toEqual(facts(prompted(), [1, 0]));
  expect(facts(from, [3, 0])[0]).toEqual({ name: "attribution", value: "-2.0" });
  expect(facts(from, [3, 0]).slice(1)).toEqual(facts(prompted(), [3, 0]));
  // Beyond what it covers, and of an alternative, it says nothing.
  expect(facts(from, [4, 0])).toEqual(facts(prompted(), [4, 0]));
  expect(facts(from, [3, 1])).toEqual(facts(prompted(), [3, 1]));
  expect(announce(from, [0, 0])).toBe("prompt 1 of 3, token <|user|>, attribution 0.5");
  expect(announce(from, [3, 0])).toMatch(/^position 1, token .*, attribution -2.0, probability /);
});

test("what was below the tokens that were listed is said to be, and bounds are bounds", () => {
  const from = source(FORK);
  from.data.logprobs[0] = Number.NaN;
  from.data.ranks[0] = 6;
  from.data.ranks_at_least = Uint8Array.of(1);
  from.data.entropies[0] = Math.LN2;
  from.data.entropies_at_least = Uint8Array.of(1);
  expect(lines(from, 0, 0)).toMatchObject({
    probability: "below the 5 listed",
    rank: "≥ 6",
    entropy: "≥ 1.000 bits (0.693 nats)",
  });
});

test("of a token whose bytes are unknown nothing else is said of them", () => {
  const from = source([{ token: "\ufffd", probability: 1, kind: "unknown" }]);
  expect(lines(from, 0, 0).bytes).toBe("unknown");
});
