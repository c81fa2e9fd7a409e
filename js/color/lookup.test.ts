import { describe, expect, test } from "vitest";
import { random } from "../testing.ts";
import { findTable } from "./colormaps.ts";
import { ColorLookup } from "./lookup.ts";
import { ColorScale, type ResolvedRange } from "./scale.ts";

const TABLE = findTable("RdYlGn", null) as Uint8Array;

/** The float32 values just before and after one. */
function neighbours(v: number): number[] {
  const word = new Int32Array(Float32Array.of(v).buffer);
  return [word[0] - 1, word[0] + 1].map((bits) => new Float32Array(Int32Array.of(bits).buffer)[0]);
}

/** Values of all kinds around a range: its ends, the edges between colours, far and not finite. */
function values({ lo, hi, center }: ResolvedRange, next: () => number): Float32Array {
  const span = hi - lo;
  const special = [Number.NaN, Infinity, -Infinity, 0, -0, 3e38, -3e38, 1e-45, lo, hi, center ?? 0];
  const edges = Array.from({ length: 513 }, (_, i) => lo + (span * i) / 512);
  const near = [...special, ...edges].flatMap((v) => [
    v,
    ...neighbours(v),
    v + span * 1e-7,
    v - span * 1e-7,
  ]);
  const anywhere = Array.from({ length: 4000 }, () => lo - span / 2 + 2 * span * next());
  return Float32Array.from([...near, ...anywhere]);
}

const next = random(7);
const RANGES: ResolvedRange[] = [
  { lo: -1, hi: 1, center: 0, gamma: 1 },
  { lo: 0, hi: 1, center: null, gamma: 1 },
  { lo: -0.3, hi: 2, center: 0.125, gamma: 0.3 },
  { lo: -0.3, hi: 2, center: -0.3, gamma: 1 },
  { lo: -0.3, hi: 2, center: 2, gamma: 2.5 },
  { lo: 0, hi: 1, center: null, gamma: 0.2 },
  { lo: 0, hi: 1, center: null, gamma: 5 },
  { lo: -1e-40, hi: 1e-40, center: 0, gamma: 1 },
  { lo: 0, hi: 5e-324, center: null, gamma: 1 },
  { lo: -3e38, hi: 3e38, center: 1, gamma: 1 },
  { lo: -1e43, hi: 1e43, center: 0, gamma: 1 },
  { lo: 1e6, hi: 1e6 + 0.5, center: null, gamma: 1 },
  ...Array.from({ length: 30 }, () => {
    const lo = (next() - 0.5) * 10 ** (8 * next() - 4);
    const hi = lo + 10 ** (8 * next() - 4);
    const center = next() < 0.5 ? null : lo + next() * (hi - lo);
    return { lo, hi, center, gamma: next() < 0.3 ? 1 : 0.1 + 4 * next() };
  }),
];

describe.each(RANGES.map((range) => [JSON.stringify(range), range] as const))("%s", (_, range) => {
  const scale = new ColorScale(TABLE, range);
  const lookup = new ColorLookup(scale);
  const all = values(range, random(3));

  test("paints the scale's own colours, and nothing for NaN", () => {
    const out = new Uint32Array(all.length);
    lookup.paint(all, 0, all.length, out);
    const bytes = new Uint8Array(out.buffer);
    const wrong = [...all].filter((v, i) => {
      const want = Number.isNaN(v) ? [0, 0, 0, 0] : [...scale.rgb(v), 255];
      return want.some((byte, channel) => bytes[4 * i + channel] !== byte);
    });
    expect(wrong).toEqual([]);
  });
});

test("asks the scale for few of the values", () => {
  let asked = 0;
  const scale = new ColorScale(TABLE, { lo: -1, hi: 1, center: 0, gamma: 1 });
  const lookup = new ColorLookup(scale);
  const index = scale.index.bind(scale);
  scale.index = (v) => {
    asked += 1;
    return index(v);
  };
  const roll = random(1);
  const some = Float32Array.from({ length: 10_000 }, () => 2 * roll() - 1);
  asked = 0;
  lookup.paint(some, 0, some.length, new Uint32Array(some.length));
  expect(asked).toBeLessThan(100);
});
