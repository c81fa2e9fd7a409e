import { expect, test } from "vitest";
import type { Rect } from "../canvas/geometry.ts";
import { COLORMAPS } from "../color/colormaps.ts";
import { ColorScale } from "../color/scale.ts";
import type { TraceData } from "../data/trace.ts";
import { sentence, tooltipContent } from "../figure/describe.ts";
import type { PaintContext } from "../figure/drawing.ts";
import type { TraceState } from "../state/state.ts";
import { evenMeasure, random } from "../testing.ts";
import { TraceDrawing } from "./drawing.ts";
import { REFERENCE, randomSteps, type Step, traceData, traceState } from "./testing.ts";

function drawn(steps: readonly Step[], options: Partial<TraceState> = {}, width = 1100) {
  const state = traceState(steps, options);
  const drawing = new TraceDrawing();
  drawing.update(state, null);
  const measure = evenMeasure();
  return { drawing, state, measure, size: drawing.layout(width, measure) };
}

/** The scale that `written` and `painted` paint with. */
const SCALE = new ColorScale(COLORMAPS[0].table, { lo: 0, hi: 1, center: null, gamma: 1 });

interface Painted {
  /** "fillText", "fillRect", … */
  call: string;
  style: unknown;
  args: unknown[];
}

/** What a paint calls, and in which colour: a canvas is in the browser, what is asked of it here. */
function painted(drawing: TraceDrawing, viewport: Rect): Painted[] {
  const calls: Painted[] = [];
  const ctx = new Proxy({} as Record<string, unknown>, {
    get(target, name: string) {
      if (name in target) return target[name];
      if (name === "measureText") return (text: string) => ({ width: 5 * text.length });
      return (...args: unknown[]) => {
        const style = name.startsWith("stroke") ? target.strokeStyle : target.fillStyle;
        calls.push({ call: name, style, args });
      };
    },
  }) as unknown as CanvasRenderingContext2D;
  const theme = {
    dark: false,
    background: "#fff",
    foreground: "#000",
    muted: "#777",
    hairline: "#ddd",
    accent: "#00f",
  };
  const none = { hovered: null, focused: null, selected: null };
  drawing.paint({ ctx, viewport, scale: SCALE, theme, ...none } satisfies PaintContext);
  return calls;
}

/** The texts that a paint writes and where. */
function written(drawing: TraceDrawing, viewport: Rect): { text: string; x: number; y: number }[] {
  return painted(drawing, viewport)
    .filter(({ call }) => call === "fillText")
    .map(({ args: [text, x, y] }) => ({ text, x, y }) as { text: string; x: number; y: number });
}

test("every alternative of the reference is under its position", () => {
  const { drawing } = drawn(REFERENCE);
  let alternatives = 0;
  REFERENCE.forEach((step, position) => {
    const chosen = drawing.rect([position, 0]);
    step.alternatives?.forEach(({ token, probability }, i) => {
      alternatives++;
      const rect = drawing.rect([position, i + 1]);
      expect(rect.x).toBe(chosen.x);
      expect(rect.y).toBeGreaterThan(chosen.y);
      const found = drawing.hit(rect.x + rect.width / 2, rect.y + rect.height / 2);
      expect(found).toEqual([position, i + 1]);
      expect(drawing.valueAt(found!)).toBeCloseTo(probability, 6);
      const fact = drawing.facts(found!).find(({ name }) => name === "token");
      expect(fact?.value).toBe(token.replaceAll("\n", "\\n"));
    });
  });
  expect(alternatives).toBe(32);
});

test("the reference has five rows of twenty, the last of seventeen", () => {
  const { drawing, size } = drawn(REFERENCE);
  const tops = new Set(REFERENCE.map((_, position) => drawing.rect([position, 0]).y));
  expect(tops.size).toBe(5);
  expect(drawing.rect([96, 0]).x).toBe(drawing.rect([16, 0]).x);
  expect(size.width).toBeLessThanOrEqual(1100);
});

