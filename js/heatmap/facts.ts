/** All there is to know about a cell of a heatmap: as lines for the tooltip, and as a sentence. */

import { spoken } from "../a11y/spoken.ts";
import type { Cell, Fact } from "../figure/drawing.ts";
import { exact, fixed } from "../numbers.ts";
import type { HeatmapData, TokenTable } from "../state.ts";

export function facts(data: HeatmapData, [row, column]: Cell): Fact[] {
  const lines: Fact[] = [];
  if (row >= 0 && column >= 0) {
    lines.push({ name: "value", value: exact(data.values[row * data.shape[1] + column]) });
  }
  if (row >= 0) lines.push(...entryFacts(data.rows, row, "row"));
  if (column >= 0) lines.push(...entryFacts(data.columns, column, "column"));
  return lines;
}

export function announce(data: HeatmapData, [row, column]: Cell, decimals: number): string {
  const value = fixed(data.values[row * data.shape[1] + column], decimals);
  const token = `${noun(data.rows, row)} ${spoken(data.rows.label[row])}`;
  return `${token}, target ${spoken(data.columns.label[column])}, attribution ${value}`;
}

function entryFacts(
  { label, kind, bytes, id }: TokenTable,
  index: number,
  place: "row" | "column",
): Fact[] {
  const lines: Fact[] = [{ name: place, value: `${index + 1} of ${label.length}` }];
  if (kind[index] === "expression") {
    lines.push({ name: "target", value: label[index] });
    return lines;
  }
  lines.push({ name: noun({ kind }, index), value: label[index], mono: true });
  lines.push({ name: "bytes", value: bytes[index], mono: true });
  if (id[index] !== null) lines.push({ name: "id", value: String(id[index]) });
  return lines;
}

function noun({ kind }: Pick<TokenTable, "kind">, index: number): string {
  return kind[index] === "special" ? "special token" : "token";
}
