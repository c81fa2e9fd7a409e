/**
 * Builds the coarser levels of a matrix and its summary, in slices that can be put off.
 *
 * Runs in a worker, at once, or bit by bit between frames: whoever drives the generator decides.
 * The longer side is halved until it is near the shorter one, then both are (`gradual`: in turn), so
 * that every level is of use for a matrix that is fitted into a box, however long and thin it is.
 */

import type { Places } from "../../data/arrange.ts";
import { bitsOf } from "./extreme.ts";
import { poolRows } from "./pool.ts";
import { type Summary, Summing } from "./summary.ts";

export interface LevelArray {
  rowFactor: number;
  columnFactor: number;
  rows: number;
  columns: number;
  /** Row-major. */
  values: Float32Array;
}

export interface BuildOptions {
  /** Row-major. */
  values: Float32Array;
  shape: readonly [number, number];
  places: Places;
  /** Whether the summary is wanted, too. It is of all values, whatever is shown. */
  summarise: boolean;
  /**
   * Whether sides that are near each other are halved in turn and not both at once, but of the
   * largest levels. A box is seldom as wide in cells as it is high, and a level must be fine enough
   * for either: with those between, fewer texels stand under a pixel.
   */
  gradual: boolean;
}

export interface Built {
  /** Without the matrix itself. */
  levels: LevelArray[];
  summary: Summary | null;
}

/** Values between two yields. */
const SLICE = 1 << 17;
/** Half of a level that is larger than this would take too much memory. */
const GRADUAL = 1 << 22;
/** A level this small is not made smaller. */
const SMALLEST = 4096;

/** Yields between slices of work, each a few milliseconds at most. */
export function* build(options: BuildOptions): Generator<void, Built, void> {
  const { values, shape, summarise } = options;
  const summing = summarise ? new Summing(values, shape) : null;
  const levels: LevelArray[] = [];
  if (summing !== null) {
    for (const [from, to] of slices(shape)) {
      summing.add(from, to);
      yield;
    }
  }
  let below: LevelArray | null = null;
  for (;;) {
    const level: LevelArray | null = yield* below === null
      ? fromMatrix(options)
      : fromLevel(below, options.gradual);
    if (level === null) break;
    levels.push(level);
    below = level;
  }
  return { levels, summary: summing?.result ?? null };
}

/** All of it, now. */
export function buildNow(options: BuildOptions): Built {
  const building = build(options);
  for (;;) {
    const { done, value } = building.next();
    if (done) return value;
  }
}

/** By how much the next level is coarser, down and across; null where none is needed. */
export function halving(rows: number, columns: number): readonly [number, number] | null {
  if (rows * columns <= SMALLEST) return null;
  return [2 * rows > columns ? 2 : 1, 2 * columns > rows ? 2 : 1];
}

/** The sides take turns. */
function oneOf(rows: number, columns: number): readonly [number, number] {
  return rows >= columns ? [2, 1] : [1, 2];
}

/** An empty level above one of so many rows and columns. */
function above(
  { rows, columns, rowFactor, columnFactor }: Omit<LevelArray, "values">,
  gradual: boolean,
): LevelArray | null {
  const both = halving(rows, columns);
  if (both === null) return null;
  const by =
    gradual && both[0] === both[1] && rows * columns <= GRADUAL ? oneOf(rows, columns) : both;
  const [n, m] = [Math.ceil(rows / by[0]), Math.ceil(columns / by[1])];
  return {
    rowFactor: rowFactor * by[0],
    columnFactor: columnFactor * by[1],
    rows: n,
    columns: m,
    values: new Float32Array(n * m),
  };
}

function* fromMatrix({
  values,
  shape,
  places,
  gradual,
}: BuildOptions): Generator<void, LevelArray | null> {
  const rows = places.rows?.length ?? shape[0];
  const columns = places.columns?.length ?? shape[1];
  const level = above({ rows, columns, rowFactor: 1, columnFactor: 1 }, gradual);
  if (level === null) return null;
  if (places.rows === null && places.columns === null) {
    yield* fill(level, { rows, columns, values }, [level.rowFactor, level.columnFactor]);
    return level;
  }
  // Two rows at a time, put in order first.
  const gathered = new Float32Array(2 * columns);
  const [from, to] = [bitsOf(gathered), bitsOf(level.values)];
  const per = Math.max(1, Math.floor(SLICE / (2 * columns)));
  for (let i = 0; i < level.rows; i++) {
    const upper = i * level.rowFactor;
    const lower = Math.min(rows - 1, upper + level.rowFactor - 1);
    gather(values, shape[1], upper, places, gathered, 0, columns - 1);
    gather(values, shape[1], lower, places, gathered.subarray(columns), 0, columns - 1);
    const at = i * level.columns;
    poolRows(from, [0, columns], columns, level.columnFactor, to, at);
    if (i % per === per - 1) yield;
  }
  return level;
}

function* fromLevel(below: LevelArray, gradual: boolean): Generator<void, LevelArray | null> {
  const level = above(below, gradual);
  if (level === null) return null;
  const by = [level.rowFactor / below.rowFactor, level.columnFactor / below.columnFactor] as const;
  yield* fill(level, below, by);
  return level;
}

function* fill(
  level: LevelArray,
  below: Pick<LevelArray, "rows" | "columns" | "values">,
  by: readonly [number, number],
): Generator<void, void> {
  const per = Math.max(1, Math.floor(SLICE / (by[0] * below.columns)));
  const [from, to] = [bitsOf(below.values), bitsOf(level.values)];
  for (let i = 0; i < level.rows; i++) {
    const upper = i * by[0];
    const lower = Math.min(below.rows - 1, upper + by[0] - 1);
    const starts = [upper * below.columns, lower * below.columns] as const;
    poolRows(from, starts, below.columns, by[1], to, i * level.columns);
    if (i % per === per - 1) yield;
  }
}

/** The places `first` to `last` of a row of the matrix, in the order in which it is shown. */
export function gather(
  values: Float32Array,
  stride: number,
  row: number,
  { rows, columns }: Places,
  out: Float32Array,
  first: number,
  last: number,
): void {
  const start = (rows?.[row] ?? row) * stride;
  if (columns === null) out.set(values.subarray(start + first, start + last + 1));
  else for (let j = first; j <= last; j++) out[j - first] = values[start + columns[j]];
}

/** Stretches of rows of about equal work. */
function* slices([rows, columns]: readonly [number, number]): Generator<readonly [number, number]> {
  const per = Math.max(1, Math.floor(SLICE / Math.max(1, columns)));
  for (let from = 0; from < rows; from += per) yield [from, Math.min(rows, from + per)];
}
