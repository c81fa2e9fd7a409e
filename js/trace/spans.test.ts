import { expect, test } from "vitest";
import { channelValues } from "../data/channels.ts";
import type { TraceData } from "../data/trace.ts";
import { beyondOf, counted, type Side } from "./beyond.ts";
import cases from "./spans.json";
import { inWords, spanLines, summaryOf } from "./summary.ts";
import { traceData } from "./testing.ts";

const column = (values: (number | null)[]) => Float32Array.from(values, (v) => v ?? Number.NaN);

/** A trace as Python's test builds it. */
function dataOf(example: (typeof cases)[number]): TraceData {
  const data = traceData(example.logprobs.map((_, i) => ({ token: ` t${i}`, probability: 1 })));
  return {
    ...data,
    logprobs: column(example.logprobs),
    ranks: new Int32Array(example.logprobs.length),
    channels: [{ name: "ratio", values: column(example.ratio) }],
    flags: [{ name: "loss_mask", values: Uint8Array.from(example.loss_mask, Number) }],
  };
}

test.each(cases)("spans come to what Python's summary says", (example) => {
  const data = dataOf(example);
  for (const { span, legend, known, worst, ...numbers } of example.spans) {
    const [start, stop] = span;
    const found = summaryOf(data, [start, stop]);
    expect([found.known, found.worst]).toEqual([known, worst]);
    const near = (value: number, expected: number | null) => {
      if (expected === null) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(expected, 10);
    };
    near(found.logprob, numbers.logprob);
    near(found.mean, numbers.mean);
    near(found.flags[0][1], numbers.loss_mask);
    near(found.channels[0][1], numbers.ratio);
    expect(inWords(data, [start, stop])).toBe(legend);
  }
});

test.each(cases)("what is beyond a threshold is what Python finds", (example) => {
  const data = dataOf(example);
  for (const { channel, threshold, beyond, ...expected } of example.thresholds) {
    const side = beyond as Side | null;
    const { chosen } = channelValues(data, channel);
    const found = beyondOf(channel, chosen, { threshold, beyond: side });
    expect(found.positions).toEqual(expected.positions);
    expect(found.known).toBe(expected.known);
    expect(`${found.condition}: ${counted(found)}`).toBe(expected.legend);
  }
});

test("the tooltip's lines name the worst token, flags and means, with a true minus sign", () => {
  const data = traceData([
    { token: "a", probability: 0.5 },
    { token: "-1", probability: 0.25 },
    { token: "c", probability: 1 },
  ]);
  data.flags = [{ name: "clipped", values: Uint8Array.of(1, 0, 0) }];
  data.channels = [{ name: "advantage", values: Float32Array.of(-1, -3, Number.NaN) }];
  expect(spanLines(data, [0, 2])).toEqual([
    "tokens 1 to 2 (2)",
    "log-probability −2.0794 nats",
    "probability 0.1250",
    "mean −1.040 nats",
    "worst -1 at 2: 0.2500",
    "clipped 50 %",
    "mean advantage −2.000",
  ]);
});
