import { describe, expect, test } from "vitest";
import { COLORMAPS } from "../color/colormaps.ts";
import { random } from "../testing.ts";
import { randomSteps, traceData } from "../trace/testing.ts";
import { CHANNELS, channelLook, channelNames, channelValues, isKnown } from "./channels.ts";
import type { TraceData } from "./trace.ts";

/** Each position on its own, candidate by candidate: [chosen, ...alternatives]. */
function slowly(data: TraceData, value: (logprobs: number[], slot: number) => number): number[][] {
  return Array.from(data.index, (_, i) => {
    const others = data.alternative_logprobs.slice(data.offsets[i], data.offsets[i + 1]);
    const logprobs = [data.logprobs[i], ...others];
    return logprobs.map((_, slot) => Math.fround(value(logprobs, slot)));
  });
}

function byPosition(data: TraceData, channel: string): number[][] {
  const { chosen, alternatives } = channelValues(data, channel);
  return Array.from(chosen, (value, i) => [
    value,
    ...(alternatives?.slice(data.offsets[i], data.offsets[i + 1]) ?? []),
  ]);
}

const probability = (logprob: number) => Math.fround(Math.min(1, Math.exp(logprob)));

describe("on random traces", () => {
  const next = random(7);
  const data = traceData(randomSteps(300, 4, next));
  data.logprobs[5] = Number.NaN;
  data.logprobs[6] = -Infinity;
  data.logprobs[7] = 0;

  test("log-probability and surprisal are the data and its bits", () => {
    expect(byPosition(data, "logprob")).toEqual(slowly(data, (l, s) => l[s]));
    const bits = (l: number[], s: number) => (l[s] === 0 ? 0 : -l[s] / Math.LN2);
    expect(byPosition(data, "surprisal")).toEqual(slowly(data, bits));
  });

  test("the margin is to the most probable other candidate", () => {
    const margin = (logprobs: number[], slot: number) => {
      const p = logprobs.map(probability);
      const others = p.filter((_, other) => other !== slot);
      if (others.length === 0) return p[slot] === 1 ? 1 : Number.NaN;
      return p[slot] - Math.max(...others);
    };
    expect(byPosition(data, "margin")).toEqual(slowly(data, margin));
  });

  test("ranks count past the chosen token, and are unknown with its own", () => {
    data.ranks.forEach((_, i) => {
      data.ranks[i] = Math.floor(next() * 7);
    });
    const ranks = byPosition(data, "rank");
    ranks.forEach(([own, ...others], i) => {
      const free = [1, 2, 3, 4, 5, 6, 7].filter((rank) => rank !== data.ranks[i]);
      expect(own).toBe(data.ranks[i] || Number.NaN);
      expect(others).toEqual(others.map((_, j) => (data.ranks[i] ? free[j] : Number.NaN)));
    });
  });
});

test("entropy and a trace's own channel say nothing of alternatives", () => {
  const data = traceData(randomSteps(3, 2, random(1)));
  data.entropies.set([0, Math.LN2, Number.NaN]);
  data.channels = [{ name: "loss", values: Float32Array.of(1, Number.NaN, 3) }];
  expect(channelValues(data, "entropy")).toEqual({
    chosen: Float32Array.of(0, 1, Number.NaN),
    alternatives: null,
  });
  expect(channelValues(data, "loss").chosen).toBe(data.channels[0].values);
  expect(channelNames(data)).toEqual([...Object.keys(CHANNELS), "loss"]);
});

test("certainty is no negative zero, and a logarithm above 0 no surprise", () => {
  const data = traceData([
    { token: "a", probability: 1 },
    { token: "b", probability: 1 },
  ]);
  data.logprobs[1] = 1e-4;
  expect(channelValues(data, "surprisal").chosen).toEqual(Float32Array.of(0, 0));
});

test("a channel that is not there is as good as the probability", () => {
  const data = traceData([{ token: "a", probability: 0.5 }]);
  for (const name of ["gone", "constructor", "__proto__"]) {
    expect(channelValues(data, name).chosen).toEqual(Float32Array.of(0.5));
    expect(channelLook(data, name).label).toBe("Probability");
  }
});

test("what is unknown throughout can be told", () => {
  const data = traceData(randomSteps(3, 2, random(1)));
  expect([isKnown(data, "rank"), isKnown(data, "entropy")]).toEqual([true, false]);
  data.ranks.fill(0);
  data.entropies[2] = 0;
  expect([isKnown(data, "rank"), isKnown(data, "entropy")]).toEqual([false, true]);
});

test("every look is of a colormap that the menu has", () => {
  const known = COLORMAPS.flatMap(({ name }) => [name, `${name}_r`]);
  for (const { look } of Object.values(CHANNELS)) expect(known).toContain(look.colormap);
});

const look = (...values: number[]) => {
  const data = traceData(values.map(() => ({ token: "a", probability: 1 })));
  data.channels = [{ name: "own", values: Float32Array.from(values) }];
  const { colormap, center, symmetric, decimals, label, vmin, vmax } = channelLook(data, "own");
  expect([label, vmin, vmax]).toEqual(["own", null, null]);
  return { colormap, center, symmetric, decimals };
};
const sequential = { colormap: "viridis", center: null, symmetric: false };
const diverging = { colormap: "PuOr", center: 0, symmetric: true };

test.each([
  ["advantage", [1, 2], { colormap: "RdBu", vmin: null, center: 0, symmetric: true }],
  ["Token-Rewards", [1, 2], { colormap: "RdBu", vmin: null, center: 0, symmetric: true }],
  [
    "importance_ratio",
    [1, 2],
    { colormap: "PuOr", vmin: null, center: 1, symmetric: true, norm: "log" },
  ],
  ["ratio", [-1, 2], { colormap: "PuOr", center: 1, symmetric: true, norm: "linear" }],
  [
    "log_ratio",
    [1, 2],
    { colormap: "PuOr", vmin: null, center: 0, symmetric: true, norm: "linear" },
  ],
  ["mismatch_kl", [1, 2], { colormap: "Oranges", vmin: 0, center: null, symmetric: false }],
  ["kl", [-1, 2], { colormap: "PuOr", vmin: null, center: 0, symmetric: true }],
  ["kl", [-2, -1], { colormap: "viridis", vmin: null, center: null, symmetric: false }],
  ["ref_log_prob", [-2, -1], { colormap: "viridis", vmin: null, center: null, symmetric: false }],
  ["devalued", [1, 2], { colormap: "viridis", vmin: null, center: null, symmetric: false }],
])("the look of %s with %j follows from its name", (name, values, expected) => {
  const data = traceData(values.map(() => ({ token: "a", probability: 1 })));
  data.channels = [{ name, values: Float32Array.from(values) }];
  expect(channelLook(data, name)).toMatchObject({ ...expected, label: name, vmax: null });
});

test.each([
  [[0.5, 1.25], { ...sequential, decimals: 2 }],
  [[-0.5, 12.5, Number.NaN], { ...diverging, decimals: 1 }],
  [[-0.5, 0], { ...sequential, decimals: 3 }],
  [[1, 2, 300], { ...sequential, decimals: 0 }],
  [[0.001, 0.00025], { ...sequential, decimals: 5 }],
  [[1e-12], { ...sequential, decimals: 6 }],
  [[12345.5, Infinity], { ...sequential, decimals: 0 }],
  [[Number.NaN], { ...sequential, decimals: 0 }],
  [[], { ...sequential, decimals: 0 }],
])("the look of %j follows from its values", (values, expected) => {
  expect(look(...values)).toEqual(expected);
});
