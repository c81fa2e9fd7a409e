import { describe, expect, test, vi } from "vitest";
import shared from "../../../tests/data/pyramids.json";
import { KERNEL, type Owner, SERVER } from "../../state/owner.ts";
import { random } from "../../testing.ts";
import { ArraySource } from "../pyramid/array.ts";
import { buildNow } from "../pyramid/build.ts";
import { extreme } from "../pyramid/extreme.ts";
import type { Link } from "./link.ts";
import { scales, TileSource } from "./source.ts";

const SIZE = 32;
const PLACES = { rows: null, columns: null };

/** The kernel's end, from an array that lies here, and a way to hold its answers back. */
class Kernel implements Link {
  readonly asked: { level: number; row: number; column: number; id: string }[] = [];
  owner: Owner = KERNEL;
  alive = true;
  exact = true;
  error: string | null = null;
  #heard: (content: unknown, buffers: unknown) => void = () => {};
  #lost = () => {};
  readonly #source: ArraySource;

  constructor(source: ArraySource) {
    this.#source = source;
  }

  send(content: object): boolean {
    if (this.alive) this.asked.push(content as Kernel["asked"][number]);
    return this.alive;
  }

  listen(heard: (content: unknown, buffers: unknown) => void, lost: () => void): void {
    this.#heard = heard;
    this.#lost = lost;
  }

  lose(): void {
    this.#lost();
  }

  answer(): void {
    for (const { level, row, column, id } of this.asked.splice(0)) {
      if (this.error !== null) {
        this.#heard({ type: "tile", level, row, column, id, error: this.error }, []);
        continue;
      }
      const from = this.#source.levels[level];
      const { rows, columns } = from;
      const height = Math.min(SIZE, rows - row * SIZE);
      const width = Math.min(SIZE, columns - column * SIZE);
      const values = new Float32Array(height * width);
      for (let i = 0; i < height; i++) {
        const line = new Float32Array(width);
        from.read(row * SIZE + i, column * SIZE, column * SIZE + width - 1, line);
        values.set(line, i * width);
      }
      const content = { type: "tile", id, level, row, column, exact: this.exact };
      this.#heard({ ...content, dtype: "float32", shape: [height, width] }, [
        new DataView(values.buffer),
      ]);
    }
  }
}

function matrix(rows: number, columns: number): Float32Array {
  const next = random(7);
  return Float32Array.from({ length: rows * columns }, () => 2 * next() - 1);
}

function make({ rows = 800, columns = 1000, level = 3, exact = true, linked = true } = {}) {
  const values = matrix(rows, columns);
  const shape = [rows, columns] as const;
  const controller = new AbortController();
  const whole = new ArraySource({
    ...{ data: { values, shape }, places: PLACES, arrived: () => {}, signal: controller.signal },
  });
  const known = scales(shape).map(({ rowFactor, columnFactor }) => `${rowFactor} ${columnFactor}`);
  whole.levels = whole.levels.filter((l) => known.includes(`${l.rowFactor} ${l.columnFactor}`));
  const kernel = new Kernel(whole);
  const picture = buildNow({ values, shape, places: PLACES, summarise: false, gradual: false })
    .levels[level - 1];
  const events = { arrived: 0, changed: 0 };
  const source = new TileSource({
    data: { shape, tiles: { size: SIZE, level, picture: picture.values, exact } },
    link: linked ? kernel : null,
    arrived: () => events.arrived++,
    changed: () => events.changed++,
    signal: controller.signal,
  });
  return { whole, kernel, source, events, controller };
}

function readAll(source: TileSource | ArraySource, level: number, rows: number[]) {
  const { columns } = source.levels[level];
  const out = new Float32Array(columns);
  let complete = true;
  const lines = rows.map((row) => {
    complete = source.levels[level].read(row, 0, columns - 1, out) && complete;
    return [...out];
  });
  return { lines, complete };
}

