import { describe, expect, test } from "vitest";
import { random } from "../testing.ts";
import { readBlock, spliced, writeBlock } from "./packing.ts";
import { randomRun } from "./testing.ts";

describe("a block of columns", () => {
  test("reads as it was written, wherever it lies", () => {
    const next = random(1);
    for (const vocabulary of [200, 2000, 200_000]) {
      for (let length = 0; length < 20; length++) {
        const run = randomRun(length, next, vocabulary);
        const { view, ...shape } = writeBlock(run);
        const bytes = new Uint8Array(view.byteLength + 3);
        bytes.set(new Uint8Array(view.buffer), 3);
        expect(readBlock(shape, new DataView(bytes.buffer, 3))).toEqual(run);
      }
    }
  });

  test("is laid out byte by byte as Python does", () => {
    const bytes = [
      ...[2, 1, 1, 0], // index, two bytes each
      ...[0, 0, 0x80, 0xbf, 0, 0, 0, 0xc0], // −1, −2
      ...[1, 7], // ranks
      ...[0, 0, 0, 0x3f, 0, 0, 0xc0, 0x7f], // 0.5, NaN
      ...[0, 1], // counts
      ...[0, 2], // 512
      ...[0, 0, 0x40, 0xc0], // −3
    ];
    const view = new DataView(Uint8Array.from(bytes).buffer);
    const shape = { positions: 2, alternatives: 1, widths: [2, 1, 1] as const };
    const run = readBlock(shape, view);
    expect([...run.index]).toEqual([258, 1]);
    expect([...run.logprobs]).toEqual([-1, -2]);
    expect([...run.ranks]).toEqual([1, 7]);
    expect([...run.entropies]).toEqual([0.5, Number.NaN]);
    expect([...run.counts]).toEqual([0, 1]);
    expect([...run.alternative_index]).toEqual([512]);
    expect([...run.alternative_logprobs]).toEqual([-3]);
    expect([...new Uint8Array(writeBlock(run).view.buffer)]).toEqual(bytes);
  });

  test("of another size than it says is refused", () => {
    const shape = { positions: 1, alternatives: 0, widths: [1, 1, 1] as const };
    expect(() => readBlock(shape, new DataView(new ArrayBuffer(12)))).toThrow("11 bytes, got 12");
    const odd = { ...shape, widths: [3, 1, 1] as never };
    expect(() => readBlock(odd, new DataView(new ArrayBuffer(13)))).toThrow("1, 2 or 4 bytes");
  });

  test("is replaced from a position on", () => {
    const next = random(2);
    for (let round = 0; round < 50; round++) {
      const [run, rest] = [randomRun(9, next), randomRun(Math.floor(next() * 5), next)];
      const start = Math.floor(next() * 10);
      const k = run.counts.slice(0, start).reduce((a, b) => a + b, 0);
      const whole = spliced(run, start, rest);
      expect([...whole.index]).toEqual([...run.index.slice(0, start), ...rest.index]);
      expect([...whole.counts]).toEqual([...run.counts.slice(0, start), ...rest.counts]);
      expect([...whole.alternative_logprobs]).toEqual([
        ...run.alternative_logprobs.slice(0, k),
        ...rest.alternative_logprobs,
      ]);
    }
  });
});
