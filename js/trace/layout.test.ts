import { expect, test } from "vitest";
import type { Rect } from "../canvas/geometry.ts";
import type { Cell } from "../data/cell.ts";
import { random } from "../testing.ts";
import { Grid } from "./layout.ts";

function randomGrid(next: () => number, largest = 120): Grid {
  const positions = 1 + Math.floor(next() * largest);
  // Every other grid begins with a prompt; of some of those nothing follows it yet.
  const given = next() < 0.5 ? 0 : Math.min(positions, Math.floor(next() * 1.2 * positions));
  return new Grid({
    positions,
    given,
    rowLength: 1 + Math.floor(next() * 30),
    cellWidth: 36 + Math.floor(next() * 70),
    shown: Uint8Array.from({ length: positions }, (_, position) =>
      position < given ? 0 : Math.floor(next() ** 2 * 6),
    ),
    showValues: next() < 0.5,
  });
}

function cells(grid: Grid): Cell[] {
  return Array.from(grid.shown).flatMap((shown, position) =>
    Array.from({ length: shown + 1 }, (_, slot): Cell => [position, slot]),
  );
}

/** The positions of each row, as filling one row after the other gives them. */
function rowsOf(grid: Grid, given: number): number[][] {
  const rows: number[][] = [];
  for (let position = 0; position < grid.positions; position++) {
    const begins = position === 0 || position === given || rows.at(-1)?.length === grid.columns;
    if (begins) rows.push([]);
    rows.at(-1)?.push(position);
  }
  return rows;
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

test("hit finds every cell anywhere in its rectangle", () => {
  const next = random(2);
  for (let round = 0; round < 60; round++) {
    const grid = randomGrid(next);
    for (const cell of cells(grid)) {
      const { x, y, width, height } = grid.rect(cell);
      expect(grid.hit(x, y)).toEqual(cell);
      expect(grid.hit(x + next() * width, y + next() * height)).toEqual(cell);
    }
  }
});

test("what hit finds is at most a gap away", () => {
  const next = random(3);
  let found = 0;
  for (let round = 0; round < 3000; round++) {
    const grid = randomGrid(next);
    const x = next() * grid.width;
    const y = next() * grid.height;
    const cell = grid.hit(x, y);
    if (cell === null) continue;
    found++;
    const rect = grid.rect(cell);
    expect(x).toBeGreaterThanOrEqual(rect.x - 2);
    expect(x).toBeLessThanOrEqual(rect.x + rect.width + 2);
    expect(y).toBeGreaterThanOrEqual(rect.y);
    expect(y).toBeLessThanOrEqual(rect.y + rect.height + 2);
  }
  expect(found).toBeGreaterThan(500);
});

test("nothing is hit outside", () => {
  const grid = randomGrid(random(4));
  for (const [x, y] of [
    [-1, 50],
    [grid.width + 1, 50],
    [20, -1],
    [20, grid.height],
    [20, 3], // on the position numbers
  ]) {
    expect(grid.hit(x, y)).toBeNull();
  }
});

test("cells do not overlap and lie inside the figure", () => {
  const next = random(5);
  for (let round = 0; round < 20; round++) {
    const grid = randomGrid(next, 40);
    const rects = cells(grid).map((cell) => grid.rect(cell));
    rects.forEach((rect, i) => {
      expect(rect.x).toBeGreaterThanOrEqual(0);
      expect(rect.x + rect.width).toBeLessThanOrEqual(grid.width);
      expect(rect.y + rect.height).toBeLessThanOrEqual(grid.height);
      for (const other of rects.slice(i + 1)) expect(overlap(rect, other)).toBe(false);
    });
  }
});

test("an alternative is under its own position, in rank order", () => {
  const grid = randomGrid(random(6));
  for (const [position, slot] of cells(grid).filter(([, slot]) => slot > 0)) {
    const above = grid.rect([position, slot - 1]);
    const rect = grid.rect([position, slot]);
    expect(rect.x).toBe(above.x);
    expect(rect.y).toBeGreaterThanOrEqual(above.y + above.height);
  }
});

test("a row has as many ranks as its fullest position shows", () => {
  const next = random(7);
  for (let round = 0; round < 50; round++) {
    const grid = randomGrid(next);
    for (let row = 0; row < grid.rows; row++) {
      const start = grid.start(row);
      const shown = Array.from(grid.shown.subarray(start, start + grid.rowLength(row)));
      expect(grid.ranks(row)).toBe(Math.max(...shown));
      const deepest = Math.max(
        ...shown.map((slot, column) => {
          const { y, height } = grid.rect([start + column, slot]);
          return y + height;
        }),
      );
      const end = row + 1 < grid.rows ? grid.top(row + 1) : grid.height;
      expect(end).toBeGreaterThan(deepest - 1);
      expect(end - deepest).toBeLessThan(25);
    }
  }
});

test("rowAt agrees with looking at every row", () => {
  const next = random(8);
  for (let round = 0; round < 300; round++) {
    const grid = randomGrid(next);
    const y = (next() * 1.2 - 0.1) * grid.height;
    let expected = 0;
    for (let row = 0; row < grid.rows; row++) if (grid.top(row) <= y) expected = row;
    expect(grid.rowAt(y)).toBe(expected);
  }
});

test("columnsBetween gives every column that meets the stretch", () => {
  const next = random(9);
  for (let round = 0; round < 300; round++) {
    const grid = randomGrid(next);
    const left = next() * grid.width;
    const right = left + next() * grid.width;
    const { first, last } = grid.columnsBetween(left, right);
    for (let column = 0; column < grid.columns; column++) {
      const x = grid.left(column);
      if (x < right && x + grid.cellWidth > left) {
        expect(column).toBeGreaterThanOrEqual(first);
        expect(column).toBeLessThanOrEqual(last);
      }
    }
  }
});

test("a trace shorter than a row is as wide as its cells", () => {
  const options = { rowLength: 20, cellWidth: 40, showValues: true };
  const one = new Grid({ ...options, positions: 1, shown: new Uint8Array(1) });
  expect(one.columns).toBe(1);
  expect(one.width).toBeLessThan(50);
  const none = new Grid({ ...options, positions: 0, shown: new Uint8Array(0) });
  expect(none.height).toBeGreaterThan(0);
  expect(none.hit(5, 5)).toBeNull();
});

test("a prompt has rows of its own, and what follows it begins one", () => {
  const next = random(10);
  for (let round = 0; round < 300; round++) {
    const positions = 1 + Math.floor(next() * 90);
    const given = Math.floor(next() * (positions + 1));
    const rowLength = 1 + Math.floor(next() * 25);
    const shown = Uint8Array.from({ length: positions }, (_, position) =>
      position < given ? 0 : Math.floor(next() ** 2 * 4),
    );
    const grid = new Grid({ positions, given, rowLength, cellWidth: 40, shown, showValues: true });
    const rows = rowsOf(grid, given);
    expect(grid.rows).toBe(rows.length);
    expect(grid.promptRows).toBe(rows.filter(([first]) => first < given).length);
    rows.forEach((row, i) => {
      expect(grid.start(i)).toBe(row[0]);
      expect(grid.rowLength(i)).toBe(row.length);
      row.forEach((position, column) => {
        expect(grid.rowOf(position)).toBe(i);
        const rect = { x: grid.left(column), y: grid.pathTop(i), width: 40, height: 42 };
        expect(grid.rect([position, 0])).toEqual(rect);
        expect(grid.boxes([position, 0])).toEqual([rect]);
        expect(grid.boxes([position, shown[position] + 1])).toEqual([]);
      });
    });
    const [top, bottom] = [next() * grid.height, next() * grid.height].sort((a, b) => a - b);
    const seen = rows.filter((_, i) => {
      const end = i + 1 < rows.length ? grid.top(i + 1) : Infinity;
      return grid.top(i) <= bottom && end > top;
    });
    const flat = seen.flat();
    expect(grid.positionsBetween(top, bottom)).toEqual({ first: flat[0], last: flat.at(-1) });
  }
});

test("the rows of a prompt have no numbers above them and take less height", () => {
  const options = { rowLength: 10, cellWidth: 40, shown: new Uint8Array(40), showValues: true };
  const grid = new Grid({ ...options, positions: 40, given: 25 });
  const heights = [1, 2, 3, 4].map((row) => grid.top(row + 1) - grid.top(row));
  expect(heights[0]).toBeLessThan(heights[2]);
  expect(grid.start(3)).toBe(25);
  // The rows of a trace alone are where they were.
  const alone = new Grid({ ...options, positions: 15, shown: new Uint8Array(15) });
  expect(heights[2]).toBe(alone.top(1) - alone.top(0));
  expect(grid.columns).toBe(10);
  const short = new Grid({ ...options, positions: 7, given: 3, shown: new Uint8Array(7) });
  expect(short.columns).toBe(4);
});

test("in few pixels there is nothing of a prompt", () => {
  const options = { rowLength: 4, cellWidth: 40, showValues: true };
  const shown = new Uint8Array(12);
  const values = Float32Array.from({ length: 12 }, (_, i) => (i < 6 ? Number.NaN : i));
  const grid = new Grid({ ...options, positions: 12, given: 6, shown });
  const pool = grid.pool(4, 400, values, "high");
  const found = Array.from({ length: 400 }, (_, y) => pool.at(0, y));
  expect(new Set(found)).toEqual(new Set([null, 6, 10]));
  const marks = new Uint8Array(12);
  marks[5] = 1;
  const marked = grid.markedRows(400, marks).indexOf(1) * (grid.height / 400);
  expect(grid.rowAt(marked)).toBe(1);
});
