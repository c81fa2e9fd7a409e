/** The rows that a page holds: columns as they are, each trace in a compressed piece of its own. */

import { channelNames, channelValues } from "../data/channels.ts";
import type { TraceData } from "../data/trace.ts";
import { type BinaryLeaf, decodeArray, decodeTrace } from "../wire/codec.ts";
import { rebuilt, type Taken } from "./kernelsource.ts";
import { chosen, columnOf, type Look, type Table, type Value } from "./look.ts";
import { measureOf, type Ranked, rank, telling } from "./ranking.ts";
import type { Bars, Groups, OpenedRow, Page, Source, Which, Worst } from "./source.ts";
import { placeColumn, type Spot, spotOf } from "./spots.ts";
import { thinned } from "./strip.ts";
import { around, finder } from "./words.ts";

export interface PageRows extends Omit<Table, "prompt"> {
  /** Prompts, of which many are shared: texts, and which of them each row has, −1 for none. */
  prompts: { texts: readonly string[]; of: readonly number[] } | null;
  ends: BinaryLeaf;
  traces: DataView;
  said: string | null;
}

const BINS = 24;
const MOST_VALUES = 60;
const MOST_GROUPS = 200;
/** Traces that are unpacked at once. */
const TOGETHER = 64;
/** How far out a row's least log-probability is in the channels that are made of it. */
const OF_LOGPROB: Readonly<Record<string, (value: number) => number>> = {
  probability: (value) => -Math.exp(value),
  logprob: (value) => -value,
  surprisal: (value) => -value / Math.LN2,
};
/** Channels are float32. */
const ROUNDING = 1e-6;

export class PageSource implements Source {
  readonly queries = false;
  readonly said: string | null;
  readonly #table: PageRows & Table;
  readonly #ends: Uint32Array;
  readonly #mask: string | null;
  readonly #bars = new Map<string, Bars>();
  #known: { look: string; rows: number[] } | null = null;

  /** `mask` is a flag: of a row only the tokens that have it count where the worst are listed. */
  constructor(table: PageRows, mask: string | null) {
    const { texts, of } = table.prompts ?? { texts: [], of: [] };
    this.#table = { ...table, prompt: of.map((i) => texts[i] ?? null) };
    this.#mask = mask;
    this.said = table.said;
    this.#ends = decodeArray(table.ends, "uint32");
  }

