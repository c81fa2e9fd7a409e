/**
 * A matrix that stays with the kernel: its pyramid, tile by tile, as far as it has come.
 *
 * A picture of one level travels with the figure. Coarser levels are pooled from it here; finer
 * ones are asked for where somebody looks, and until they come the picture, or whatever is less
 * coarse than it, stands in. Tiles that were not looked at for long are let go.
 */

import type { HeatmapData } from "../../data/heatmap.ts";
import { decodeFloats } from "../../wire/codec.ts";
import type { LevelArray } from "../pyramid/build.ts";
import { buildNow, halving } from "../pyramid/kit.ts";
import type { Level, LevelSource } from "../pyramid/source.ts";
import type { Summary } from "../pyramid/summary.ts";
import type { Link } from "./link.ts";
import { type Area, keyOf, meet, type TileName, TileQueue } from "./queue.ts";

export interface TileSourceOptions {
  data: Pick<HeatmapData, "shape" | "tiles">;
  /** Null where there is no kernel and never was. */
  link: Link | null;
  /** Called when a tile has come. */
  arrived: () => void;
  /** Called when what is to be said of the source may have changed. */
  changed: () => void;
  signal: AbortSignal;
}

interface Tile {
  values: Float32Array;
  columns: number;
  exact: boolean;
  /** Where a sampled tile lies, and whether the kernel may know it better by now. */
  name?: TileName;
  stale?: boolean;
}

type Factors = Omit<LevelArray, "values">;

/** Bytes of tiles that are kept. */
const KEPT = 96 * 2 ** 20;
/** Cells in view that are painted one by one, at most. */
const FEW = 30_000;
/** Milliseconds without an answer before the figure says that it waits. */
const PATIENCE = 2000;

export class TileSource implements LevelSource {
  readonly shape: readonly [number, number];
  readonly levels: readonly Level[];
  readonly summary: Summary;
  version = 0;
  readonly #scales: Factors[];
  readonly #size: number;
  readonly #pictureLevel: number;
  /** The picture, and the levels above it, by level. */
  readonly #pictures = new Map<number, Tile>();
  /** By key, the one looked at longest ago first. */
  readonly #tiles = new Map<string, Tile>();
  #kept = 0;
  readonly #failed = new Set<string>();
  readonly #queue: TileQueue;
  readonly #link: Link | null;
  readonly #options: TileSourceOptions;
  /** Answers to other views, and to questions about other data, are not for this one. */
  readonly #id = Math.random().toString(36).slice(2);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #waiting = false;
  #lost = false;
  #error: string | null = null;
  /** What is in view, and whether it is so little that cells are painted one by one. */
  #view = "";
  #few = false;
  /** The finest level that was read for it, and whether something of it was not exact. */
  #finest = Infinity;
  #sampled = false;