test("painting the reference writes each token, number and probability once", () => {
  const { drawing, size } = drawn(REFERENCE, {}, 4000);
  const texts = written(drawing, { x: 0, y: 0, ...size }).map(({ text }) => text);
  const expected = REFERENCE.flatMap((step, i) => [
    String(i + 1),
    ...[step, ...(step.alternatives ?? [])].flatMap(({ token, probability }) => [
      token.replaceAll("\n", "\\n"),
      probability.toFixed(2),
    ]),
  ]);
  expect(texts.sort()).toEqual(expected.sort());
});

test("a paint writes what meets the viewport, and its work does not grow with the trace", () => {
  const next = random(41);
  const small = drawn(randomSteps(2_000, 5, next), { row_length: 50 });
  const large = drawn(randomSteps(50_000, 5, next), { row_length: 50 });
  const viewport = { x: 300, y: 2000, width: 600, height: 500 };
  const all = written(small.drawing, { x: 0, y: 0, ...small.size });
  const inside = all.filter(({ x, y }) => x >= 300 && x <= 900 && y >= 2000 && y <= 2500);
  const some = written(small.drawing, viewport);
  expect(inside.length).toBeGreaterThan(50);
  expect(some).toEqual(expect.arrayContaining(inside));
  expect(some.length).toBeLessThan(3 * inside.length);
  expect(written(large.drawing, viewport).length).toBeLessThan(3 * some.length);
});

test("the extent is that of the path and of all alternatives, whatever is shown", () => {
  const { logprobs, alternative_logprobs } = traceState(REFERENCE).data;
  const all = [...logprobs, ...alternative_logprobs].map((v) => Math.fround(Math.exp(v)));
  const finite = [Math.min(...all), Math.max(...all)];
  expect(all).toHaveLength(97 + 32);
  for (const options of [{}, { top_k: 0 }, { min_probability: 1 }]) {
    expect(drawn(REFERENCE, options).drawing.extent().finite).toEqual(finite);
  }
});

test("recolouring moves nothing, filtering moves nothing sideways", () => {
  const { drawing, state, measure, size } = drawn(REFERENCE);
  drawing.update({ ...state, colormap: "viridis", vmin: 0.5 }, new Set(["colormap", "vmin"]));
  expect(drawing.layout(1100, measure)).toEqual(size);
  drawing.update({ ...state, min_probability: 0.3 }, new Set(["min_probability"]));
  const filtered = drawing.layout(1100, measure);
  expect(filtered.width).toBe(size.width);
  expect(filtered.height).toBeLessThan(size.height);
});

test("a selection that a filter hid falls back to a cell that is there", () => {
  const { drawing } = drawn(REFERENCE, { top_k: 0 });
  expect(drawing.rect([13, 2])).toEqual(drawing.rect([13, 0]));
  expect(drawing.announce([13, 2])).toBe("position 14, token start, probability 0.53");
});

test("row length, decimals and written values change the layout", () => {
  const { drawing, state, measure } = drawn(REFERENCE, { row_length: 20 });
  const relaid = (change: Partial<TraceState>) => {
    drawing.update({ ...state, ...change }, new Set(Object.keys(change)));
    return drawing.layout(900, measure);
  };
  const size = relaid({});
  expect(relaid({ row_length: 10 }).height).toBeGreaterThan(size.height);
  expect(relaid({ row_length: 20, show_values: false }).height).toBeLessThan(size.height);
  expect(relaid({ show_values: true, decimals: 8 }).width).toBeGreaterThan(size.width);
});

test("new data replaces everything", () => {
  const { drawing, measure } = drawn(REFERENCE);
  drawing.update(traceState(REFERENCE.slice(0, 3)), new Set(["_data"]));
  drawing.layout(1100, measure);
  expect(drawing.step(null, "End", true)).toEqual([0, 0]);
  expect(drawing.step([0, 0], "End", true)).toEqual([2, 0]);
  expect(drawing.tsv().split("\n")).toHaveLength(1 + 3 + 5 + 1);
});

test("a trace without tokens says so", () => {
  const { drawing, size } = drawn([]);
  const texts = written(drawing, { x: 0, y: 0, ...size }).map(({ text }) => text);
  expect(texts).toEqual(["no tokens"]);
  expect(drawing.step(null, "ArrowRight", false)).toBeNull();
  expect(drawing.hit(5, 5)).toBeNull();
  expect(drawing.rect([0, 0])).toEqual({ x: 0, y: 0, ...size });
});

