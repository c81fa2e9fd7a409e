import { expect, test } from "vitest";
import type { Rect } from "../canvas/geometry.ts";
import { COLORMAPS } from "../color/colormaps.ts";
import { ColorScale } from "../color/scale.ts";
import type { Cell } from "../data/cell.ts";
import type { TraceState } from "../state/state.ts";
import { evenMeasure } from "../testing.ts";
import { TraceDrawing } from "../trace/drawing.ts";
import { paintRing } from "../trace/rings.ts";
import { REFERENCE, traceState } from "../trace/testing.ts";
import { explorerDrawing, type Struck, UNMARKED } from "./drawing.ts";

const ExplorerDrawing = explorerDrawing({ TraceDrawing, paintRing, NUMBER_FONT: "10px sans" });

const ROLES = [
  ...["template", "system", "system", "system", "template"],
  ...new Array<string>(20).fill("user"),
  ...["template", "template"],
];
const TURNS = [...new Array<number>(5).fill(0), ...new Array<number>(20).fill(1), 2, 2];
const GIVEN = ROLES.length;

/** The reference after the turns of a chat. */
function chat(options: Partial<TraceState> = {}, width = 1100) {
  const prompt = ROLES.map((_, i) => ({ token: `t${i}`, probability: Number.NaN }));
  const state = traceState([...prompt, ...REFERENCE], options);
  state.data.given = GIVEN;
  state.data.prompt = { roles: ROLES, turns: TURNS };
  const drawing = new ExplorerDrawing();
  drawing.update(state, null);
  return { drawing, state, size: drawing.layout(width, evenMeasure()) };
}

interface Stroke {
  call: string;
  style: unknown;
  alpha: unknown;
  dash: unknown;
  args: unknown[];
}

const SCALE = new ColorScale(COLORMAPS[0].table, { lo: 0, hi: 1, center: null, gamma: 1 });
const ACCENT = "#00f";
const THEME = {
  dark: false,
  background: "#fff",
  foreground: "#000",
  muted: "#777",
  hairline: "#ddd",
  accent: ACCENT,
};

/** What a paint calls, with the state that it is called in. */
function painted(
  drawing: InstanceType<typeof ExplorerDrawing>,
  viewport: Rect,
  pointed: { hovered?: Cell; selected?: Cell } = {},
): Stroke[] {
  const calls: Stroke[] = [];
  const fresh = () => ({ globalAlpha: 1, dash: [] as number[] }) as Record<string, unknown>;
  let now = fresh();
  const kept: Record<string, unknown>[] = [];
  const special: Record<string, (...args: never[]) => unknown> = {
    save: () => kept.push({ ...now }),
    restore: () => {
      now = kept.pop() ?? fresh();
    },
    setLineDash: (dash: number[]) => {
      now.dash = dash;
    },
    measureText: (text: string) => ({ width: 5 * text.length }),
  };
  const ctx = new Proxy(
    {},
    {
      get(_, name: string) {
        if (name in special) return special[name];
        if (name in now) return now[name];
        return (...args: unknown[]) => {
          const style = name.startsWith("stroke") ? now.strokeStyle : now.fillStyle;
          calls.push({ call: name, style, alpha: now.globalAlpha, dash: now.dash, args });
        };
      },
      set(_, name: string, value) {
        now[name] = value;
        return true;
      },
    },
  ) as CanvasRenderingContext2D;
  const { hovered = null, selected = null } = pointed;
  drawing.paint({ ctx, viewport, scale: SCALE, theme: THEME, hovered, selected, focused: null });
  expect(kept).toEqual([]);
  return calls;
}

const around = ({ x, y, width, height }: Rect) => [x - 1, y - 1, width + 2, height + 2];
const whole = (size: { width: number; height: number }) => ({ x: 0, y: 0, ...size });

/** From where to where each line of a kind goes. */
function lines(calls: Stroke[]): { from: unknown[]; to: unknown[]; stroke: Stroke }[] {
  return calls.flatMap((stroke, i) =>
    stroke.call === "stroke" && calls[i - 1]?.call === "lineTo" && calls[i - 2]?.call === "moveTo"
      ? [{ from: calls[i - 2].args, to: calls[i - 1].args, stroke }]
      : [],
  );
}