  constructor(options: TileSourceOptions) {
    const { data, link, signal } = options;
    if (data.tiles === undefined) throw new TypeError("expected data in tiles");
    const { level, picture, exact, size } = data.tiles;
    this.#options = options;
    this.#link = link;
    this.#size = size;
    this.#pictureLevel = level;
    this.shape = data.shape;
    this.#scales = scales(data.shape);
    this.summary = this.#takePicture(picture, exact);
    this.levels = this.#scales.map((scale, k) => ({
      ...scale,
      read: (row, first, last, out) => this.#read(k, row, first, last, out),
    }));
    this.#queue = new TileQueue((tile) => this.#area(tile));
    link?.listen(
      (content, buffers) => this.#hear(content, buffers),
      () => this.#lose(),
      signal,
    );
    signal.addEventListener("abort", () => {
      clearTimeout(this.#timer);
      clearTimeout(this.#patience);
    });
  }

  /** What the reader is to know about what is seen; empty when there is nothing to say. */
  get status(): string {
    const said: string[] = [];
    if (this.#link === null) {
      // A level more would hardly be seen.
      if (this.#finest < this.#pictureLevel - 1)
        said.push("coarse picture: no finer one is held here");
    } else if (this.#lost) said.push(`${this.#link.owner.name} is gone: coarse picture`);
    else if (this.#error !== null) said.push(`values could not be read: ${this.#error}`);
    else if (this.#waiting) said.push(`waiting for ${this.#link.owner.name}: coarse picture`);
    if (this.#sampled) said.push("sampled: not every value was looked at");
    return said.join(" · ");
  }

  /** What is in view now: its tiles come first, and nothing else is asked for. */
  look(rows: { first: number; last: number }, columns: { first: number; last: number }): void {
    const view = {
      ...{ top: rows.first, bottom: rows.last + 1 },
      ...{ left: columns.first, right: columns.last + 1 },
    };
    const place = JSON.stringify([this.version, view]);
    if (place === this.#view) return;
    this.#view = place;
    this.#queue.look(view);
    this.#few = (view.bottom - view.top) * (view.right - view.left) <= FEW;
    this.#finest = this.#few ? 0 : Infinity;
    this.#sampled = false;
    this.#later();
  }

  valueAt(row: number, column: number): number | undefined {
    const size = this.#size;
    const picture = this.#pictures.get(0);
    if (picture !== undefined) return picture.values[row * picture.columns + column];
    const name = { level: 0, row: Math.floor(row / size), column: Math.floor(column / size) };
    const tile = this.#tile(name);
    if (tile !== undefined) return tile.values[(row % size) * tile.columns + (column % size)];
    if (this.#few && this.#queue.sees(name)) this.#want(name);
    else if (this.#wantable(name)) {
      // Not to be painted as a cell of its own, so it is pointed at.
      this.#queue.point(name);
      this.#later();
    }
    return undefined;
  }

  /** What is known around a cell whose value is not here: the extreme of so many cells. */
  around(row: number, column: number): { value: number; rows: number; columns: number } {
    for (let k = 1; ; k++) {
      const { rowFactor: rows, columnFactor: columns } = this.#scales[k];
      const value = this.#texel(k, Math.floor(row / rows), Math.floor(column / columns));
      if (value !== undefined) return { value, rows, columns };
    }
  }

  /** Whether values that are not here may come. */
  get connected(): boolean {
    return this.#link !== null && !this.#lost;
  }

  /** Keeps the picture and the levels above it; returns what it says of the whole. */
  #takePicture(picture: Float32Array, exact: boolean): Summary {
    const { rows, columns } = this.#scales[this.#pictureLevel];
    const options = {
      ...{ values: picture, shape: [rows, columns] as const, summarise: true, gradual: false },
      places: { rows: null, columns: null },
    };
    const { levels, summary } = buildNow(options);
    this.#pictures.set(this.#pictureLevel, { values: picture, columns, exact });
    levels.forEach(({ values, columns }, i) => {
      this.#pictures.set(this.#pictureLevel + 1 + i, { values, columns, exact });
    });
    return summary as Summary;
  }

  #read(level: number, row: number, first: number, last: number, out: Float32Array): boolean {
    const size = this.#size;
    let complete = true;
    if (level < this.#finest) [this.#finest, this.#sampled] = [level, false];
    for (let column = Math.floor(first / size); column * size <= last; column++) {
      const left = column * size;
      const from = Math.max(first, left);
      const to = Math.min(last, left + size - 1) + 1;
      const name = { level, row: Math.floor(row / size), column };
      const tile = this.#tile(name);
      if (tile !== undefined) {
        const start = (row % size) * tile.columns - left;
        out.set(tile.values.subarray(start + from, start + to), from - first);
        if (!tile.exact) this.#improve(name, tile);
        continue;
      }
      const picture = this.#pictures.get(level);
      if (picture === undefined) {
        this.#want(name);
        this.#standIn(level, row, from, to, out, from - first);
        complete = false;
        continue;
      }
      const start = row * picture.columns;
      out.set(picture.values.subarray(start + from, start + to), from - first);
      if (!picture.exact) {
        this.#noteSampled(level);
        this.#want(name);
      }
    }
    return complete;
  }

  /** Texels of a row from whatever is least coarse among what is here. */
  #standIn(
    level: number,
    row: number,
    from: number,
    to: number,
    out: Float32Array,
    at: number,
  ): void {
    const own = this.#scales[level];
    for (let x = from; x < to; x++) {
      for (let k = level + 1; k <= this.#pictureLevel; k++) {
        const { rowFactor, columnFactor } = this.#scales[k];
        const across = columnFactor / own.columnFactor;
        const texel = Math.floor(x / across);
        const down = Math.floor((row * own.rowFactor) / rowFactor);
        const value = this.#texel(k, down, texel);
        if (value === undefined) continue;
        // The same texel stands in for its other columns too.
        const end = Math.min(to, (texel + 1) * across);
        out.fill(value, at + x - from, at + end - from);
        x = end - 1;
        break;
      }
    }
  }

  #texel(level: number, row: number, column: number): number | undefined {
    const size = this.#size;
    const name = { level, row: Math.floor(row / size), column: Math.floor(column / size) };
    const tile = this.#tiles.get(keyOf(name));
    if (tile !== undefined) return tile.values[(row % size) * tile.columns + (column % size)];
    const picture = this.#pictures.get(level);
    return picture?.values[row * picture.columns + column];
  }

  /** A tile that is here, which thereby was looked at. */
  #tile(name: TileName): Tile | undefined {
    const key = keyOf(name);
    const tile = this.#tiles.get(key);
    if (tile !== undefined) {
      this.#tiles.delete(key);
      this.#tiles.set(key, tile);
    }
    return tile;
  }

  #area({ level, row, column }: TileName): Area {
    const { rowFactor, columnFactor } = this.#scales[level];
    const [down, across] = [this.#size * rowFactor, this.#size * columnFactor];
    return {
      ...{ top: row * down, bottom: (row + 1) * down },
      ...{ left: column * across, right: (column + 1) * across },
    };
  }

  /** Asks again for a sampled tile that can be better by now. */
  #improve(name: TileName, tile: Tile): void {
    this.#noteSampled(name.level);
    if (tile.stale) this.#want(name);
  }

  #noteSampled(level: number): void {
    if (level > this.#finest) return; // the overview beside what is in view
    this.#sampled = true;
    this.#later();
  }

  #want(tile: TileName): void {
    if (!this.#wantable(tile)) return;
    this.#queue.want(tile);
    this.#later();
  }

  #wantable(tile: TileName): boolean {
    return this.connected && !this.#failed.has(keyOf(tile));
  }

  /** After all that one painting looks at. */
  #later(): void {
    if (this.#options.signal.aborted) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#ask();
      this.#options.changed();
    });
  }

  #ask(): void {
    if (!this.connected) return;
    for (;;) {
      const tile = this.#queue.next();
      if (tile === null) break;
      if (this.#link?.send({ type: "tile", ...tile, id: this.#id })) continue;
      this.#lose();
      return;
    }
    if (this.#queue.asked > 0) {
      this.#patience ??= setTimeout(() => {
        this.#patience = undefined;
        this.#waiting = true;
        this.#options.changed();
      }, PATIENCE);
    }
  }

  #hear(content: unknown, buffers: unknown): void {
    const answer = content as Partial<TileName & Answer> | null;
    if (answer?.type !== "tile" || answer.id !== this.#id) return;
    const { level = 0, row = 0, column = 0, error, dtype = "", shape = [], exact } = answer;
    const name = { level, row, column };
    this.#queue.done(name);
    clearTimeout(this.#patience);
    this.#patience = undefined;
    [this.#waiting, this.#lost, this.#error] = [false, false, error ?? null];
    const [view] = buffers as DataView[];
    if (error !== undefined) this.#failed.add(keyOf(name));
    else this.#keep(name, decodeFloats({ dtype, shape, view }), shape[1], exact === true);
    this.#later();
    if (error === undefined) this.#options.arrived();
  }

  #keep(name: TileName, values: Float32Array, columns: number, exact: boolean): void {
    const key = keyOf(name);
    if (exact) this.#age(name);
    this.#kept += values.byteLength - (this.#tiles.get(key)?.values.byteLength ?? 0);
    this.#tiles.delete(key);
    this.#tiles.set(key, { values, columns, exact, ...(exact ? {} : { name }) });
    for (const [oldest, tile] of this.#tiles) {
      if (this.#kept <= KEPT) break;
      this.#tiles.delete(oldest);
      this.#kept -= tile.values.byteLength;
    }
    this.version += 1;
  }

  /** An exact tile has come: the kernel improves sampled ones around it by it. */
  #age(exact: TileName): void {
    const area = this.#area(exact);
    for (const tile of this.#tiles.values()) {
      if (tile.name === undefined || tile.name.level <= exact.level) continue;
      if (meet(this.#area(tile.name), area)) tile.stale = true;
    }
  }

  #lose(): void {
    this.#lost = true;
    clearTimeout(this.#patience);
    this.#options.changed();
  }
}

interface Answer {
  type: string;
  id: string;
  exact: boolean;
  dtype: string;
  shape: number[];
  /** Why there is no tile. */
  error: string;
}

/** The levels of a matrix; the same as `tokenviz.tiles.levels` has. */
export function scales([rows, columns]: readonly [number, number]): Factors[] {
  const out: Factors[] = [{ rowFactor: 1, columnFactor: 1, rows, columns }];
  for (;;) {
    const { rowFactor, columnFactor, rows, columns } = out[out.length - 1];
    const by = halving(rows, columns);
    if (by === null) return out;
    out.push({
      rowFactor: rowFactor * by[0],
      columnFactor: columnFactor * by[1],
      rows: Math.ceil(rows / by[0]),
      columns: Math.ceil(columns / by[1]),
    });
  }
}
