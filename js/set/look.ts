/**
 * What of a set is on show, and which rows of a page's that are: as `tokenviz.browse.look` does it in
 * the kernel.
 */

import { finder, holds } from "./words.ts";

/** A cell of the table, as it travels; infinity is the largest number. */
export type Value = string | number | boolean | null;

export type Filter =
  | { column: string; low: number | null; high: number | null }
  | { column: string; values: readonly Value[] }
  | { sql: string };

export interface Look {
  search: string;
  filters: readonly Filter[];
  sort: { by: string; descending: boolean } | null;
  group: string | null;
}

export const START: Look = { search: "", filters: [], sort: null, group: null };

export interface Table {
  key: readonly string[];
  text: readonly (string | null)[];
  /** What each text came after, where it came after one. */
  prompt: readonly (string | null)[];
  columns: Readonly<Record<string, readonly Value[]>>;
}

/** Do two looks show the same rows in the same order? */
export function sameRows(a: Look, b: Look): boolean {
  const of = ({ search, filters, sort }: Look) => JSON.stringify([search, filters, sort]);
  return of(a) === of(b);
}

/** The rows that a look shows, in its order. Expressions of SQL were asked before the page was made. */
export function chosen(table: Table, look: Look): number[] {
  const tests = look.filters.map((filter) => testOf(table, filter));
  const words = finder(look.search);
  const rows: number[] = [];
  for (let i = 0; i < table.key.length; i++) {
    const { text, prompt } = table;
    if (words !== null && !holds(text[i], words) && !holds(prompt[i] ?? null, words)) continue;
    if (tests.every((holds) => holds(i))) rows.push(i);
  }
  const { sort } = look;
  const by = sort === null ? undefined : columnOf(table, sort.by);
  if (sort === null || by === undefined) return rows;
  const sign = sort.descending ? -1 : 1;
  // What is not known comes last, either way.
  return rows.sort((i, j) => {
    const [a, b] = [by[i], by[j]];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return a === b ? 0 : a < b ? -sign : sign;
  });
}

/** A column by its name, or the rows' keys or texts. */
export function columnOf(table: Table, name: string): readonly Value[] | undefined {
  if (name === "key") return table.key;
  if (name === "text") return table.text;
  return Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
}

function testOf(table: Table, filter: Filter): (row: number) => boolean {
  if ("sql" in filter) return () => true;
  const values = columnOf(table, filter.column) ?? [];
  if ("values" in filter) {
    const wanted = new Set(filter.values);
    return (row) => wanted.has(values[row] ?? null);
  }
  const { low, high } = filter;
  return (row) => {
    const value = values[row];
    if (typeof value !== "number") return false;
    return (low === null || value >= low) && (high === null || value <= high);
  };
}

/** The look with another range of a column; none, where both ends are null. */
export function ranged(look: Look, column: string, low: number | null, high: number | null): Look {
  const filters = look.filters.filter((one) => !("low" in one && one.column === column));
  const added = low === null && high === null ? [] : [{ column, low, high }];
  return { ...look, filters: [...filters, ...added] };
}

/** The look with other values of a column; all, where there are none. */
export function among(look: Look, column: string, values: readonly Value[]): Look {
  const filters = look.filters.filter((one) => !("values" in one && one.column === column));
  return { ...look, filters: values.length === 0 ? filters : [...filters, { column, values }] };
}

export function without(look: Look, filter: Filter): Look {
  return { ...look, filters: look.filters.filter((one) => one !== filter) };
}

/** The range that a column is kept to. */
export function rangeOf(look: Look, column: string): readonly [number | null, number | null] {
  for (const one of look.filters) {
    if ("low" in one && one.column === column) return [one.low, one.high];
  }
  return [null, null];
}

const LARGEST_FIRST =
  /^(max|share)\.|^(max_delta|n_tokens|share_masked)$|entropy|(^|[^a-z])(kl|kld|js|mismatch)([^a-z]|$)/i;

/** Is what one looks for in a column its largest numbers, as of divergences? */
export function isLargestFirst(by: string): boolean {
  return LARGEST_FIRST.test(by) && !/^min\./.test(by);
}

/** The next order of a column whose head is pressed: what is looked for first, last, none. */
export function turned(look: Look, by: string): Look {
  const first = isLargestFirst(by);
  if (look.sort?.by !== by) return { ...look, sort: { by, descending: first } };
  return { ...look, sort: look.sort.descending === first ? { by, descending: !first } : null };
}