test("another channel is written in the cells, and plain alternatives keep their probability", () => {
  const steps: Step[] = [
    { token: "a", probability: 0.25, alternatives: [{ token: "b", probability: 0.5 }] },
  ];
  const texts = (channel: string, decimals: number) => {
    const { drawing, size } = drawn(steps, { channel, decimals });
    return written(drawing, { x: 0, y: 0, ...size }).map(({ text }) => text);
  };
  expect(texts("surprisal", 1)).toEqual(["1", "a", "b", "2.0", "1.0"]);
  expect(texts("rank", 0)).toEqual(["1", "a", "b", "1", "2"]);
  expect(texts("entropy", 1)).toEqual(["1", "a", "b", "–", "0.50"]);
});

test("a change of channel changes what the scale and the histogram look at", () => {
  const { drawing, state, measure } = drawn(REFERENCE);
  const probable = drawing.distribution();
  expect(probable.size).toBe(97 + 32);
  drawing.update({ ...state, channel: "surprisal" }, new Set(["channel"]));
  drawing.layout(1100, measure);
  expect(drawing.extent().finite?.[0]).toBe(0);
  expect(drawing.valueAt([0, 0])).toBeCloseTo(-Math.log2(0.39), 5);
  expect(drawing.distribution()).not.toBe(probable);
  drawing.update({ ...state, channel: "entropy" }, new Set(["channel"]));
  expect(drawing.extent()).toMatchObject({ finite: null, hasNaN: true });
  expect(drawing.valueAt([0, 1])).toBeNaN();
  expect(drawing.distribution().size).toBe(0);
});

test("cells are wide enough for what the channel writes", () => {
  const next = random(2);
  const steps = randomSteps(40, 3, next);
  const width = (channel: string) =>
    drawn(steps, { channel, decimals: 6 }).drawing.rect([0, 0]).width;
  expect(width("logprob")).toBeGreaterThan(width("probability"));
});

test("a trace that grows is drawn as the whole of it would be", () => {
  const steps = randomSteps(120, 5, random(9));
  const _live = { running: true, rate: 20, error: null };
  const measure = evenMeasure();
  const drawing = new TraceDrawing();
  for (const channel of ["probability", "margin", "rank"]) {
    for (const length of [0, 1, 7, 8, 40, 119, 120]) {
      const whole = traceState(steps, { _live, channel });
      const state = { ...whole, data: traceData(steps.slice(0, length)) };
      // One vocabulary that grows, as it does in a browser.
      state.data = { ...whole.data, ...cut(whole.data, length) };
      drawing.update(state, length === 0 ? null : new Set(["_append", "_live"]));
      drawing.layout(1100, measure);
      const anew = new TraceDrawing();
      anew.update(state, null);
      anew.layout(1100, measure);
      expect(drawing.extent()).toEqual(anew.extent());
      expect(drawing.tsv()).toBe(anew.tsv());
      const cells = Array.from({ length }, (_, i) => [i, 0] as const);
      expect(cells.map((cell) => drawing.valueAt(cell))).toEqual(
        cells.map((cell) => anew.valueAt(cell)),
      );
    }
  }
});

test("while a trace is written, a row is as wide as it will be", () => {
  const state = (running: boolean) => {
    const _live = { running, rate: null, error: null };
    return traceState(REFERENCE.slice(0, 3), { _live });
  };
  const drawing = new TraceDrawing();
  drawing.update(state(true), null);
  const { width } = drawing.layout(1100, evenMeasure());
  drawing.update(state(false), new Set(["_live"]));
  expect(drawing.layout(1100, evenMeasure()).width).toBeLessThan(width / 4);
});

/** The columns of the first positions. */
function cut(data: TraceData, positions: number): Partial<TraceData> {
  const alternatives = data.offsets[positions];
  return {
    index: data.index.slice(0, positions),
    logprobs: data.logprobs.slice(0, positions),
    ranks: data.ranks.slice(0, positions),
    entropies: data.entropies.slice(0, positions),
    offsets: data.offsets.slice(0, positions + 1),
    alternative_index: data.alternative_index.slice(0, alternatives),
    alternative_logprobs: data.alternative_logprobs.slice(0, alternatives),
  };
}