test("each turn has a band along its cells, fainter where the template is", () => {
  const { drawing, size } = chat();
  const bands = lines(painted(drawing, whole(size)));
  const [first, last] = [drawing.rect([1, 0]), drawing.rect([3, 0])];
  const own = bands.filter(({ from: [x, y] }) => x === first.x && y === first.y - 5);
  expect(own).toHaveLength(1);
  expect(own[0].to).toEqual([last.x + last.width, first.y - 5]);
  expect(own[0].stroke).toMatchObject({ style: THEME.muted, dash: [1.5, 3] });
  const templates = bands.filter(({ stroke }) => Number(stroke.alpha) < 0.5);
  expect(templates).toHaveLength(3);
  // The user's goes on in the second row.
  expect(bands.filter(({ stroke: { dash } }) => (dash as []).length === 0)).toHaveLength(3);
  const names = painted(drawing, whole(size)).filter(
    ({ call, args }) => call === "fillText" && ["system", "user"].includes(String(args[0])),
  );
  expect(names.map(({ args }) => args[0])).toEqual(["system", "user"]);
});

test("in running text the bands are beneath the lines, and name nobody", () => {
  const { drawing, size } = chat({ arrangement: "flow" });
  const calls = painted(drawing, whole(size));
  const { x, y, height } = drawing.rect([0, 0]);
  expect(lines(calls)[0].from).toEqual([x, y + height + 3]);
  const names = calls.filter(({ call, args }) => call === "fillText" && args[0] === "system");
  expect(names).toEqual([]);
});

test("only the bands in sight are painted", () => {
  const { drawing, size } = chat();
  const { y } = drawing.rect([GIVEN, 0]);
  const viewport = { x: 0, y: y + 5, width: size.width, height: 100 };
  expect(lines(painted(drawing, viewport))).toEqual([]);
});

test("a trace whose prompt is no chat has no bands", () => {
  const { drawing, state, size } = chat();
  const data = { ...state.data, prompt: { roles: null, turns: null } };
  drawing.update({ ...state, data }, new Set(["_data"]));
  expect(lines(painted(drawing, whole(size)))).toEqual([]);
});

test("what is asked about has one outline on each row", () => {
  const { drawing, size } = chat();
  const [start, stop] = [GIVEN + 17, GIVEN + 23];
  drawing.marks = { ...UNMARKED, span: [start, stop] };
  const calls = painted(drawing, whole(size), { selected: [start + 1, 0] });
  const rings = calls.filter(({ call, style }) => call === "strokeRect" && style === ACCENT);
  const ends = [17, 19, 20, 22].map((i) => drawing.rect([GIVEN + i, 0]));
  const run = (a: Rect, b: Rect) => around({ ...a, width: b.x + b.width - a.x });
  expect(rings.map(({ args }) => args)).toEqual([run(ends[0], ends[1]), run(ends[2], ends[3])]);
  // One token is outlined as the selected one is, once.
  drawing.marks = { ...UNMARKED, span: [start, start + 1] };
  const alone = painted(drawing, whole(size), { selected: [start, 0] });
  const ring = alone.filter(({ call, style }) => call === "strokeRect" && style === ACCENT);
  expect(ring.map(({ args }) => args)).toEqual([around(drawing.rect([start, 0]))]);
});

test("the cell held against it has a dashed outline, and a hidden one none", () => {
  const { drawing, state, size } = chat();
  drawing.marks = { ...UNMARKED, against: [GIVEN, 1] };
  const dashed = () =>
    painted(drawing, whole(size)).filter(
      ({ call, style, dash }) =>
        call === "strokeRect" && style === ACCENT && (dash as []).length > 0,
    );
  expect(dashed().map(({ args }) => args)).toEqual([around(drawing.rect([GIVEN, 1]))]);
  drawing.update({ ...state, top_k: 0 }, new Set(["top_k"]));
  drawing.layout(1100, evenMeasure());
  expect(dashed()).toEqual([]);
});

