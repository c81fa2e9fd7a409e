import { expect, test } from "vitest";
import { random } from "../../testing.ts";
import { type Area, IN_FLIGHT, type TileName, TileQueue } from "./queue.ts";

function area({ row, column }: TileName): Area {
  return { top: 10 * row, bottom: 10 * row + 10, left: 10 * column, right: 10 * column + 10 };
}

const tile = (row: number, column: number): TileName => ({ level: 0, row, column });

function drain(queue: TileQueue): TileName[] {
  const asked: TileName[] = [];
  for (let next = queue.next(); next !== null; next = queue.next()) {
    asked.push(next);
    queue.done(next);
  }
  return asked;
}

test("what is nearest to the middle of the view comes first", () => {
  const queue = new TileQueue(area);
  queue.look({ top: 0, bottom: 100, left: 0, right: 100 });
  const next = random(1);
  for (let i = 0; i < 40; i++) queue.want(tile(Math.floor(10 * next()), Math.floor(10 * next())));
  const distances = drain(queue).map(({ row, column }) => (row - 4.5) ** 2 + (column - 4.5) ** 2);
  expect(distances.length).toBeGreaterThan(20);
  expect(distances).toEqual([...distances].sort((a, b) => a - b));
});

test("only a few are without an answer at a time, and none is asked for twice", () => {
  const queue = new TileQueue(area);
  for (let i = 0; i < 10; i++) queue.want(tile(0, i));
  const asked = Array.from({ length: 10 }, () => queue.next()).filter((name) => name !== null);
  expect(asked).toHaveLength(IN_FLIGHT);
  for (const name of asked) queue.want(name);
  expect(queue.wanted).toBe(10 - IN_FLIGHT);
  queue.done(asked[0]);
  expect(queue.next()).not.toBeNull();
  expect(queue.next()).toBeNull();
});

test("what was scrolled away is never asked for", () => {
  const queue = new TileQueue(area);
  queue.look({ top: 0, bottom: 20, left: 0, right: 20 });
  queue.want(tile(0, 0));
  queue.want(tile(1, 1));
  queue.look({ top: 15, bottom: 40, left: 15, right: 40 });
  queue.want(tile(3, 3));
  expect(new Set(drain(queue))).toEqual(new Set([tile(1, 1), tile(3, 3)]));
});

test("what is pointed at comes first, and is forgotten for the next", () => {
  const queue = new TileQueue(area);
  queue.point(tile(5, 5));
  queue.point(tile(6, 6));
  queue.want(tile(0, 0));
  expect(drain(queue)).toEqual([tile(6, 6), tile(0, 0)]);
});