test("as running text, a token opens its alternatives and closes them again", () => {
  const { drawing, measure, size } = drawn(REFERENCE, { arrangement: "flow" });
  const rival = drawing.facts([0, 0]).find(({ name }) => name === "alternatives");
  expect(rival?.value).toContain("First");
  expect(drawing.choose([0, 0])).toBe(true);
  const opened = drawing.layout(1100, measure);
  expect(opened.height).toBeGreaterThan(size.height);
  const { x, y, width, height } = drawing.rect([0, 1]);
  expect(drawing.hit(x + width / 2, y + height / 2)).toEqual([0, 1]);
  // An alternative that is chosen leaves the row open, another token opens its own.
  expect(drawing.choose([0, 1])).toBe(false);
  expect(drawing.choose([13, 0])).toBe(true);
  expect(drawing.choose([13, 0])).toBe(true);
  expect(drawing.layout(1100, measure)).toEqual(size);
  expect(drawing.choose(null)).toBe(false);
});

test("running text grows at its end, and what is open stays open", () => {
  const steps = [...REFERENCE];
  const { drawing, state, measure } = drawn(steps.slice(0, 50), { arrangement: "flow" });
  drawing.choose([0, 0]);
  drawing.layout(700, measure);
  const before = [0, 20, 49].map((position) => drawing.rect([position, 0]));
  drawing.update({ ...state, ...traceState(steps, { arrangement: "flow" }) }, new Set(["_append"]));
  drawing.layout(700, measure);
  expect([0, 20, 49].map((position) => drawing.rect([position, 0]))).toEqual(before);
  const whole = drawn(steps, { arrangement: "flow" }, 700);
  whole.drawing.choose([0, 0]);
  whole.drawing.layout(700, measure);
  for (const position of [50, 96]) {
    expect(drawing.rect([position, 0])).toEqual(whole.drawing.rect([position, 0]));
  }
});

test("the place that is read is kept from one arrangement to the other", () => {
  const steps = randomSteps(3000, 3, random(9));
  const { drawing, state, measure } = drawn(steps);
  const { y } = drawing.rect([2000, 0]);
  const [first] = drawing.anchor({ x: 0, y: y - 30, width: 900, height: 500 });
  expect(first).toBe(2000);
  drawing.update({ ...state, arrangement: "flow" }, new Set(["arrangement"]));
  drawing.layout(1100, measure);
  const there = drawing.rect([first, 0]).y;
  const [again] = drawing.anchor({ x: 0, y: there, width: 900, height: 500 });
  expect(Math.abs(again - first)).toBeLessThan(60);
  expect(drawing.describeView({ x: 0, y: there, width: 900, height: 100 })).toMatch(
    /^positions [12],\d{3} to 2,\d{3} of 3,000$/,
  );
});

/** The reference after a prompt: its first tokens once more, of which nothing is known. */
function prompted(given: number, options: Partial<TraceState> = {}, width = 1100) {
  const prompt = REFERENCE.slice(0, given).map(({ token }) => ({ token, probability: Number.NaN }));
  const state = traceState([...prompt, ...REFERENCE], options);
  state.data.given = given;
  const drawing = new TraceDrawing();
  drawing.update(state, null);
  const measure = evenMeasure();
  return { drawing, state, measure, size: drawing.layout(width, measure) };
}

test("a prompt is plain: tokens without numbers, fills, hatches or a border", () => {
  const { drawing, size } = prompted(27);
  const all = painted(drawing, { x: 0, y: 0, ...size });
  const start = drawing.rect([27, 0]).y - 20;
  const above = all.filter(({ call, args }) => call === "fillText" && (args[2] as number) < start);
  const tokens = REFERENCE.slice(0, 27).map(({ token }) => token.replaceAll("\n", "\\n"));
  expect(above.map(({ args }) => args[0]).sort()).toEqual(tokens.sort());
  expect(new Set(above.map(({ style }) => style))).toEqual(new Set(["#000"]));
  const rects = (name: string) =>
    all.filter(({ call, args }) => call === name && (args[1] as number) < start);
  expect(rects("fillRect")).toEqual([]);
  expect(rects("roundRect")).toEqual([]);
  expect(rects("strokeRect").map(({ style }) => style)).toEqual(new Array(27).fill("#ddd"));
  expect(all.filter(({ call }) => call === "clip")).toEqual([]);
  // What follows is written as without a prompt.
  const alone = drawn(REFERENCE);
  const texts = written(alone.drawing, { x: 0, y: 0, ...alone.size }).map(({ text }) => text);
  const below = all.filter(({ call, args }) => call === "fillText" && (args[2] as number) >= start);
  expect(below.map(({ args }) => args[0]).sort()).toEqual(texts.sort());
});

