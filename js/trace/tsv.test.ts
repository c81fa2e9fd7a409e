import { expect, test } from "vitest";
import { REFERENCE, traceData } from "./testing.ts";
import { tsv } from "./tsv.ts";

test("a line for each chosen token and each shown alternative", () => {
  const shown = Uint8Array.from(REFERENCE, (step) => step.alternatives?.length ?? 0);
  const [header, ...lines] = tsv(traceData(REFERENCE), shown).trimEnd().split("\n");
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
  expect(tsv(data, Uint8Array.of(0)).split("\n")[1]).toBe('1\t0\t""""\t\t');
});
