/** The rows that have arrived, by pages; those that were looked at longest ago are let go. */

import type { Value } from "./look.ts";
import type { Page } from "./source.ts";
import type { Spot } from "./spots.ts";

export const PAGE_ROWS = 32;
const KEPT = 80;

export interface Row {
  key: string;
  text: string | null;
  strip: Float32Array;
  values: (column: string) => Value;
  spots: (column: string) => Spot | null;
}

export class Pages {
  readonly #pages = new Map<number, (Row | undefined)[]>();

  put(page: Page): void {
    const { start, key, text, strips, columns, spots = {} } = page;
    const rows = key.map((own, i) => ({
      ...{ key: own, text: text[i], strip: strips[i] },
      values: (column: string) => (Object.hasOwn(columns, column) ? columns[column][i] : null),
      spots: (column: string) => (Object.hasOwn(spots, column) ? spots[column][i] : null),
    }));
    this.#pages.delete(start);
    this.#pages.set(start, rows);
    for (const first of this.#pages.keys()) {
      if (this.#pages.size <= KEPT) break;
      this.#pages.delete(first);
    }
  }

  get(row: number): Row | undefined {
    const start = row - (row % PAGE_ROWS);
    return this.#pages.get(start)?.[row - start];
  }

  /** Where the first page begins that some rows need, or null where all are there. */
  missing(first: number, end: number): number | null {
    for (let start = first - (first % PAGE_ROWS); start < end; start += PAGE_ROWS) {
      const page = this.#pages.get(start);
      if (page === undefined) return start;
      // Looked at just now.
      this.#pages.delete(start);
      this.#pages.set(start, page);
    }
    return null;
  }
}
