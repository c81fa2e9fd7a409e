import { expect, test } from "vitest";
import { Arrangement, type ArrangeOptions, arrange, type Order } from "./arrange.ts";

const PLAIN: ArrangeOptions = {
  ...{ row_order: "original", column_order: "original", top_rows: null, hidden_columns: [] },
};

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** A selection sort of the plainest kind: again and again the first of the largest. */
function sorted(indices: number[], key: (index: number) => number): number[] {
  const [left, out] = [[...indices], [] as number[]];
  while (left.length > 0) {
    let best = 0;
    for (let i = 1; i < left.length; i++) {
      const [a, b] = [key(left[i]), key(left[best])];
      if (a > b || (!Number.isNaN(a) && Number.isNaN(b))) best = i;
    }
    out.push(...left.splice(best, 1));
  }
  return out;
}

function magnitude(values: number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length === 0) return Number.NaN;
  return known.reduce((sum, value) => sum + Math.abs(value), 0);
}

test("agrees with the plainest way on random matrices, with ties, NaN and Inf", () => {
  const next = random(7);
  const whole = (count: number) => Math.floor(next() * count);
  for (let round = 0; round < 400; round++) {
    const [n, m] = [1 + whole(8), 1 + whole(6)];
    const some = [0, 1, -1, 2, 0.5, Number.NaN, Infinity, -Infinity];
    const values = Float32Array.from({ length: n * m }, () => some[whole(some.length)]);
    const order = (count: number): Order =>
      (["original", "magnitude", whole(count)] as const)[whole(3)];
    const options: ArrangeOptions = {
      row_order: order(m),
      column_order: order(n),
      top_rows: whole(2) === 0 ? null : 1 + whole(n + 2),
      hidden_columns: Array.from({ length: m - 1 }, (_, j) => j).filter(() => whole(3) === 0),
    };
    const at = (i: number, j: number) => values[i * m + j];
    const { row_order, column_order, top_rows, hidden_columns } = options;

    const shown = [...Array(m).keys()].filter((j) => !hidden_columns.includes(j));
    const all = [...Array(n).keys()];
    const byRow = (i: number) =>
      typeof row_order === "number" ? at(i, row_order) : magnitude(shown.map((j) => at(i, j)));
    const best = sorted(all, byRow);
    const kept = best.slice(0, top_rows ?? n);
    const rows = row_order === "original" ? all.filter((i) => kept.includes(i)) : kept;
    const byColumn = (j: number) =>
      typeof column_order === "number" ? at(column_order, j) : magnitude(all.map((i) => at(i, j)));
    const columns = column_order === "original" ? shown : sorted(shown, byColumn);

    const found = arrange({ values, shape: [n, m] }, options);
    expect([...(found.rows ?? all)]).toEqual(rows);
    expect([...(found.columns ?? [...Array(m).keys()])]).toEqual(columns);
    const arrangement = new Arrangement(found, [n, m]);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        const place = arrangement.place([i, j]);
        const is = rows.includes(i) && columns.includes(j);
        expect(place).toEqual(is ? [rows.indexOf(i), columns.indexOf(j)] : null);
        if (place !== null) expect(arrangement.cell(place)).toEqual([i, j]);
      }
    }
  }
});

test("a matrix that is shown as it is needs no places", () => {
  const values = new Float32Array(6);
  expect(arrange({ values, shape: [2, 3] }, PLAIN)).toEqual({ rows: null, columns: null });
  expect(arrange({ values, shape: [2, 3] }, { ...PLAIN, top_rows: 2 }).rows).toBeNull();
});

test("headers are no cells, and keep their place", () => {
  const arrangement = new Arrangement({ rows: Uint32Array.of(1, 0), columns: null }, [2, 2]);
  expect(arrangement.place([1, -1])).toEqual([0, -1]);
  expect(arrangement.cell([-1, 1])).toEqual([-1, 1]);
});

test("an order of data that are gone is none", () => {
  const values = new Float32Array(4);
  const options = { ...PLAIN, row_order: 5, column_order: 9 };
  expect(arrange({ values, shape: [2, 2] }, options)).toEqual({ rows: null, columns: null });
});
