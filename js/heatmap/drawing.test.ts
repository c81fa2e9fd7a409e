import { describe, expect, test } from "vitest";
import reference from "../../src/tokenviz/examples/attribution.json" with { type: "json" };
import type { Rect } from "../canvas/geometry.ts";
import { TextMeasure } from "../canvas/text.ts";
import type { Theme } from "../canvas/theme.ts";
import { findTable } from "../color/colormaps.ts";
import { ColorScale } from "../color/scale.ts";
import type { Cell } from "../data/cell.ts";
import type { TokenKind, TokenTable } from "../data/tokens.ts";
import type { HeatmapState } from "../state/state.ts";
import { HeatmapDrawing } from "./drawing.ts";

function table(label: readonly string[], kind: TokenKind): TokenTable {
  return {
    label,
    id: label.map(() => null),
    bytes: label.map(() => "61"),
    kind: label.map(() => kind),
  };
}

function state(values: readonly number[][], options: Partial<HeatmapState> = {}): HeatmapState {
  const columns = values[0]?.length ?? 0;
  const name = (prefix: string) => (_: unknown, i: number) => `${prefix}${i}`;
  return {
    ...{ _kind: "heatmap", _colormap_table: null, colormap: "RdYlGn", vmin: -1, vmax: 1 },
    ...{ center: 0, gamma: 1, symmetric: true, show_values: true, decimals: 4, emphasis: 0.35 },
    ...{ label: "", title: "", caption: "", selected: null, theme: "auto", height: null },
    ...{ row_order: "original", column_order: "original", top_rows: null, hidden_columns: [] },
    show_controls: false,
    data: {
      values: Float32Array.from(values.flat()),
      shape: [values.length, columns],
      rows: table(values.map(name("t")), "text"),
      columns: table(Array.from({ length: columns }, name("target ")), "expression"),
      facts: {},
    },
    ...options,
  };
}

const REFERENCE = state(reference.values);

const measure = new TextMeasure({
  font: "",
  measureText: (text) => ({ width: 7 * Array.from(text).length }),
});

function open(figure: HeatmapState, width = 800): HeatmapDrawing {
  const drawing = new HeatmapDrawing();
  drawing.update(figure, null);
  drawing.layout(width, measure);
  return drawing;
}

/** Paints on a context that notes what was written, and in which font. */
function written(drawing: HeatmapDrawing, viewport: Rect): { text: string; font: string }[] {
  const notes: { text: string; font: string }[] = [];
  const ctx = new Proxy({ font: "" } as Record<string, unknown>, {
    get: (target, name: string) => {
      if (name === "fillText")
        return (text: string) => notes.push({ text, font: target.font as string });
      return name in target ? target[name] : () => undefined;
    },
    set: (target, name: string, value) => {
      target[name] = value;
      return true;
    },
  }) as unknown as CanvasRenderingContext2D;
  const table = findTable("RdYlGn", null) as Uint8Array;
  const scale = new ColorScale(table, { lo: -1, hi: 1, center: 0, gamma: 1 });
  const theme = { dark: false } as Theme;
  drawing.paint({ ctx, viewport, scale, theme, hovered: null, focused: null, selected: null });
  return notes;
}

const EVERYTHING = { x: 0, y: 0, width: 2000, height: 2000 };

describe("the reference figure", () => {
  const notes = written(open(REFERENCE), EVERYTHING);
  const values = notes.filter(({ text }) => /^−?\d\.\d{4}$/.test(text));

  test("has its 65 values, with the signs of negative zeros", () => {
    expect(values).toHaveLength(65);
    expect(values[0].text).toBe("0.3452");
    expect(values.filter(({ text }) => text === "−0.0000")).toHaveLength(2);
  });

  test("is bold where the magnitude reaches 0.35, and nowhere else", () => {
    const bold = values.filter(({ font }) => font.startsWith("bold")).map(({ text }) => text);
    expect(bold).toEqual(["0.5823", "0.3934", "1.3714", "0.6865", "0.6837", "−0.3675"]);
  });

  test("has its row labels and column headers", () => {
    const texts = notes.map(({ text }) => text);
    expect(texts).toEqual(expect.arrayContaining(["t0", "t12", "target 0", "target 4"]));
  });
});

test("without a threshold nothing is bold", () => {
  const notes = written(open({ ...REFERENCE, emphasis: null }), EVERYTHING);
  expect(notes.some(({ font }) => font.startsWith("bold"))).toBe(false);
});

test("what is not finite is written as such", () => {
  const odd = state([[Number.NaN, Infinity, -Infinity]]);
  const texts = written(open(odd), EVERYTHING).map(({ text }) => text);
  expect(texts).toEqual(expect.arrayContaining(["NaN", "∞", "−∞"]));
});

