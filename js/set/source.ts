/** What a table asks of whoever has the rows: a kernel, or the page itself. */

import type { TraceWire } from "../wire/codec.ts";
import type { Look, Value } from "./look.ts";

export interface Page {
  start: number;
  total: number;
  channel: string;
  key: readonly string[];
  text: readonly (string | null)[];
  columns: Readonly<Record<string, readonly Value[]>>;
  strips: readonly Float32Array[];
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
  bars(look: Look, columns: readonly string[]): Promise<Map<string, Bars> | null>;
  values(column: string): Promise<[Value, number][] | null>;
  groups(look: Look, by: string, columns: readonly string[]): Promise<Groups | null>;
  /** Undefined where there is no such row. */
  open(look: Look, which: Which): Promise<OpenedRow | null | undefined>;
  place(look: Look, key: string): Promise<number | null | undefined>;
}