/** Until nothing is asked any more. */
async function settle(kernel: Kernel): Promise<void> {
  for (;;) {
    await tick();
    if (kernel.asked.length === 0) return;
    kernel.answer();
  }
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

test.each(shared.levels)("levels of $shape are those of the kernel", ({ shape, levels }) => {
  const made = scales(shape as [number, number]);
  expect(made.map((s) => [s.rowFactor, s.columnFactor, s.rows, s.columns])).toEqual(levels);
});

test.each(shared.pools)(
  "texels are those of the kernel: $pooled",
  ({ values, factors, pooled }) => {
    const [down, across] = factors;
    const rows = pooled.map((line, i) =>
      line.map((_, j) =>
        values
          .slice(i * down, (i + 1) * down)
          .flatMap((row) => row.slice(j * across, (j + 1) * across))
          .reduce(extreme),
      ),
    );
    expect(rows).toEqual(pooled);
  },
);

describe("levels of which the picture says all", () => {
  test("are read from it, exactly, and nothing is asked", async () => {
    const { source, whole, kernel } = make();
    for (const level of [3, 4]) {
      const rows = [0, 1, source.levels[level].rows - 1];
      expect(readAll(source, level, rows)).toEqual(readAll(whole, level, rows));
    }
    await tick();
    expect(kernel.asked).toEqual([]);
    expect(source.status).toBe("");
    expect(source.summary.extent.hasNaN).toBe(false);
  });

  test("are asked for when it is sampled, which is said", async () => {
    const { source, kernel } = make({ exact: false });
    source.look({ first: 0, last: 799 }, { first: 0, last: 999 });
    expect(readAll(source, 3, [0]).complete).toBe(true);
    await tick();
    expect(source.status).toContain("sampled");
    expect(kernel.asked.map(({ level }) => level)).toContain(3);
    await settle(kernel);
    source.look({ first: 0, last: 799 }, { first: 0, last: 999 });
    readAll(source, 3, [0]);
    expect(source.status).toBe("");
  });
});

describe("finer levels", () => {
  test("show what is coarser until their tiles come, then what they are", async () => {
    const { source, whole, kernel, events } = make();
    source.look({ first: 0, last: 799 }, { first: 0, last: 999 });
    const before = readAll(source, 1, [0, 50]);
    expect(before.complete).toBe(false);
    const coarse = readAll(whole, 3, [0]).lines[0];
    expect(before.lines[0]).toEqual(
      Array.from({ length: source.levels[1].columns }, (_, j) => coarse[Math.floor(j / 4)]),
    );
    for (let round = 0; round < 40 && !readAll(source, 1, [0, 50]).complete; round++) {
      await tick();
      kernel.answer();
    }
    expect(readAll(source, 1, [0, 50])).toEqual(readAll(whole, 1, [0, 50]));
    expect(events.arrived).toBeGreaterThan(5);
    expect(source.version).toBe(events.arrived);
  });

  test("single values are asked for, and known when they have come", async () => {
    const { source, whole, kernel } = make();
    source.look({ first: 100, last: 120 }, { first: 200, last: 220 });
    expect(source.valueAt(110, 210)).toBeUndefined();
    const around = source.around(110, 210);
    expect(around).toMatchObject({ rows: 8, columns: 8 });
    expect(around.value).toBe(readAll(whole, 3, [13]).lines[0][26]);
    await tick();
    kernel.answer();
    expect(source.valueAt(110, 210)).toBe(whole.valueAt(110, 210));
  });

  test("answers to others are not listened to", async () => {
    const { source, kernel } = make();
    source.look({ first: 0, last: 5 }, { first: 0, last: 5 });
    source.valueAt(0, 0);
    await tick();
    kernel.asked[0].id = "somebody else";
    kernel.answer();
    expect(source.valueAt(0, 0)).toBeUndefined();
  });

  test("sampled tiles are asked for again when the kernel may know better", async () => {
    const { source, kernel } = make();
    source.look({ first: 0, last: 799 }, { first: 0, last: 999 });
    kernel.exact = false;
    readAll(source, 2, [0]);
    await settle(kernel);
    readAll(source, 2, [0]);
    await tick();
    expect(source.status).toContain("sampled");
    expect(kernel.asked).toEqual([]);
    kernel.exact = true;
    readAll(source, 1, [0]);
    await settle(kernel);
    source.look({ first: 0, last: 799 }, { first: 0, last: 999 });
    readAll(source, 2, [0]);
    await tick();
    expect(kernel.asked.map(({ level }) => level)).toContain(2);
  });
});

describe("what goes wrong is said, and the coarse picture stays", () => {
  test("a kernel that takes its time", async () => {
    vi.useFakeTimers();
    const { source, kernel } = make();
    source.look({ first: 0, last: 5 }, { first: 0, last: 5 });
    source.valueAt(0, 0);
    await vi.advanceTimersByTimeAsync(1900);
    expect(source.status).toBe("");
    await vi.advanceTimersByTimeAsync(200);
    expect(source.status).toContain("waiting for the kernel");
    kernel.answer();
    expect(source.status).toBe("");
    vi.useRealTimers();
  });

  test.each(["refuses", "is lost"])("a kernel that %s", async (how) => {
    const { source, kernel } = make();
    if (how === "refuses") kernel.alive = false;
    else kernel.lose();
    source.look({ first: 0, last: 5 }, { first: 0, last: 5 });
    source.valueAt(0, 0);
    await tick();
    expect(source.status).toContain("the kernel is gone");
    expect(source.connected).toBe(false);
    expect(readAll(source, 0, [0]).lines[0]).not.toContain(Number.NaN);
  });

  test("a command of a shell, which is no kernel", async () => {
    vi.useFakeTimers();
    const { source, kernel } = make();
    kernel.owner = SERVER;
    source.look({ first: 0, last: 5 }, { first: 0, last: 5 });
    source.valueAt(0, 0);
    await vi.advanceTimersByTimeAsync(2100);
    expect(source.status).toContain("waiting for tokenviz: coarse picture");
    kernel.lose();
    expect(source.status).toContain("tokenviz is gone: coarse picture");
    vi.useRealTimers();
  });

  test("values that cannot be read, which are not asked for again", async () => {
    const { source, kernel, events } = make();
    source.look({ first: 0, last: 5 }, { first: 0, last: 5 });
    source.valueAt(0, 0);
    await tick();
    kernel.error = "OSError: the file has vanished";
    kernel.answer();
    expect(source.status).toContain("could not be read: OSError: the file has vanished");
    source.valueAt(0, 0);
    await tick();
    expect(kernel.asked).toEqual([]);
    expect(events.changed).toBeGreaterThan(0);
  });

  test("a page without a kernel", async () => {
    const { source } = make({ linked: false });
    source.look({ first: 0, last: 5 }, { first: 0, last: 5 });
    expect(source.valueAt(0, 0)).toBeUndefined();
    expect(source.connected).toBe(false);
    await tick();
    expect(source.status).toContain("no finer one is held here");
    source.look({ first: 0, last: 799 }, { first: 0, last: 999 });
    readAll(source, 3, [0]);
    expect(source.status).toBe("");
  });
});
