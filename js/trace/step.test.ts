import { expect, test } from "vitest";
import type { Cell } from "../data/cell.ts";
import { random } from "../testing.ts";
import { step, type Walk } from "./step.ts";

const KEYS = [
  "ArrowLeft",
  "ArrowRight",
  "ArrowUp",
  "ArrowDown",
  "Home",
  "End",
  "PageUp",
  "PageDown",
];

function randomWalk(next: () => number): Walk {
  const shown = Uint8Array.from({ length: 1 + Math.floor(next() * 90) }, () =>
    Math.floor(next() * 4),
  );
  const given = next() < 0.5 ? 0 : Math.floor(next() * (shown.length + 1));
  return { columns: 1 + Math.floor(next() * 25), shown, given };
}

function exists({ shown }: Walk, [position, slot]: Cell): boolean {
  return position >= 0 && position < shown.length && slot >= 0 && slot <= shown[position];
}

test("no key ever leaves the trace", () => {
  const next = random(11);
  for (let round = 0; round < 200; round++) {
    const walk = randomWalk(next);
    let cell: Cell | null = null;
    for (let i = 0; i < 100; i++) {
      cell = step(walk, cell, KEYS[Math.floor(next() * KEYS.length)], next() < 0.3);
      expect(cell).not.toBeNull();
      expect(exists(walk, cell!)).toBe(true);
    }
  }
});

test("up undoes down wherever the row below has the column", () => {
  const next = random(12);
  for (let round = 0; round < 100; round++) {
    const walk = { ...randomWalk(next), given: 0 };
    for (let position = 0; position + walk.columns < walk.shown.length; position++) {
      for (let slot = 0; slot <= walk.shown[position]; slot++) {
        const down = step(walk, [position, slot], "ArrowDown", false);
        expect(step(walk, down, "ArrowUp", false)).toEqual([position, slot]);
      }
    }
  }
});

test("right reads the whole path, across rows", () => {
  const walk = { columns: 20, shown: new Uint8Array(97) };
  let cell: Cell | null = null;
  for (let position = 0; position < 97; position++) {
    cell = step(walk, cell, "ArrowRight", false);
    expect(cell).toEqual([position, 0]);
  }
  expect(step(walk, cell, "ArrowRight", false)).toEqual([96, 0]);
});

test("down goes through the alternatives to the next row, or its last token", () => {
  const shown = new Uint8Array(97);
  shown[65] = 2;
  const walk = { columns: 20, shown };
  expect(step(walk, [65, 0], "ArrowDown", false)).toEqual([65, 1]);
  expect(step(walk, [65, 1], "ArrowDown", false)).toEqual([65, 2]);
  expect(step(walk, [65, 2], "ArrowDown", false)).toEqual([85, 0]);
  expect(step(walk, [79, 0], "ArrowDown", false)).toEqual([96, 0]);
  expect(step(walk, [85, 0], "ArrowDown", false)).toEqual([85, 0]);
});

test("Home and End are the row's, with ctrl the trace's; pages are rows", () => {
  const walk = { columns: 20, shown: new Uint8Array(97) };
  expect(step(walk, [27, 0], "Home", false)).toEqual([20, 0]);
  expect(step(walk, [27, 0], "End", false)).toEqual([39, 0]);
  expect(step(walk, [85, 0], "End", false)).toEqual([96, 0]);
  expect(step(walk, [27, 0], "Home", true)).toEqual([0, 0]);
  expect(step(walk, [27, 0], "End", true)).toEqual([96, 0]);
  expect(step(walk, [27, 0], "PageDown", false)).toEqual([47, 0]);
  expect(step(walk, [27, 0], "PageUp", false)).toEqual([7, 0]);
});

test("a hidden cell is left from its nearest neighbour", () => {
  const walk = { columns: 20, shown: Uint8Array.of(1, 0) };
  expect(step(walk, [0, 4], "ArrowUp", false)).toEqual([0, 0]);
  expect(step(walk, [500, 0], "ArrowLeft", false)).toEqual([0, 0]);
});

test("other keys mean nothing, nor does any in an empty trace", () => {
  expect(step({ columns: 20, shown: new Uint8Array(3) }, [0, 0], "a", false)).toBeNull();
  expect(step({ columns: 20, shown: new Uint8Array(0) }, null, "ArrowRight", false)).toBeNull();
});

test("a prompt's rows are walked as rows of their own", () => {
  const next = random(13);
  for (let round = 0; round < 200; round++) {
    const walk = { ...randomWalk(next) };
    const { columns, given = 0, shown } = walk;
    shown.fill(0);
    const rows: number[][] = [];
    shown.forEach((_, position) => {
      if (position === given || (rows.at(-1)?.length ?? columns) === columns) rows.push([]);
      rows.at(-1)?.push(position);
    });
    rows.forEach((row, i) => {
      row.forEach((position, column) => {
        const to = (key: string) => step(walk, [position, 0], key, false);
        const [above, below] = [rows[i - 1], rows[i + 1]];
        const up = above?.[column] ?? above?.at(-1) ?? position;
        const down = below?.[column] ?? below?.at(-1) ?? position;
        expect([to("ArrowUp"), to("PageUp")]).toEqual([
          [up, 0],
          [up, 0],
        ]);
        expect([to("ArrowDown"), to("PageDown")]).toEqual([
          [down, 0],
          [down, 0],
        ]);
        expect(to("Home")).toEqual([row[0], 0]);
        expect(to("End")).toEqual([row.at(-1), 0]);
      });
    });
  }
});
