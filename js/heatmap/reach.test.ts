import { describe, expect, test } from "vitest";
import { cellSize } from "./layout.ts";
import { Reach } from "./reach.ts";

function reach(rows: number, columns: number, { showValues = true } = {}): Reach {
  const room = {
    ...{ rows, columns, width: 800, height: 690, showValues },
    ...{ valueWidth: 56, smallValueWidth: 46 },
  };
  return new Reach(cellSize({ ...room, headerWidth: 110 }), room);
}

describe("zooming", () => {
  test("does nothing where all is seen and can be read", () => {
    expect(reach(13, 5).any).toBe(false);
    expect(reach(1, 1).any).toBe(false);
  });

  test.each([
    [4096, 4096],
    [64, 64],
    [1, 5000],
    [5000, 1],
    [97, 5],
    [3000, 100],
    [30, 40],
  ])("of %i × %i goes from the whole picture to values that can be read", (rows, columns) => {
    const it = reach(rows, columns);
    expect(it.any).toBe(true);
    const whole = it.at(it.least);
    expect(whole.width * columns).toBeLessThanOrEqual(800 + 1e-6);
    expect(whole.height * rows).toBeLessThanOrEqual(690 + 1e-6);
    expect(it.at(it.readable).values).not.toBe("none");
    expect(it.at(it.most).values).toBe("full");
    expect(it.least).toBeLessThanOrEqual(1);
    expect(it.most).toBeGreaterThanOrEqual(1);
  });

  test("never makes a cell smaller by zooming in", () => {
    for (const it of [reach(4096, 4096), reach(1, 5000), reach(97, 5), reach(3000, 100)]) {
      let last = it.at(it.least);
      for (let zoom = it.least; zoom < it.most; zoom *= 1.1) {
        const cell = it.at(zoom);
        expect(cell.width).toBeGreaterThanOrEqual(last.width);
        expect(cell.height).toBeGreaterThanOrEqual(last.height);
        last = cell;
      }
    }
  });

  test("leaves a strip as high as it is", () => {
    const it = reach(1, 5000);
    expect(it.at(it.most).height).toBe(it.start.height);
  });

  test("keeps to its bounds", () => {
    const it = reach(4096, 4096);
    expect(it.clamp(1e9)).toBe(it.most);
    expect(it.clamp(0)).toBe(it.least);
    expect(it.at(1)).toBe(it.start);
  });

  test("writes no values where none are wanted", () => {
    const it = reach(64, 64, { showValues: false });
    expect(it.at(it.most).values).toBe("none");
  });
});