test("a prompt moves no colour, no histogram and no digit", () => {
  for (const channel of ["probability", "surprisal", "margin", "rank"]) {
    const { drawing, state } = prompted(27, { channel });
    const alone = drawn(REFERENCE, { channel });
    expect(drawing.extent()).toEqual(alone.drawing.extent());
    expect(drawing.distribution().size).toBe(alone.drawing.distribution().size);
    expect(drawing.valueAt([26, 0])).toBeNaN();
    expect(drawing.valueAt([27, 0])).toBe(alone.drawing.valueAt([0, 0]));
    expect(state.data.given).toBe(27);
  }
});

test("positions are counted from the end of the prompt", () => {
  const { drawing, size } = prompted(27);
  const whole = { x: 0, y: 0, ...size };
  expect(drawing.describeView(whole)).toBe("prompt, positions 1 to 97 of 97");
  expect(drawing.describeView({ ...whole, height: 60 })).toBe("prompt");
  const { y } = drawing.rect([27, 0]);
  expect(drawing.describeView({ ...whole, y, height: 40 })).toBe("positions 1 to 20 of 97");
  const lines = drawing.tsv().split("\n");
  expect(lines[1]).toMatch(/^-27\t0\t\S+\t\t$/);
  expect(lines[27]).toMatch(/^-1\t0\t/);
  expect(lines.slice(28)).toEqual(drawn(REFERENCE).drawing.tsv().split("\n").slice(1));
  const headers = drawing.readable([0, 0]).lines.map(({ entries: [first] }) => first);
  expect(headers.slice(0, 3).map((header) => "text" in header && header.text)).toEqual([
    "prompt, tokens 1 to 20",
    "prompt, tokens 21 to 27",
    "positions 1 to 20, chosen",
  ]);
});

test("in running text a prompt is bare, and a mark stands where it ends", () => {
  const { drawing, size } = prompted(27, { arrangement: "flow" }, 600);
  const all = painted(drawing, { x: 0, y: 0, ...size });
  const { x, y, height } = drawing.rect([27, 0]);
  const fills = all.filter(({ call }) => call === "fillRect");
  const mark = { call: "fillRect", style: "#00f", args: [x - 2, y - 2, 2, height + 4] };
  expect(fills.filter(({ style }) => style === "#00f")).toEqual([mark]);
  expect(fills.filter(({ args: [, top] }) => (top as number) < y - 2)).toEqual([]);
  expect(drawing.choose([26, 0])).toBe(false);
  expect(drawing.choose([27, 0])).toBe(true);
  // A prompt alone ends in nothing.
  const { drawing: alone, state } = drawn(REFERENCE, { arrangement: "flow" });
  alone.update({ ...state, data: { ...state.data, given: 97 } }, new Set(["_data"]));
  const bare = painted(alone, { x: 0, y: 0, ...alone.layout(600, evenMeasure()) });
  expect(bare.filter(({ call }) => call === "fillRect")).toEqual([]);
});

