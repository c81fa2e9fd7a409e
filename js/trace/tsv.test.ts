import { expect, test } from "vitest";
import { channelValues } from "../data/channels.ts";
import { REFERENCE, traceData } from "./testing.ts";
import { tsv } from "./tsv.ts";

test("a line for each chosen token and each shown alternative", () => {
  const shown = Uint8Array.from(REFERENCE, (step) => step.alternatives?.length ?? 0);
  const data = traceData(REFERENCE);
  const channel = { channel: "probability", values: channelValues(data, "probability") };
  const [header, ...lines] = tsv(data, shown, channel).trimEnd().split("\n");
  expect(header).toBe("position\tslot\ttoken\tprobability\tlog-probability");
  const expected = REFERENCE.flatMap((step, i) =>
    [step, ...(step.alternatives ?? [])].map((candidate, slot) => ({ i, slot, ...candidate })),
  );
  expect(lines).toHaveLength(97 + 32);
  lines.forEach((text, k) => {
    const [position, slot, token, probability, logprob] = text.split("\t");
    const { i, slot: place, token: name, probability: p } = expected[k];
    expect([position, slot, token]).toEqual([
      String(i + 1),
      String(place),
      name.replaceAll("\n", "\\n"),
    ]);
    expect(Number(probability)).toBe(p);
    expect(Math.fround(Number(logprob))).toBe(Math.fround(Math.log(p)));
  });
});

test("hidden alternatives are left out, unknown numbers are empty, quotation marks quoted", () => {
  const data = traceData([
    { token: '"', probability: Number.NaN, alternatives: [{ token: "b", probability: 0.1 }] },
  ]);
  const channel = { channel: "logprob", values: channelValues(data, "logprob") };
  expect(tsv(data, Uint8Array.of(0), channel).split("\n")[1]).toBe('1\t0\t""""\t\t');
});

test("another channel has a column of its own, empty where it says nothing", () => {
  const data = traceData([
    { token: "a", probability: 0.5, alternatives: [{ token: "b", probability: 0.25 }] },
  ]);
  const lines = (name: string) =>
    tsv(data, Uint8Array.of(1), { channel: name, values: channelValues(data, name) })
      .slice(0, -1)
      .split("\n")
      .map((line) => line.split("\t").at(-1));
  expect(lines("surprisal")).toEqual(["surprisal", "1", "2"]);
  expect(lines("margin")).toEqual(["margin", "0.25", "-0.25"]);
  data.channels = [{ name: "my\tloss", values: Float32Array.of(1.5) }];
  expect(lines("my\tloss")).toEqual(["my loss", "1.5", ""]);
});
