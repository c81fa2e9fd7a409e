import { expect, test } from "vitest";
import { Arrangement } from "../data/arrange.ts";
import type { HeatmapData } from "../data/heatmap.ts";
import type { TokenTable } from "../data/tokens.ts";
import { readable as heatmapRows } from "../heatmap/readable.ts";
import { random } from "../testing.ts";
import { Grid } from "../trace/layout.ts";
import { readable as traceRows } from "../trace/readable.ts";
import { escapedCharacters } from "./characters.ts";
import { around, type Readable } from "./readable.ts";
import { spoken } from "./spoken.ts";

function table(count: number, name: string): TokenTable {
  const label = Array.from({ length: count }, (_, i) => `${name}${i}`);
  return {
    label,
    id: label.map(() => null),
    bytes: label.map(() => "61"),
    kind: label.map(() => "text"),
  };
}

function matrix(rows: number, columns: number): HeatmapData {
  return {
    values: new Float32Array(rows * columns),
    shape: [rows, columns],
    rows: table(rows, "t"),
    columns: table(columns, "c"),
    facts: {},
  };
}

/** Every cell with the indices it is given. */
function cells({ lines }: Readable): { at: string; cell: readonly [number, number] }[] {
  return lines.flatMap(({ row, entries }) =>
    entries.flatMap((e) => ("cell" in e ? [{ at: `${row},${e.column}`, cell: e.cell }] : [])),
  );
}

test("a stretch is within what there is, holds its middle, and is as long as it can be", () => {
  const next = random(1);
  for (let round = 0; round < 500; round++) {
    const [count, most] = [1 + Math.floor(next() * 50), 1 + Math.floor(next() * 20)];
    const at = Math.floor(next() * count);
    const { first, last } = around(count, at, most);
    expect(first).toBeGreaterThanOrEqual(0);
    expect(last).toBeLessThan(count);
    expect(first <= at && at <= last).toBe(true);
    expect(last - first + 1).toBe(Math.min(count, most));
  }
});

function asTheyAre(rows: number, columns: number): Arrangement {
  return new Arrangement({ rows: null, columns: null }, [rows, columns]);
}

test("a small matrix is there whole, with its headers", () => {
  const found = heatmapRows(matrix(13, 5), [0, 0], asTheyAre(13, 5));
  expect(found).toMatchObject({ rows: 14, columns: 6 });
  expect(found.lines[0].entries.map((e) => "header" in e && e.text)).toEqual([
    ...["token", "c0", "c1", "c2", "c3", "c4"],
  ]);
  expect(found.lines[13].entries[0]).toEqual({ column: 1, header: "row", text: "t12" });
  expect(cells(found)).toHaveLength(65);
  for (const { at, cell } of cells(found)) expect(at).toBe(`${cell[0] + 2},${cell[1] + 2}`);
});

test("of a large matrix a few rows around the cell are there, and the counts are true", () => {
  const found = heatmapRows(matrix(3000, 200), [1500, 199], asTheyAre(3000, 200));
  expect(found).toMatchObject({ rows: 3001, columns: 201 });
  expect(cells(found).some(({ cell }) => cell[0] === 1500 && cell[1] === 199)).toBe(true);
  expect(cells(found).length).toBeLessThan(400);
});

test("a figure without cells says so", () => {
  expect(heatmapRows(matrix(0, 3), [0, 0], asTheyAre(0, 3)).lines[0].entries).toEqual([
    { column: 1, header: "column", text: "no values" },
  ]);
  const nothing = { positions: 0, rowLength: 5, cellWidth: 40, shown: new Uint8Array(0) };
  const found = traceRows(new Grid({ ...nothing, showValues: true }), [0, 0]);
  expect(found.lines[0].entries).toMatchObject([{ text: "no tokens" }]);
});

test("every cell of a small trace stands once, in the row and column it is seen in", () => {
  const next = random(2);
  for (let round = 0; round < 30; round++) {
    const shown = Uint8Array.from({ length: 1 + Math.floor(next() * 60) }, () => next() * 4);
    const options = { positions: shown.length, rowLength: 7, cellWidth: 40, shown };
    const grid = new Grid({ ...options, showValues: true });
    const found = traceRows(grid, [Math.floor(next() * shown.length), 0]);
    const keys = cells(found).map(({ cell }) => String(cell));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBe(shown.reduce((sum, k) => sum + k + 1, 0));
    // Slow and plain: lines count on through the wrapped rows, a rank of alternatives is one each.
    const rect = (cell: readonly [number, number]) => grid.rect(cell);
    const tops = [...new Set(cells(found).map(({ cell }) => rect(cell).y))].sort((a, b) => a - b);
    for (const { at, cell } of cells(found)) {
      const line = tops.indexOf(rect(cell).y) + 1;
      expect(at).toBe(`${line},${(cell[0] % grid.columns) + 2}`);
    }
    expect(found.rows).toBe(tops.length);
  }
});

test("of a long trace the rows around the cell are there", () => {
  const shown = new Uint8Array(100_000).fill(5);
  for (const rowLength of [1, 20, 200]) {
    const options = { positions: shown.length, rowLength, cellWidth: 40, shown };
    const grid = new Grid({ ...options, showValues: true });
    const found = traceRows(grid, [54_321, 3]);
    expect(cells(found).some(({ cell }) => cell[0] === 54_321 && cell[1] === 3)).toBe(true);
    expect(cells(found).length).toBeLessThan(1000);
    expect(found.rows).toBe(6 * Math.ceil(100_000 / rowLength));
    expect(found.lines.at(-1)!.row).toBeLessThanOrEqual(found.rows);
  }
});

test("signs for what cannot be seen are said in words", () => {
  expect(spoken("␣the")).toBe("space the");
  expect(spoken(".\\n\\n")).toBe(". newline newline");
  expect(spoken("a\\u200d\\u0378")).toBe("a zero width joiner U+0378");
  expect(escapedCharacters("\\x00\\x00\\U000e0067")).toEqual(["null", "U+E0067"]);
  expect(spoken("8 x 48 = 384")).toBe("8 x 48 = 384");
});

test("headers go with the rows and columns that stand there", () => {
  const places = { rows: Uint32Array.of(2, 0), columns: Uint32Array.of(1) };
  const found = heatmapRows(matrix(3, 2), [0, 0], new Arrangement(places, [3, 2]));
  expect(found).toMatchObject({ rows: 3, columns: 2 });
  expect(found.lines.map(({ entries }) => entries)).toMatchObject([
    [{ text: "token" }, { text: "c1" }],
    [{ text: "t2" }, { cell: [2, 1] }],
    [{ text: "t0" }, { cell: [0, 1] }],
  ]);
});