test("a lens colours what it covers, and moves nothing", () => {
  const values = new Float32Array(30).fill(Number.NaN);
  values.set([-1, 0.5, 3]);
  values[29] = 0.25;
  const scale = new ColorScale(COLORMAPS[1].table, { lo: -1, hi: 1, center: 0, gamma: 1 });
  const lens = { values, scale, write: (v: number) => `=${v}`, name: "attribution" };
  for (const arrangement of ["grid", "flow"] as const) {
    const { drawing, size, measure } = prompted(27, { arrangement });
    const viewport = { x: 0, y: 0, ...size };
    const before = painted(drawing, viewport);
    drawing.lens = lens;
    expect(drawing.layout(1100, measure)).toEqual(size);
    const all = painted(drawing, viewport);
    const fillOf = (calls: Painted[], position: number) => {
      const { x, y } = drawing.rect([position, 0]);
      const on = ({ call, args }: Painted) => call === "fillRect" && args[0] === x && args[1] === y;
      return calls.find(on)?.style;
    };
    for (const position of [0, 1, 2, 29]) {
      expect(fillOf(all, position)).toBe(scale.css(values[position]));
      expect(drawing.valueAt([position, 0])).toBe(values[position]);
      expect(drawing.scaleAt([position, 0])).toBe(scale);
    }
    for (const position of [3, 26]) expect(fillOf(all, position)).toBeUndefined();
    for (const position of [27, 28, 30]) {
      expect(fillOf(before, position)).toBeDefined();
      expect(fillOf(all, position)).toBeUndefined(); // plain, so that one scale colours the path
      expect(drawing.scaleAt([position, 0])).toBeNull();
    }
    // Beyond the end of its scale there is a mark, in the colour of the text.
    const marks = all.filter(({ call }) => call === "lineTo").length;
    expect(marks).toBeGreaterThan(before.filter(({ call }) => call === "lineTo").length);
    const texts = all.filter(({ call, args }) => call === "fillText" && /^=/.test(`${args[0]}`));
    expect(texts.map(({ args: [text], style }) => [text, style])).toEqual(
      arrangement === "flow"
        ? []
        : [-1, 0.5, 3, 0.25].map((value) => [`=${value}`, scale.textOn(value)]),
    );
    const { swatch, facts } = tooltipContent(drawing, SCALE, [2, 0]);
    expect(swatch).toBe(scale.css(3));
    expect(facts.slice(0, 2)).toEqual([
      { name: "attribution", value: "=3" },
      { name: "range", value: "above range (> 1), so its corner is marked" },
    ]);
    expect(sentence(drawing, SCALE, [2, 0])).toMatch(/^prompt 3 of 27, .*, above range$/);
    expect(tooltipContent(drawing, SCALE, [3, 0]).swatch).toBeNull();
    // Once it is gone all is as before.
    drawing.lens = null;
    expect(painted(drawing, viewport)).toEqual(before);
  }
});

test("the alternatives of what a lens covers keep their colours", () => {
  const { drawing } = prompted(27);
  const value = drawing.valueAt([27, 1]);
  const values = new Float32Array(124).fill(0.5);
  drawing.lens = { values, scale: SCALE, write: String, name: "attribution" };
  expect(drawing.valueAt([27, 1])).toBe(value);
  expect(drawing.scaleAt([27, 1])).toBeNull();
});

test("a trace that grows after its prompt is drawn as the whole of it would be", () => {
  const { state } = prompted(27, { _live: { running: true, rate: 20, error: null } });
  const drawing = new TraceDrawing();
  for (const length of [27, 28, 60, 124]) {
    const data = { ...state.data, ...cut(state.data, length) };
    drawing.update({ ...state, data }, length === 27 ? null : new Set(["_append", "_live"]));
    drawing.layout(1100, evenMeasure());
    const anew = new TraceDrawing();
    anew.update({ ...state, data }, null);
    anew.layout(1100, evenMeasure());
    expect(drawing.extent()).toEqual(anew.extent());
    expect(drawing.rect([length - 1, 0]).y).toBe(anew.rect([length - 1, 0]).y);
    expect(drawing.rect([26, 0])).toEqual(anew.rect([26, 0]));
  }
});

/** Three positions, of which the first was listed with alternatives. */
const MARKED: readonly Step[] = [
  {
    ...{ token: "a", probability: 0.5 },
    alternatives: [
      { token: "b", probability: 0.3 },
      { token: "c", probability: 0.01 },
    ],
  },
  { token: "d", probability: 0.25 },
  { token: "e", probability: 1 },
];
const ALL = { x: 0, y: 0, width: 1100, height: 900 };

function marked(options: Partial<TraceState>, changes: Partial<TraceData> = {}) {
  const flags = [
    { name: "loss_mask", values: Uint8Array.of(0, 1, 1) },
    { name: "clipped", values: Uint8Array.of(0, 1, 0) },
  ];
  const categories = [
    { name: "role", words: ["user", null, "tool"], index: Uint32Array.of(0, 1, 2) },
  ];
  const channels = [{ name: "own", values: Float32Array.of(1, 2, 300) }];
  const data = { ...traceData(MARKED), flags, categories, channels, ...changes };
  return drawn(MARKED, { ...options, data });
}

