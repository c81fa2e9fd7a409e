/** The heatmap as tab-separated values: a header line of targets, then a line for each token. */

import { shortest } from "../numbers.ts";
import type { HeatmapData } from "../state.ts";

export function tsv({ values, shape: [n, m], rows, columns }: HeatmapData): string {
  const lines = [["", ...columns.label.map(field)].join("\t")];
  for (let i = 0; i < n; i++) {
    const numbers = Array.from(values.subarray(i * m, (i + 1) * m), number);
    lines.push([field(rows.label[i]), ...numbers].join("\t"));
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
