/** What a table asks of whoever has the rows: a kernel, or the page itself. */

import type { TraceWire } from "../wire/codec.ts";
import type { Look, Value } from "./look.ts";
import type { Spot } from "./spots.ts";

export interface Page {
  start: number;
  total: number;
  channel: string;
  key: readonly string[];
  text: readonly (string | null)[];
  columns: Readonly<Record<string, readonly Value[]>>;
  strips: readonly Float32Array[];
  /** Of columns whose numbers are of one token each, that token. */
  spots?: Readonly<Record<string, readonly (Spot | null)[]>>;
}

export type SomeRows = Pick<Page, "key" | "columns">;

/** A token that is far out in a channel. */
export interface Found {
  key: string;
  position: number;
  value: number;
  around: Spot | null;
}

export interface Worst {
  channel: string;
  /** Of a row only the tokens that have this flag count. */
  mask: string | null;
  places: readonly Found[];
}

/** Counts over equal bins from low to high: of all rows and, of those shown, where these are fewer. */
export interface Bars {
  low: number;
  high: number;
  counts: readonly number[];
  now: readonly number[] | null;
}

export interface Groups {
  by: string;
  total: number;
  value: readonly Value[];
  n: readonly number[];
  /** Mean, least and largest, of each group. */
  columns: Readonly<Record<string, readonly (readonly Value[])[]>>;
}

export interface OpenedRow {
  place: number;
  key: string;
  data: TraceWire;
  flag: string | null;
  category: string | null;
  said: string | null;
  /** What the text came after. */
  prompt: string | null;
}

export type Which = { place: number } | { key: string };

/** Answers are null where a later question of the kind took the place of this one. */
export interface Source {
  /** Whether expressions of SQL can be asked. */
  readonly queries: boolean;
  /** What is to be known of the rows. */
  readonly said: string | null;
  rows(
    look: Look,
    start: number,
    count: number,
    columns: readonly string[],
    channel: string,
  ): Promise<Page | null>;
  /** Columns of the first rows; never in the place of another question for rows. */
  some(look: Look, count: number, columns: readonly string[]): Promise<SomeRows | null>;
  bars(look: Look, columns: readonly string[]): Promise<Map<string, Bars> | null>;
  values(column: string): Promise<[Value, number][] | null>;
  groups(look: Look, by: string, columns: readonly string[]): Promise<Groups | null>;
  /** The tokens of the rows shown that are furthest out in a channel. */
  worst(look: Look, channel: string, count: number): Promise<Worst | null>;
  /** Undefined where there is no such row. */
  open(look: Look, which: Which): Promise<OpenedRow | null | undefined>;
  place(look: Look, key: string): Promise<number | null | undefined>;
}
