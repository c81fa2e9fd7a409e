import { describe, expect, test } from "vitest";
import { random } from "../testing.ts";
import { gatherRuns, levelFor } from "./image.ts";
import { cellEdge } from "./layout.ts";
import { ArraySource } from "./pyramid/array.ts";
import { runsOf, type Side } from "./runs.ts";

function source(rows: number, columns: number, values: Float32Array): ArraySource {
  return new ArraySource({
    data: { values, shape: [rows, columns] },
    places: { rows: null, columns: null },
    arrived: () => {},
    signal: new AbortController().signal,
  });
}

/** All of a side in so many CSS pixels. */
function whole(count: number, length: number, ratio: number): Side {
  const cell = length / count;
  return { cell, count, ratio, start: 0, length: cellEdge(count, cell, ratio) };
}

describe.each([1, 1.25, 2])("at %f device pixels per pixel", (ratio) => {
  test("every cell of a side is under exactly one run, whatever the size", () => {
    const next = random(11);
    for (let k = 0; k < 200; k++) {
      const count = 1 + Math.floor(next() * 3000);
      const side = whole(count, 1 + next() * 1500, ratio);
      const { count: runs, from, to, end } = runsOf(side, 1);
      let [cell, pixel, good] = [0, 0, true];
      for (let i = 0; i < runs; i++) {
        good &&= from[i] === cell && to[i] >= from[i] && end[i] > pixel;
        [cell, pixel] = [to[i] + 1, end[i]];
      }
      expect([good, cell, pixel]).toEqual([true, count, side.length]);
    }
  });

  test("what is scrolled shows the same pixels elsewhere", () => {
    const next = random(12);
    for (let k = 0; k < 100; k++) {
      const count = 50 + Math.floor(next() * 3000);
      const all = whole(count, 20 + next() * 4000, ratio);
      const start = Math.floor(next() * (all.length - 2));
      const length = 1 + Math.floor(next() * (all.length - start - 1));
      const at = (side: Side, pixel: number) => {
        const runs = runsOf(side, 1);
        const i = runs.end.subarray(0, runs.count).findIndex((end) => end > pixel);
        return [runs.from[i], runs.to[i]];
      };
      for (const pixel of [0, length >> 1, length - 1]) {
        expect(at({ ...all, start, length }, pixel)).toEqual(at(all, start + pixel));
      }
    }
  });

  test("an outlier is seen at every size, once", () => {
    const next = random(13);
    for (let k = 0; k < 60; k++) {
      const [rows, columns] = [1 + Math.floor(next() * 400), 1 + Math.floor(next() * 400)];
      const values = Float32Array.from({ length: rows * columns }, () => next() - 0.5);
      values[Math.floor(next() * values.length)] = -7;
      const it = source(rows, columns, values);
      const across = whole(columns, 1 + next() * 500, ratio);
      const down = whole(rows, 1 + next() * 500, ratio);
      const level = levelFor(it, across, down);
      const xs = runsOf(across, level.columnFactor);
      const ys = runsOf(down, level.rowFactor);
      const out = new Float32Array(xs.count * ys.count);
      expect(gatherRuns(level, xs, ys, out)).toBe(true);
      expect(out.filter((v) => v === -7).length).toBe(1);
    }
  });
});

test("what is read depends on the pixels, not on the data", () => {
  let read = 0;
  const level = (factor: number) => ({
    ...{ rowFactor: factor, columnFactor: factor },
    ...{ rows: 1e6 / factor, columns: 1e6 / factor },
    read: (_: number, first: number, last: number) => {
      read += last - first + 1;
      return true;
    },
  });
  const levels = Array.from({ length: 12 }, (_, k) => level(2 ** k));
  const side = { count: 1e6, ratio: 1, start: 0, length: 500 };
  for (const cell of [0.0005, 0.003, 0.02, 0.1, 0.49, 0.51, 0.99, 1, 3]) {
    const across = { ...side, cell };
    const best = levelFor({ levels }, across, across);
    const runs = runsOf(across, best.columnFactor);
    read = 0;
    gatherRuns(best, runs, runs, new Float32Array(500 * 500));
    expect(read).toBeLessThanOrEqual(1010 * 1010);
  }
});
