import { describe, expect, test } from "vitest";
import { TextMeasure } from "../canvas/text.ts";
import { headerLayout, wrap } from "./headers.ts";
import { cellSize, HeatmapGrid } from "./layout.ts";

/** A typeface in which every character is seven pixels wide. */
const measure = new TextMeasure({
  font: "",
  measureText: (text) => ({ width: 7 * Array.from(text).length }),
});

function size(rows: number, columns: number, width: number, showValues = true) {
  return cellSize({
    ...{ rows, columns, width, height: 690, showValues },
    ...{ valueWidth: 56, smallValueWidth: 46, headerWidth: 110 },
  });
}

describe("cells", () => {
  test("of the reference are as wide as the headers ask and have their values", () => {
    expect(size(13, 5, 800)).toEqual({ width: 110, height: 30, values: "full" });
  });

  test("give way in a narrow notebook: first width, then the size of the type", () => {
    expect(size(13, 5, 300)).toEqual({ width: 60, height: 30, values: "full" });
    expect(size(13, 5, 240)).toEqual({ width: 48, height: 30, values: "small" });
    expect(size(13, 5, 140)).toEqual({ width: 46, height: 30, values: "small" });
  });

  test("drop their values when these would need more than twice the width", () => {
    expect(size(60, 40, 800)).toEqual({ width: 20, height: 14, values: "none" });
  });

  test("become blocks, and then what fits the box", () => {
    expect(size(200, 200, 800)).toEqual({ width: 4, height: 3.45, values: "none" });
    expect(size(4000, 4000, 800)).toEqual({ width: 0.2, height: 0.1725, values: "none" });
    expect(size(6900, 100, 800)).toEqual({ width: 8, height: 0.1, values: "none" });
  });

  test("of a single row or column stay tall or readable", () => {
    expect(size(1, 1000, 800)).toEqual({ width: 0.8, height: 28, values: "none" });
    expect(size(1000, 1, 800)).toEqual({ width: 110, height: 30, values: "full" });
    expect(size(1, 1, 800)).toEqual({ width: 110, height: 30, values: "full" });
  });

  test("keep their place when values are switched off", () => {
    expect(size(13, 5, 800, false)).toEqual({ width: 110, height: 30, values: "none" });
  });
});

describe("headers", () => {
  test("stand on one line where they fit, wrap where there is room, else stand upright", () => {
    expect(headerLayout(80, 1, 100, 720).style).toBe("flat");
    expect(headerLayout(180, 2, 100, 720).style).toBe("wrapped");
    expect(headerLayout(80, 1, 20, 720)).toMatchObject({ style: "upright", every: 1 });
  });

  test("thin out when they would touch", () => {
    expect(headerLayout(80, 1, 4, 720).every).toBe(5);
  });

  test("stand as high as their text, up to a third of the figure", () => {
    const height = (widest: number, figure: number) => headerLayout(widest, 1, 20, figure).height;
    expect(height(200, 720) - height(100, 720)).toBe(100);
    expect(height(900, 720)).toBe(height(240, 720));
    expect(height(900, 200)).toBe(height(132, 200));
  });

  test("wrap at spaces and in long words, in six lines at most, the rest cut", () => {
    expect(wrap("8 x 48 = 384", 50, measure)).toEqual(["8 x 48", "= 384"]);
    expect(wrap("unbreakable", 50, measure)).toEqual(["unbrea", "kable"]);
    expect(wrap("is unbreakable", 50, measure)).toEqual(["is", "unbrea", "kable"]);
    const numbers = "one two three four five six seven eight nine";
    expect(wrap(numbers, 40, measure)).toEqual(["one", "two", "three", "four", "five", "six…"]);
    expect(wrap("x".repeat(99), 40, measure).at(-1)).toBe("xxxx…");
  });
});

describe("grid", () => {
  const headers = headerLayout(80, 1, 100, 720);
  const grid = new HeatmapGrid({
    ...{ rows: 13, columns: 5, left: 40, headers },
    cell: { width: 33.3, height: 30, values: "small" },
  });

  test("cells lie side by side with one pixel between them", () => {
    for (let j = 0; j < 4; j++) {
      const { x, width } = grid.rect(0, j);
      expect(grid.rect(0, j + 1).x - (x + width)).toBe(1);
    }
  });

  test("a cell's middle finds the cell", () => {
    for (const [i, j] of [
      [0, 0],
      [12, 4],
      [7, 2],
    ]) {
      const { x, y, width, height } = grid.rect(i, j);
      const [cx, cy] = [x + width / 2, y + height / 2];
      expect(grid.columnsBetween(cx, cx).last).toBe(j);
      expect(grid.rowsBetween(cy, cy).last).toBe(i);
    }
  });

  test("what meets a stretch is never left out, and never beyond the grid", () => {
    expect(grid.rowsBetween(-100, 1e6)).toEqual({ first: 0, last: 12 });
    const { y } = grid.rect(3, 0);
    expect(grid.rowsBetween(y, y + 1).last).toBe(3);
  });
});
