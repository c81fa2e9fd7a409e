import { describe, expect, test } from "vitest";
import { extentOf } from "../../color/extent.ts";
import type { Places } from "../../data/arrange.ts";
import { random } from "../../testing.ts";
import { type BuildOptions, type Built, buildNow, type LevelArray } from "./build.ts";
import { bitsOf, extreme, extremeBits } from "./extreme.ts";
import { WORKER } from "./kit.ts";

const AS_THEY_ARE: Places = { rows: null, columns: null };

/** Values with ties of opposite signs, and some that are not finite. */
function matrix(length: number, seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length }, () => {
    const kind = next();
    if (kind < 0.3) return Number.NaN;
    if (kind < 0.31) return next() < 0.5 ? Infinity : -Infinity;
    if (kind < 0.6) return Math.round(6 * next() - 3);
    return (next() - 0.5) * 10 ** (12 * next() - 4);
  });
}

/** The extreme of a list, by its words: NaN left out, largest magnitude, positive on a tie. */
function extremeOf(values: readonly number[]): number {
  const numbers = values.filter((v) => !Number.isNaN(v));
  const most = Math.max(...numbers.map(Math.abs));
  if (numbers.length === 0) return Number.NaN;
  return numbers.includes(most) ? most : -most;
}

test("the extreme does not depend on the order", () => {
  const all = [Number.NaN, -2, 2, 1, -Infinity, Infinity, 0, -0.5];
  for (const a of all) {
    for (const b of all) {
      expect(extreme(a, b)).toBe(extreme(b, a));
      expect(extreme(a, b)).toBe(extremeOf([a, b]));
    }
  }
});

test("bits give the same extreme as values", () => {
  const values = matrix(5000, 9);
  const bits = bitsOf(values);
  const back = new Float32Array(1);
  const out = bitsOf(back);
  for (let i = 0; i < 5000; i++) {
    for (const j of [i, (i * 7 + 1) % 5000]) {
      out[0] = extremeBits(bits[i], bits[j]);
      expect(back[0] + 0).toBe(extreme(values[i], values[j]) + 0);
    }
  }
});

function expectPooled(level: LevelArray, of: BuildOptions): void {
  const { values, shape, places } = of;
  const rows = [...(places.rows ?? Array(shape[0]).keys())];
  const columns = [...(places.columns ?? Array(shape[1]).keys())];
  expect([level.rows, level.columns]).toEqual([
    Math.ceil(rows.length / level.rowFactor),
    Math.ceil(columns.length / level.columnFactor),
  ]);
  const want = new Float32Array(level.rows * level.columns);
  for (let i = 0; i < level.rows; i++) {
    for (let j = 0; j < level.columns; j++) {
      const down = rows.slice(i * level.rowFactor, (i + 1) * level.rowFactor);
      const across = columns.slice(j * level.columnFactor, (j + 1) * level.columnFactor);
      const block = down.flatMap((r) => across.map((c) => values[r * shape[1] + c]));
      want[i * level.columns + j] = extremeOf(block);
    }
  }
  // Whether a zero has a sign is of no matter.
  expect(level.values.map((v) => v + 0)).toEqual(want.map((v) => v + 0));
}

describe.each([
  [[97, 83]],
  [[128, 128]],
  [[1, 9001]],
  [[9001, 1]],
  [[2500, 3]],
  [[7, 1501]],
  [[300, 33]],
] as [[number, number]][])("a matrix of %j", (shape) => {
  const values = matrix(shape[0] * shape[1], shape[0]);

  test.each([false, true])("has levels of ever larger blocks, gradual or not: %s", (gradual) => {
    const options = { values, shape, places: AS_THEY_ARE, summarise: false, gradual };
    const { levels, summary } = buildNow(options);
    expect(summary).toBeNull();
    for (const level of levels) expectPooled(level, options);
    const last = levels.at(-1);
    expect((last?.rows ?? shape[0]) * (last?.columns ?? shape[1])).toBeLessThanOrEqual(4096);
  });

  test("is pooled in the order in which it is shown", () => {
    const next = random(5);
    const some = (count: number) =>
      Uint32Array.from({ length: Math.ceil(count * 0.8) }, () => Math.floor(next() * count));
    const places = { rows: some(shape[0]), columns: some(shape[1]) };
    for (const each of [places, { ...places, rows: null }, { ...places, columns: null }]) {
      const options = { values, shape, places: each, summarise: false, gradual: true };
      for (const level of buildNow(options).levels) expectPooled(level, options);
    }
  });

  test("is summed up", () => {
    const { summary } = buildNow({
      values,
      shape,
      places: AS_THEY_ARE,
      summarise: true,
      gradual: false,
    });
    const all = [...values];
    const finite = all.filter(Number.isFinite);
    const sum = (of: number[]) =>
      of.reduce((total, v) => (Number.isNaN(v) ? total : total + Math.abs(v)), 0);
    expect(summary).toMatchObject({
      extent: extentOf(values),
      largest: Math.max(...finite.map(Math.abs)),
      hasNegative: true,
    });
    const rows = Array.from({ length: shape[0] }, (_, i) =>
      sum(all.slice(i * shape[1], (i + 1) * shape[1])),
    );
    const columns = Array.from({ length: shape[1] }, (_, j) =>
      sum(all.filter((_, at) => at % shape[1] === j)),
    );
    expect([...(summary?.rowSums ?? [])]).toEqual(rows);
    expect([...(summary?.columnSums ?? [])]).toEqual(columns);
  });
});

test("a matrix without a value, and one without a finite value, have a summary", () => {
  const of = (values: number[], shape: [number, number]) =>
    buildNow({
      ...{
        values: Float32Array.from(values),
        shape,
        places: AS_THEY_ARE,
        summarise: true,
        gradual: false,
      },
    }).summary;
  expect(of([], [0, 0])?.extent).toEqual(extentOf([]));
  expect(of([Number.NaN], [1, 1])?.extent).toEqual(extentOf([Number.NaN]));
  expect(of([Infinity, Infinity], [1, 2])?.extent).toEqual(extentOf([Infinity]));
  expect(of([-Infinity], [1, 1])).toMatchObject({ hasNegative: true, largest: 0 });
});

test("the worker's code stands alone and answers the same", () => {
  const options = {
    ...{ values: matrix(20_000, 1), shape: [200, 100] as const },
    ...{ places: AS_THEY_ARE, summarise: true, gradual: false },
  };
  const answers: [Built, unknown[]][] = [];
  const scope = {
    onmessage: (_: { data: BuildOptions }) => {},
    postMessage: (built: Built, transfer: unknown[]) => answers.push([built, transfer]),
  };
  new Function("self", WORKER)(scope);
  scope.onmessage({ data: options });
  const [[built, transfer]] = answers;
  expect(built).toEqual(buildNow(options));
  expect(transfer).toEqual(built.levels.map(({ values }) => values.buffer));
});