test("only what meets the viewport is painted", () => {
  const rows = Array.from({ length: 5000 }, (_, i) => [i / 5000]);
  const drawing = open(state(rows));
  const notes = written(drawing, { x: 0, y: 60_000, width: 400, height: 300 });
  expect(notes.length).toBeLessThan(60);
});

test("a figure without a cell says so", () => {
  expect(written(open(state([])), EVERYTHING).map(({ text }) => text)).toEqual(["no values"]);
});

describe("pointing", () => {
  const drawing = open(REFERENCE);
  written(drawing, { x: 0, y: 0, width: 600, height: 400 });
  const middle = ({ x, y, width, height }: Rect) => [x + width / 2, y + height / 2] as const;

  test.each<[Cell]>([[[0, 0]], [[12, 4]], [[7, 0]], [[3, -1]], [[-1, 2]]])(
    "the middle of %j finds it",
    (cell) => {
      expect(drawing.hit(...middle(drawing.rect(cell)))).toEqual(cell);
    },
  );

  test("the corner above the labels and what lies beyond the cells is nothing", () => {
    expect(drawing.hit(2, 2)).toBeNull();
    expect(drawing.hit(5000, 100)).toBeNull();
  });

  test("headers stay pinned to the viewport", () => {
    const tall = open(state(Array.from({ length: 1000 }, () => [0.5])));
    written(tall, { x: 0, y: 9000, width: 400, height: 400 });
    expect(tall.hit(100, 9005)).toEqual([-1, 0]);
    expect(tall.rect([-1, 0]).y).toBe(9000);
  });
});

test("a cell tells its exact value, its token and its target", () => {
  const facts = Object.fromEntries(
    open(REFERENCE)
      .facts([7, 0])
      .map(({ name, value }) => [name, value]),
  );
  expect(facts).toMatchObject({ value: "1.3714", row: "8 of 13", token: "t7", target: "target 0" });
});

test("a sampled value tells its error, a row of a chat whose it is", () => {
  const standard_error = new Float32Array(65).fill(0.25);
  const roles = Array.from({ length: 13 }, (_, i) => (i === 7 ? "user" : null));
  const drawing = open(
    state(reference.values, { data: { ...REFERENCE.data, standard_error, roles } }),
  );
  const facts = Object.fromEntries(drawing.facts([7, 0]).map(({ name, value }) => [name, value]));
  expect(facts).toMatchObject({ "standard error": "0.25", role: "user" });
  expect(drawing.announce([7, 0])).toBe(
    "token t7, of user, target target 0, attribution 1.3714, standard error 0.2500",
  );
  expect(drawing.facts([6, 0]).some(({ name }) => name === "role")).toBe(false);
});

test("a cell says its token, target and value", () => {
  expect(open(REFERENCE).announce([7, 4])).toBe("token t7, target target 4, attribution −0.3675");
});

describe("an arrangement", () => {
  const values = [
    [1, -5, 0],
    [3, 0.5, Number.NaN],
    [2, 0, 9],
  ];

  test("moves cells, which stay known by their row and column in the data", () => {
    const drawing = open(state(values, { row_order: 0, hidden_columns: [1] }));
    expect(drawing.tsv()).toBe("\ttarget 0\ttarget 2\nt1\t3\tNaN\nt2\t2\t9\nt0\t1\t0\n");
    const cells: Cell[] = [
      [1, 0],
      [2, 2],
      [0, 2],
    ];
    for (const cell of cells) {
      const { x, y, width, height } = drawing.rect(cell);
      expect(drawing.hit(x + width / 2, y + height / 2)).toEqual(cell);
    }
    expect(drawing.rect([1, 0]).y).toBeLessThan(drawing.rect([2, 0]).y);
    expect(drawing.valueAt([2, 2])).toBe(9);
    expect(drawing.facts([2, 2])).toContainEqual({ name: "row", value: "3 of 3" });
  });

  test("is what keys move in, over what is hidden", () => {
    const drawing = open(state(values, { row_order: 0, hidden_columns: [1] }));
    expect(drawing.step([1, 0], "ArrowDown", false)).toEqual([2, 0]);
    expect(drawing.step([1, 0], "ArrowRight", false)).toEqual([1, 2]);
    expect(drawing.step([1, 0], "End", true)).toEqual([0, 2]);
    expect(drawing.step([0, 1], "ArrowDown", false)).toEqual([1, 0]);
  });

  test("may change and change back", () => {
    const start = state(values);
    const drawing = open(start);
    const before = drawing.rect([2, 1]);
    drawing.update({ ...start, row_order: "magnitude" }, new Set(["row_order"]));
    drawing.layout(800, measure);
    expect(drawing.rect([2, 1]).y).toBeLessThan(before.y);
    drawing.update(start, new Set(["row_order"]));
    drawing.layout(800, measure);
    expect(drawing.rect([2, 1])).toEqual(before);
  });
});