test("what was taken away is plain and veiled, and struck through unless it is muted", () => {
  for (const arrangement of ["grid", "flow"] as const) {
    for (const how of ["delete", "mute", "replace"] as const) {
      const { drawing, size } = chat({ arrangement });
      const values = new Float32Array(GIVEN).fill(0.5);
      const lens = { values, scale: SCALE, write: String, name: "attribution" };
      drawing.lens = lens;
      const struck: Struck = { start: 6, stop: 9, how, text: null };
      drawing.marks = { ...UNMARKED, struck };
      const calls = painted(drawing, whole(size));
      expect(drawing.lens).toBe(lens);
      const [a, b] = [drawing.rect([6, 0]), drawing.rect([8, 0])];
      const fills = calls.filter(({ call, args: [x, y] }) => {
        return call === "fillRect" && x === a.x && y === a.y;
      });
      expect(fills.map(({ style, args }) => [style, args[2]])).toEqual([
        [THEME.background, b.x + b.width - a.x],
      ]);
      const within = lines(calls).filter(
        ({ from: [x, y] }) => x === a.x + 2 && Number(y) > a.y && Number(y) < a.y + a.height,
      );
      expect(within).toHaveLength(how === "mute" ? 0 : 1);
      if (how !== "mute") expect(within[0].to[0]).toBe(b.x + b.width - 2);
    }
  }
});

test("a cell that is pointed at is outlined faintly in the selection's colour", () => {
  const { drawing, size } = chat();
  const calls = painted(drawing, whole(size), { hovered: [2, 0] });
  const rings = calls.filter(({ call, style }) => call === "strokeRect" && style === ACCENT);
  expect(rings.map(({ args, alpha }) => [args, alpha])).toEqual([
    [around(drawing.rect([2, 0])), 0.5],
  ]);
  // What a list beside the text points at, with a ring.
  drawing.marks = { ...drawing.marks, ringed: 2 };
  const pointed = painted(drawing, whole(size)).filter(({ style }) => style === ACCENT);
  expect(pointed.map(({ args, alpha }) => [args, alpha])).toEqual([
    [around(drawing.rect([2, 0])), 1],
  ]);
});

test("a voice hears whose turn begins and what a token is to what is asked", () => {
  const { drawing } = chat();
  const struck: Struck = { start: 6, stop: 9, how: "replace", text: "more" };
  drawing.marks = { span: [GIVEN, GIVEN + 2], against: [GIVEN, 1], struck, ringed: null };
  expect(drawing.announce([0, 0])).toBe("turn 1 of 3, system, prompt 1 of 27, template, token t0");
  expect(drawing.announce([1, 0])).toBe("prompt 2 of 27, system, token t1");
  expect(drawing.announce([25, 0])).toMatch(/^turn 3 of 3, prompt 26 of 27, template, /);
  expect(drawing.announce([6, 0])).toMatch(/, token t6, replaced by “more”$/);
  expect(drawing.announce([GIVEN + 1, 0])).toMatch(/^position 2, .*, asked about$/);
  expect(drawing.announce([GIVEN, 1])).toMatch(/^position 1, .*, held against the selected token$/);
  const named = (cell: Cell) =>
    Object.fromEntries(drawing.facts(cell).map(({ name, value }) => [name, value]));
  expect(named([6, 0])).toMatchObject({ "taken away": "replaced by “more”", turn: "2 of 3, user" });
  expect(named([25, 0])).toMatchObject({ role: "template", turn: "3 of 3" });
  expect(named([GIVEN, 1])).toHaveProperty("compared");
  expect(named([GIVEN, 0])).not.toHaveProperty("turn");
  drawing.marks = { ...UNMARKED, struck: { ...struck, how: "delete" } };
  expect(named([8, 0])).toMatchObject({ "taken away": "deleted" });
  expect(named([9, 0])).not.toHaveProperty("taken away");
});

test("in running text what is asked about is outlined line by line", () => {
  const { drawing, size } = chat({ arrangement: "flow" }, 300);
  drawing.marks = { ...UNMARKED, span: [0, GIVEN + 30] };
  const calls = painted(drawing, whole(size));
  const rings = calls.filter(({ call, style }) => call === "strokeRect" && style === ACCENT);
  const boxes = Array.from({ length: GIVEN + 30 }, (_, i) => drawing.boxes([i, 0])).flat();
  const tops = new Set(boxes.map(({ y }) => y));
  expect(rings).toHaveLength(tops.size);
  for (const box of boxes) {
    const inside = rings.some(({ args }) => {
      const [x, y, width] = args as number[];
      return y === box.y - 1 && x < box.x && x + width > box.x + box.width;
    });
    expect(inside).toBe(true);
  }
});