  async rows(
    look: Look,
    start: number,
    count: number,
    columns: readonly string[],
    channel: string,
  ) {
    const rows = this.#shown(look);
    const some = rows.slice(start, start + count);
    const of = <T>(values: readonly T[]) => some.map((i) => values[i]);
    const words = finder(look.search);
    const { text, prompt } = this.#table;
    const traces = await Promise.all(some.map((i) => this.#data(i)));
    const strips = traces.map((data) => stripOf(data, channel));
    const spots: Record<string, (Spot | null)[]> = {};
    for (const name of columns) {
      const at = placeColumn(name);
      const places = at === null ? undefined : columnOf(this.#table, at);
      if (places === undefined) continue;
      spots[name] = some.map((row, i) => {
        const position = places[row];
        return typeof position === "number" ? spotOf(traces[i], position) : null;
      });
    }
    return {
      ...{ start, total: rows.length, channel, strips, spots },
      key: of(this.#table.key),
      text: some.map((i) => (words === null ? text[i] : around(text[i], words, prompt[i] ?? null))),
      columns: Object.fromEntries(columns.map((name) => [name, of(this.#column(name))])),
    } satisfies Page;
  }

  async some(look: Look, count: number, columns: readonly string[]) {
    const some = this.#shown(look).slice(0, count);
    const of = <T>(values: readonly T[]) => some.map((i) => values[i]);
    return {
      key: of(this.#table.key),
      columns: Object.fromEntries(columns.map((name) => [name, of(this.#column(name))])),
    };
  }

  async bars(look: Look, columns: readonly string[]) {
    const plain = look.filters.length === 0 && look.search === "";
    const shown = this.#shown({ ...look, sort: null });
    const found = new Map<string, Bars>();
    for (const name of columns) {
      const values = this.#column(name);
      if (!values.some((value) => typeof value === "number")) continue;
      const whole = this.#bars.get(name) ?? barsOf(values);
      this.#bars.set(name, whole);
      const now = plain
        ? null
        : counted(
            shown.map((i) => values[i]),
            whole.low,
            whole.high,
          );
      found.set(name, { ...whole, now });
    }
    return found;
  }

  async values(column: string) {
    const counts = new Map<Value, number>();
    for (const value of this.#column(column)) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_VALUES);
  }

  async groups(look: Look, by: string, columns: readonly string[]) {
    const numbers = columns.filter(
      (name) => name !== by && this.#column(name).some((value) => typeof value === "number"),
    );
    const groups = new Map<Value, number[]>();
    const values = this.#column(by);
    for (const row of this.#shown({ ...look, sort: null })) {
      const members = groups.get(values[row]);
      if (members === undefined) groups.set(values[row], [row]);
      else members.push(row);
    }
    const sorted = chosen(
      {
        key: [...groups.keys()].map(String),
        text: [],
        prompt: [],
        columns: { by: [...groups.keys()] },
      },
      { search: "", filters: [], sort: { by: "by", descending: false }, group: null },
    );
    const every = [...groups];
    const some = sorted.slice(0, MOST_GROUPS).map((i) => every[i]);
    return {
      ...{ by, total: groups.size },
      value: some.map(([value]) => value),
      n: some.map(([, rows]) => rows.length),
      columns: Object.fromEntries(
        numbers.map((name) => [name, statistics(some, this.#column(name))]),
      ),
    } satisfies Groups;
  }

  async open(look: Look, which: Which): Promise<OpenedRow | undefined> {
    const rows = this.#shown(look);
    const place = "place" in which ? which.place : ((await this.place(look, which.key)) ?? -1);
    const row = rows[place];
    if (row === undefined) return undefined;
    return { place, key: this.#table.key[row], ...(await this.#trace(row)) };
  }

  async place(look: Look, key: string) {
    const place = this.#shown(look).findIndex((row) => this.#table.key[row] === key);
    return place < 0 ? undefined : place;
  }

  #column(name: string): readonly Value[] {
    return columnOf(this.#table, name) ?? [];
  }

  #shown(look: Look): number[] {
    const key = JSON.stringify([look.search, look.filters, look.sort]);
    if (this.#known?.look !== key) this.#known = { look: key, rows: chosen(this.#table, look) };
    return this.#known.rows;
  }

  async worst(look: Look, channel: string, count: number): Promise<Worst> {
    const rows = this.#shown({ ...look, sort: null });
    const known = telling(channel)
      .map((name) => this.#column(name))
      .filter((values) => values.length > 0);
    const numbers = known.flatMap((values) => finite(values));
    const ends = numbers.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [0, 0]);
    const measure = measureOf(channel, ends as [number, number]);
    const stored = OF_LOGPROB[channel] ?? measure;
    // No token of a row is further out than this; where nothing says it, any may be.
    const bound = (row: number) =>
      known.length === 0 ? Infinity : Math.max(...known.map((all) => outTo(all[row], stored)));
    const candidates = rows
      .map((row): [number, number] => [row, bound(row)])
      .filter(([, most]) => most > -Infinity)
      .sort(([i, a], [j, b]) => (a === b ? i - j : b - a));
    const places: Ranked[] = [];
    for (let i = 0; i < candidates.length; i += TOGETHER) {
      const last = places[count - 1];
      if (
        last !== undefined &&
        last.score > candidates[i][1] + Math.abs(candidates[i][1]) * ROUNDING
      )
        break;
      const some = candidates.slice(i, i + TOGETHER).map(([row]) => row);
      const traces = await Promise.all(some.map((row) => this.#data(row)));
      traces.forEach((data, j) => {
        const one = { key: this.#table.key[some[j]], row: some[j], data };
        rank(places, count, one, channel, measure, this.#mask);
      });
    }
    return { channel, mask: this.#mask, places };
  }

  async #data(row: number): Promise<TraceData> {
    return decodeTrace((await this.#trace(row)).data);
  }

  async #trace(row: number): Promise<Taken["state"]> {
    const { buffer, byteOffset } = this.#table.traces;
    const [start, end] = [this.#ends[row], this.#ends[row + 1]];
    return unpacked(new Uint8Array(buffer as ArrayBuffer, byteOffset + start, end - start));
  }
}

/** A trace as `tokenviz.browse.opened.packed` wrote it. */
export async function unpacked(piece: Uint8Array<ArrayBuffer>): Promise<Taken["state"]> {
  const stream = new Blob([piece]).stream().pipeThrough(new DecompressionStream("deflate"));
  const content = await new Response(stream).arrayBuffer();
  const length = new DataView(content).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length))) as Taken & {
    sizes: number[];
  };
  let at = 4 + length;
  const buffers = head.sizes.map((size) => {
    const view = new DataView(content, at, size);
    at += size + (-size & 3);
    return view;
  });
  return rebuilt(head, buffers);
}

function stripOf(data: TraceData, channel: string): Float32Array {
  if (!channelNames(data).includes(channel)) return new Float32Array(0);
  return thinned(channelValues(data, channel).chosen, channel);
}

/** A measure of a cell; of none, less than all. */
function outTo(value: Value, measure: (value: number) => number): number {
  if (typeof value !== "number") return -Infinity;
  const found = measure(value);
  return Number.isNaN(found) ? -Infinity : found;
}

function finite(values: readonly Value[]): number[] {
  return values.filter(
    (value) => typeof value === "number" && Math.abs(value) < Number.MAX_VALUE,
  ) as number[];
}

function barsOf(values: readonly Value[]): Bars {
  const known = finite(values);
  let [low, high] = [0, 1];
  if (known.length > 0) {
    low = known.reduce((a, b) => Math.min(a, b));
    high = known.reduce((a, b) => Math.max(a, b));
  }
  if (low === high) high = low + (Math.abs(low) || 1);
  return { low, high, counts: counted(values, low, high), now: null };
}

function counted(values: readonly Value[], low: number, high: number): number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (const value of finite(values)) {
    if (value < low || value > high) continue;
    counts[Math.min(BINS - 1, Math.floor(((value - low) / (high - low)) * BINS))] += 1;
  }
  return counts;
}

function statistics(groups: readonly [Value, number[]][], values: readonly Value[]): Value[][] {
  const [means, least, most]: Value[][] = [[], [], []];
  for (const [, rows] of groups) {
    const known = finite(rows.map((row) => values[row]));
    const none = known.length === 0;
    means.push(none ? null : known.reduce((a, b) => a + b, 0) / known.length);
    least.push(none ? null : known.reduce((a, b) => Math.min(a, b)));
    most.push(none ? null : known.reduce((a, b) => Math.max(a, b)));
  }
  return [means, least, most];
}
