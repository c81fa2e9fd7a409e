import { expect, test } from "vitest";
import { random } from "../testing.ts";
import { Grid } from "./layout.ts";
import { Pool } from "./overview.ts";

test("a pixel keeps the most notable of what it covers", () => {
  const low = new Pool(2, 2, "low");
  low.add(0, 2, 0, 1, 0.7);
  low.add(0, 1, 0, 1, 0.2);
  low.add(0, 1, 0, 1, Number.NaN);
  low.add(1, 2, 1, 2, Number.NaN);
  expect([low.at(0, 0), low.at(1, 0), low.at(0, 1)]).toEqual([
    expect.closeTo(0.2, 6),
    expect.closeTo(0.7, 6),
    null,
  ]);
  expect(low.at(1, 1)).toBeNaN();
  const high = new Pool(1, 1, "high");
  for (const value of [1, 9, 4]) high.add(0, 1, 0, 1, value);
  expect(high.at(0, 0)).toBe(9);
});

test("what leaves the grid is cut", () => {
  const pool = new Pool(2, 2, "low");
  pool.add(-3, 9, 1, 12, 0.5);
  expect([pool.at(0, 0), pool.at(1, 0), pool.at(0, 1), pool.at(1, 1)]).toEqual([
    null,
    null,
    0.5,
    0.5,
  ]);
});

test("of a long trace, the least probable token is seen wherever it is", () => {
  const next = random(5);
  const positions = 20_000;
  const grid = new Grid({
    ...{ positions, rowLength: 20, cellWidth: 40, showValues: true },
    shown: Uint8Array.from({ length: positions }, () => Math.floor(4 * next())),
  });
  const values = new Float32Array(positions).fill(0.9);
  const outliers = Array.from({ length: 5 }, () => Math.floor(next() * positions));
  for (const position of outliers) values[position] = 0.01;
  const pool = grid.pool(36, 300, values, "low");
  for (const position of outliers) {
    const { y } = grid.rect([position, 0]);
    const column = position % 20;
    const around: (number | null)[] = [];
    for (let dy = -2; dy <= 2; dy++) {
      const row = Math.round((y / grid.height) * 300) + dy;
      if (row >= 0 && row < 300) around.push(pool.at(Math.floor(((column + 0.5) * 36) / 20), row));
    }
    expect(Math.min(...around.map((value) => value ?? 1))).toBeCloseTo(0.01, 6);
  }
  // No pixel of a full trace is left out.
  for (let row = 0; row < 299; row++) {
    for (let x = 0; x < 36; x++) expect(pool.at(x, row)).not.toBeNull();
  }
});

test("marks are seen on the strip, the current one over the others", () => {
  const grid = new Grid({
    ...{ positions: 200, rowLength: 20, cellWidth: 40, showValues: true },
    shown: new Uint8Array(200),
  });
  const marks = new Uint8Array(200);
  marks[3] = 1;
  marks[25] = 1;
  marks[30] = 2;
  const rows = grid.markedRows(100, marks);
  expect(rows.filter((mark) => mark > 0)).toHaveLength(2);
  expect(rows.indexOf(1)).toBeLessThan(rows.indexOf(2));
});