test("what is written may be another channel than what colours", () => {
  const { drawing } = marked({ written: "own" });
  const texts = written(drawing, ALL).map(({ text }) => text);
  expect(texts).toEqual(expect.arrayContaining(["1", "2", "300", "0.30"]));
  expect(texts).not.toContain("0.50");
  expect(drawing.valueAt([0, 0])).toBe(0.5);
  expect(drawing.legend()).toEqual(["written: own"]);
  expect(drawing.announce([0, 0])).toMatch(/token a, probability 0.50, own 1, alternative 1/);
  expect(drawing.tsv().split("\n")[0]).toMatch(/\town$/);
  expect(marked({ written: "probability" }).drawing.legend()).toEqual([]);
});

test("lower bounds are written as such", () => {
  const ranks = Int32Array.of(3, 1, 0);
  const bounds = { ranks, ranks_at_least: Uint8Array.of(1, 0, 0) };
  const { drawing } = marked({ channel: "rank", decimals: 0, vmin: 1, vmax: 9 }, bounds);
  const texts = written(drawing, ALL).map(({ text }) => text);
  expect(texts).toEqual(expect.arrayContaining(["≥ 3", "1", "–"]));
  expect(drawing.announce([0, 0])).toMatch(/rank ≥ 3, probability 0.50/);
});

test("the rest is a quiet cell below what is shown, and room is kept for it", () => {
  const { drawing, size } = marked({ show_rest: true });
  expect(size.height).toBeGreaterThan(marked({}).size.height);
  const other = written(drawing, ALL).filter(({ text }) => /other|%/.test(text));
  // What is listed but not shown is part of it; where nothing is listed there is none.
  expect(other.map(({ text }) => text)).toEqual(["other", "20 %"]);
  expect(other[0].y).toBeGreaterThan(drawing.rect([0, 1]).y + drawing.rect([0, 1]).height);
  expect(drawing.facts([0, 0])).toContainEqual({ name: "other", value: "20 %" });
  expect(drawing.facts([1, 0]).map(({ name }) => name)).not.toContain("other");
});

test("what a mask leaves out is dimmed, what another flag marks is striped", () => {
  const masked = marked({ flag: "loss_mask" }).drawing;
  expect(masked.legend()).toEqual(["dimmed: not in loss_mask (33 %)"]);
  expect(masked.announce([0, 0])).toMatch(/, not in loss_mask$/);
  expect(masked.announce([1, 0])).not.toMatch(/loss_mask/);
  const striped = marked({ flag: "clipped" }).drawing;
  expect(striped.legend()).toEqual(["striped: clipped (33 %)"]);
  const lines = (drawing: TraceDrawing) =>
    painted(drawing, ALL).filter(({ call }) => call === "lineTo").length;
  expect(lines(striped)).toBeGreaterThan(lines(masked));
  const facts = striped.facts([1, 0]);
  expect(facts).toContainEqual({ name: "loss_mask", value: "yes" });
  expect(facts).toContainEqual({ name: "clipped", value: "yes" });
  expect(marked({ flag: "gone" }).drawing.legend()).toEqual([]);
});

test("a category stands over the numbers, each of its words where it begins", () => {
  const { drawing } = marked({ category: "role" });
  const numbers = written(marked({}).drawing, ALL).find(({ text }) => text === "1");
  const seen = written(drawing, ALL);
  const words = seen.filter(({ text }) => text === "user" || text === "tool");
  expect(words.map(({ text, x }) => [text, x])).toEqual([
    ["user", drawing.rect([0, 0]).x],
    ["tool", drawing.rect([2, 0]).x],
  ]);
  const number = seen.find(({ text }) => text === "1");
  expect(words[0].y).toBeLessThan((number as { y: number }).y - 10);
  expect((number as { y: number }).y).toBeGreaterThan((numbers as { y: number }).y);
  expect(drawing.legend()).toEqual(["bands: role"]);
  expect(drawing.announce([2, 0])).toMatch(/^tool, position 3/);
  expect(drawing.facts([1, 0])).toContainEqual({ name: "role", value: "–" });
});
