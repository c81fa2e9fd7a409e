/** The heatmap as tab-separated values: a header line of targets, then a line for each token. */

import { shortest } from "../color/numbers.ts";
import { field } from "../data/field.ts";
import type { HeatmapData } from "../data/heatmap.ts";

type Names = Pick<HeatmapData, "rows" | "columns">;
type ValueAt = (row: number, column: number) => number | undefined;

/** Some rows and columns, in the order given; cells whose values are not here stay empty. */
export function tsv(
  { rows, columns }: Names,
  down: Iterable<number>,
  across: readonly number[],
  valueAt: ValueAt,
): string {
  const lines = [["", ...across.map((j) => field(columns.label[j]))].join("\t")];
  for (const i of down) {
    const numbers = across.map((j) => number(valueAt(i, j)));
    lines.push([field(rows.label[i]), ...numbers].join("\t"));
  }
  return `${lines.join("\n")}\n`;
}

/** As Python and spreadsheets read it. */
function number(value: number | undefined): string {
  if (value === undefined) return "";
  if (Number.isFinite(value)) return shortest(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "inf" : "-inf";
}
