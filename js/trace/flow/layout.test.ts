import { describe, expect, test } from "vitest";
import { evenMeasure, random } from "../../testing.ts";
import { traceData } from "../testing.ts";
import { FlowLayout } from "./layout.ts";
import { breakLines } from "./lines.ts";
import { openedRow } from "./opened.ts";
import { FlowTokens, readable } from "./pieces.ts";
import { flowReadable } from "./readable.ts";
import { flowStep } from "./step.ts";

function laidOut(tokens: readonly string[], room: number): FlowLayout {
  const data = traceData(tokens.map((token) => ({ token, probability: 1 })));
  const looks = new FlowTokens(data.vocabulary, evenMeasure());
  return new FlowLayout(breakLines(data.index, looks, room), room);
}

function randomText(length: number, next: () => number): string[] {
  const words = [" a", " bc", "def", "\n", " ", "-", "xyz"];
  return Array.from({ length }, () => words[Math.floor(next() * words.length)]);
}

function opening(layout: FlowLayout, position: number, widths: readonly number[]): void {
  layout.opened = openedRow({ position, widths, anchor: 20, room: 150 });
}

describe("places", () => {
  test("every cell is found where it is, with alternatives open or not", () => {
    const next = random(23);
    for (let round = 0; round < 100; round++) {
      const positions = 1 + Math.floor(60 * next());
      const layout = laidOut(randomText(positions, next), 150);
      if (round % 2 === 1) {
        const widths = Array.from({ length: Math.floor(6 * next()) }, () => 36 + 60 * next());
        const at = Math.floor(next() * positions);
        opening(layout, at, widths);
        widths.forEach((_, i) => {
          const { x, y, width, height } = layout.rect([at, i + 1]);
          expect(layout.hit(x + width / 2, y + height / 2)).toEqual([at, i + 1]);
          expect(y + height).toBeLessThan(layout.height + 1);
        });
      }
      for (let position = 0; position < positions; position++) {
        const { x, y, width, height } = layout.rect([position, 0]);
        expect(layout.hit(x + width / 2, y + height / 2)).toEqual([position, 0]);
        expect(x + width).toBeLessThanOrEqual(layout.width);
        expect(y + height).toBeLessThanOrEqual(layout.height);
        const { first, last } = layout.positionsBetween(y, y + height - 1);
        expect(first <= position && position <= last).toBe(true);
      }
    }
  });

  test("opening moves what is below by as much as it takes, and nothing else", () => {
    const layout = laidOut(["a", "\n", "b", "\n", "c"], 150);
    const before = [0, 1, 2, 3, 4].map((position) => layout.rect([position, 0]).y);
    const { height } = layout;
    opening(layout, 2, [40, 50]);
    const more = layout.height - height;
    expect(more).toBeGreaterThan(40);
    const after = [0, 1, 2, 3, 4].map((position) => layout.rect([position, 0]).y);
    expect(after.map((y, i) => y - before[i])).toEqual([0, 0, 0, 0, more]);
    expect(layout.keepClear([2, 0]).height).toBeGreaterThan(more);
    layout.opened = null;
    expect(layout.height).toBe(height);
  });

  test("alternatives that do not fit in one row take several", () => {
    const { chips, height } = openedRow({
      position: 0,
      widths: [60, 60, 60],
      anchor: 100,
      room: 150,
    });
    expect(chips.map(({ x, y }) => [x, y > 10])).toEqual([
      [0, false],
      [63, false],
      [0, true],
    ]);
    expect(height).toBeGreaterThan(80);
    const far = openedRow({ position: 0, widths: [40, 40], anchor: 140, room: 150 });
    expect(far.chips[1].x + 40).toBeLessThanOrEqual(150);
  });

  test("the least probable token is seen in the overview", () => {
    const layout = laidOut(randomText(5000, random(2)), 300);
    const values = new Float32Array(5000).fill(0.9);
    values[3210] = 0.01;
    const pool = layout.pool(36, 200, values, "low");
    const { x, y, width, height } = layout.rect([3210, 0]);
    const across = Math.floor(((x + width / 2) / layout.width) * 36);
    const down = Math.round(((y + height / 2) / layout.height) * 200);
    const around = [-1, 0, 1].map((d) => pool.at(across, down + d) ?? 1);
    expect(Math.min(...around)).toBeCloseTo(0.01, 6);
    const marks = new Uint8Array(5000);
    marks[3210] = 2;
    expect(Math.abs(layout.markedRows(200, marks).indexOf(2) - down)).toBeLessThanOrEqual(1);
  });
});

