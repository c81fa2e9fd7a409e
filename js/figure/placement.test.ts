import { expect, test } from "vitest";
import { random } from "../testing.ts";
import { type PlaceOptions, placed } from "./placement.ts";

const window = { width: 800, height: 600 };
const size = { width: 100, height: 50 };
const anchor = { x: 300, y: 200, width: 40, height: 20 };
const above: PlaceOptions = { side: "above", align: "center", gap: 8 };

test("beside its anchor, aligned as asked", () => {
  expect(placed(anchor, size, window, above)).toEqual({ x: 270, y: 142 });
  const below: PlaceOptions = { side: "below", align: "start", gap: 4 };
  expect(placed(anchor, size, window, below)).toEqual({ x: 300, y: 224 });
  expect(placed(anchor, size, window, { ...below, align: "end" })).toEqual({ x: 240, y: 224 });
});

test("on the other side where it has no room", () => {
  const top = { ...anchor, y: 30 };
  expect(placed(top, size, window, above).y).toBe(58);
  const bottom = { ...anchor, y: 570 };
  expect(placed(bottom, size, window, { ...above, side: "below" }).y).toBe(512);
});

test("moved in from the sides", () => {
  expect(placed({ ...anchor, x: 0 }, size, window, above).x).toBe(4);
  expect(placed({ ...anchor, x: 790 }, size, window, above).x).toBe(696);
});

test("what is larger than the window shows its beginning", () => {
  expect(placed(anchor, { width: 900, height: 700 }, window, above)).toEqual({ x: 4, y: 4 });
});

test("where it fits it is always inside, and never over its anchor where a side has room", () => {
  const next = random(9);
  for (let round = 0; round < 2000; round++) {
    const where = { x: next() * 780, y: next() * 580, width: 20, height: 20 };
    const popup = { width: 20 + next() * 700, height: 20 + next() * 500 };
    const side = next() < 0.5 ? "above" : "below";
    const { x, y } = placed(where, popup, window, { side, align: "center", gap: 8 });
    expect(x).toBeGreaterThanOrEqual(4);
    expect(x + popup.width).toBeLessThanOrEqual(797);
    expect(y).toBeGreaterThanOrEqual(4);
    expect(y + popup.height).toBeLessThanOrEqual(597);
    const fits =
      where.y - 8 - popup.height >= 4 || where.y + 28 + popup.height <= window.height - 4;
    if (fits) {
      expect(y + popup.height <= where.y - 7 || y >= where.y + 27).toBe(true);
    }
  }
});
