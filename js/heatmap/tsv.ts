/** The heatmap as tab-separated values: a header line of targets, then a line for each token. */

import { shortest } from "../numbers.ts";
import type { HeatmapData } from "../state.ts";
import type { Places } from "./pyramid/build.ts";
import type { Stretch } from "./pyramid/source.ts";

/** Rows that are copied of a matrix too large to be copied whole. */
const MOST_ROWS = 1000;

/** What is shown of it, in the order in which it is shown. */
export function tsv(
  { values, shape: [n, m], rows, columns }: HeatmapData,
  places: Places = { rows: null, columns: null },
): string {
  const across = Array.from(places.columns ?? columns.label.keys());
  const lines = [["", ...across.map((j) => field(columns.label[j]))].join("\t")];
  for (let place = 0; place < (places.rows?.length ?? n); place++) {
    const i = places.rows?.[place] ?? place;
    const numbers = across.map((j) => number(values[i * m + j]));
    lines.push([field(rows.label[i]), ...numbers].join("\t"));
  }
  return `${lines.join("\n")}\n`;
}

/** A part of it; cells that are not here stay empty. */
export function tsvOf(
  { rows, columns }: Pick<HeatmapData, "rows" | "columns">,
  down: Stretch,
  across: Stretch,
  valueAt: (row: number, column: number) => number | undefined,
): string {
  const labels = columns.label.slice(across.first, across.last + 1);
  const lines = [["", ...labels.map(field)].join("\t")];
  const last = Math.min(down.last, down.first + MOST_ROWS - 1);
  for (let i = down.first; i <= last; i++) {
    const line = [field(rows.label[i])];
    for (let j = across.first; j <= across.last; j++) {
      const value = valueAt(i, j);
      line.push(value === undefined ? "" : number(value));
    }
    lines.push(line.join("\t"));
  }
  return `${lines.join("\n")}\n`;
}

/** As Python and spreadsheets read it. */
function number(value: number): string {
  if (Number.isFinite(value)) return shortest(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "inf" : "-inf";
}

/** Labels hold no tab and no line break; a quotation mark must be doubled inside of two. */
function field(label: string): string {
  return label.includes('"') ? `"${label.replaceAll('"', '""')}"` : label;
}