describe("the keyboard", () => {
  const layout = laidOut(["one", " two", "\n", "three", " four", "\n", "five"], 400);

  test("goes by tokens and by lines", () => {
    expect(flowStep(layout, null, "ArrowDown", false)).toEqual([0, 0]);
    expect(flowStep(layout, [0, 0], "ArrowRight", false)).toEqual([1, 0]);
    expect(flowStep(layout, [0, 0], "ArrowLeft", false)).toEqual([0, 0]);
    expect(flowStep(layout, [1, 0], "ArrowDown", false)).toEqual([4, 0]);
    expect(flowStep(layout, [3, 0], "ArrowUp", false)).toEqual([0, 0]);
    expect(flowStep(layout, [6, 0], "ArrowDown", false)).toEqual([6, 0]);
    expect(flowStep(layout, [4, 0], "Home", false)).toEqual([3, 0]);
    expect(flowStep(layout, [3, 0], "End", false)).toEqual([5, 0]);
    expect(flowStep(layout, [3, 0], "End", true)).toEqual([6, 0]);
    expect(flowStep(layout, [3, 0], "Home", true)).toEqual([0, 0]);
    expect(flowStep(layout, [3, 0], "PageDown", false)).toEqual([6, 0]);
    expect(flowStep(layout, [3, 0], "x", false)).toBeNull();
  });

  test("goes through alternatives that are open", () => {
    opening(layout, 1, [40, 40]);
    expect(flowStep(layout, [1, 0], "ArrowDown", false)).toEqual([1, 1]);
    expect(flowStep(layout, [1, 1], "ArrowRight", false)).toEqual([1, 2]);
    expect(flowStep(layout, [1, 2], "ArrowRight", false)).toEqual([1, 2]);
    expect(flowStep(layout, [1, 2], "ArrowUp", false)).toEqual([1, 0]);
    expect(flowStep(layout, [1, 2], "ArrowDown", false)?.[0]).toBeGreaterThan(2);
    layout.opened = null;
    expect(flowStep(layout, [1, 2], "ArrowRight", false)).toEqual([2, 0]);
  });

  test("leads nowhere in a trace without tokens", () => {
    expect(flowStep(laidOut([], 100), null, "ArrowDown", false)).toBeNull();
    expect(laidOut([], 100).hit(5, 5)).toBeNull();
  });
});

test("what is read aloud has every token once, and the open alternatives below their line", () => {
  const layout = laidOut(["one", "\n", "two", "=".repeat(60)], 150);
  opening(layout, 0, [40, 40]);
  const { rows, lines } = flowReadable(layout, [0, 0]);
  const cells = lines.flatMap(({ entries }) =>
    entries.flatMap((e) => ("cell" in e ? [e.cell] : [])),
  );
  expect(cells).toEqual([[0, 0], [1, 0], [0, 1], [0, 2], [2, 0], [3, 0]]); // biome-ignore format: cells
  expect(rows).toBe(layout.lines.count + 1);
  expect(lines.map(({ row }) => row)).toEqual(Array.from({ length: rows }, (_, i) => i + 1));
});

test("a token reads as it is, and as its label where it could not be read", () => {
  const hex = (text: string) =>
    Array.from(new TextEncoder().encode(text), (b) => b.toString(16).padStart(2, "0")).join(" ");
  expect(readable("␣the", hex(" the"), "text")).toBe(" the");
  expect(readable("\\n\\n", hex("\n\n"), "text")).toBe("\n\n");
  expect(readable("\\n", hex("\\n"), "text")).toBe("\\n");
  expect(readable("a\\u200b␣", hex("a\u200b "), "text")).toBe("a\\u200b ");
  expect(readable("😀 1/2", "f0 9f", "part")).toBe("😀 1/2");
  expect(readable("<|end|>", hex("<|end|>"), "special")).toBe("<|end|>");
});
