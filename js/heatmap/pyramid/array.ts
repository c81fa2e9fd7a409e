/**
 * A matrix that lies in the browser's memory, with its pyramid.
 *
 * A small one is built at once. A large one is built off the main thread, in a worker that ends
 * with its answer or with the view; where a page allows no worker, between frames.
 */

import type { Places } from "../../data/arrange.ts";
import type { HeatmapData } from "../../data/heatmap.ts";
import type { Built, LevelArray } from "./build.ts";
import { buildInWorker } from "./client.ts";
import { build, buildNow, gather } from "./kit.ts";
import type { Level, LevelSource } from "./source.ts";
import type { Summary } from "./summary.ts";

/** Fewer values than this are summed up in less time than a worker takes to start. */
const AT_ONCE = 1 << 20;

export interface ArraySourceOptions {
  data: Pick<HeatmapData, "values" | "shape">;
  places: Places;
  /** Of the same values, when it is known from an earlier arrangement. */
  summary?: Summary | null;
  /** Called when what was not there at first has come. */
  arrived: () => void;
  /** Ends the work. */
  signal: AbortSignal;
}

export class ArraySource implements LevelSource {
  readonly shape: readonly [number, number];
  levels: readonly Level[];
  summary: Summary | null;
  version = 0;
  readonly #data: ArraySourceOptions["data"];
  readonly #places: Places;

  constructor({ data, places, summary = null, arrived, signal }: ArraySourceOptions) {
    const [n, m] = data.shape;
    this.shape = [places.rows?.length ?? n, places.columns?.length ?? m];
    this.#data = data;
    this.#places = places;
    this.summary = summary;
    this.levels = [new MatrixLevel(data, places, this.shape)];
    const options = { ...data, places, summarise: summary === null, gradual: true };
    if (data.values.length <= AT_ONCE) {
      this.#take(buildNow(options));
      return;
    }
    void buildInWorker(options, signal)
      .catch(() => buildInSlices(build(options), signal))
      .then((built) => {
        if (signal.aborted) return;
        this.#take(built);
        arrived();
      })
      .catch((error: unknown) => {
        if (!signal.aborted) console.error("tokenviz: the values could not be summed up", error);
      });
  }

  valueAt(row: number, column: number): number {
    const { rows, columns } = this.#places;
    const { values, shape } = this.#data;
    return values[(rows?.[row] ?? row) * shape[1] + (columns?.[column] ?? column)];
  }

  #take({ levels, summary }: Built): void {
    this.levels = [this.levels[0], ...levels.map((level) => new PooledLevel(level))];
    this.summary ??= summary;
    this.version += 1;
  }
}

/** The matrix itself, in the order in which it is shown. */
class MatrixLevel implements Level {
  readonly rowFactor = 1;
  readonly columnFactor = 1;
  readonly rows: number;
  readonly columns: number;
  readonly #data: ArraySourceOptions["data"];
  readonly #places: Places;

  constructor(
    data: ArraySourceOptions["data"],
    places: Places,
    [rows, columns]: readonly [number, number],
  ) {
    this.#data = data;
    this.#places = places;
    this.rows = rows;
    this.columns = columns;
  }

  get texels(): Float32Array | undefined {
    const { rows, columns } = this.#places;
    return rows === null && columns === null ? this.#data.values : undefined;
  }

  read(row: number, first: number, last: number, out: Float32Array): boolean {
    const { values, shape } = this.#data;
    gather(values, shape[1], row, this.#places, out, first, last);
    return true;
  }
}

class PooledLevel implements Level {
  readonly rowFactor: number;
  readonly columnFactor: number;
  readonly rows: number;
  readonly columns: number;
  readonly texels: Float32Array;

  constructor({ rowFactor, columnFactor, rows, columns, values }: LevelArray) {
    this.rowFactor = rowFactor;
    this.columnFactor = columnFactor;
    this.rows = rows;
    this.columns = columns;
    this.texels = values;
  }

  read(row: number, first: number, last: number, out: Float32Array): boolean {
    const start = row * this.columns;
    out.set(this.texels.subarray(start + first, start + last + 1));
    return true;
  }
}

/** Milliseconds of work between which the page may do other things. */
const TURN = 8;

async function buildInSlices(
  building: Generator<void, Built, void>,
  signal: AbortSignal,
): Promise<Built> {
  for (;;) {
    const until = performance.now() + TURN;
    do {
      const { done, value } = building.next();
      if (done) return value;
    } while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  }
}
