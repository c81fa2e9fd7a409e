/** All there is to know about a cell of a heatmap: as lines for the tooltip, and as a sentence. */

import { spoken } from "../a11y/spoken.ts";
import type { Cell, Fact } from "../figure/drawing.ts";
import { tokenFacts, tokenNoun } from "../figure/tokenfacts.ts";
import { exact, fixed } from "../numbers.ts";
import type { HeatmapData, TokenTable } from "../state.ts";

export function facts(data: HeatmapData, [row, column]: Cell): Fact[] {
  const lines: Fact[] = [];
  if (row >= 0 && column >= 0) {
    const at = row * data.shape[1] + column;
    lines.push({ name: "value", value: exact(data.values[at]) });
    const error = errorAt(data, at);
    if (error !== null) lines.push({ name: "standard error", value: exact(error) });
  }
  if (row >= 0) {
    lines.push(...entryFacts(data.rows, row, "row"));
    const role = data.roles?.[row] ?? null;
    if (role !== null) lines.push({ name: "role", value: role });
  }
  if (column >= 0) lines.push(...entryFacts(data.columns, column, "column"));
  return lines;
}

export function announce(data: HeatmapData, [row, column]: Cell, decimals: number): string {
  const at = row * data.shape[1] + column;
  const error = errorAt(data, at);
  const role = data.roles?.[row] ?? null;
  return [
    `${tokenNoun(data.rows.kind[row])} ${spoken(data.rows.label[row])}`,
    ...(role === null ? [] : [`of ${role}`]),
    `target ${spoken(data.columns.label[column])}`,
    `attribution ${fixed(data.values[at], decimals)}`,
    ...(error === null ? [] : [`standard error ${fixed(error, decimals)}`]),
  ].join(", ");
}

/** Of a value that a method sampled. */
function errorAt({ standard_error }: HeatmapData, at: number): number | null {
  const error = standard_error?.[at] ?? Number.NaN;
  return Number.isNaN(error) ? null : error;
}

function entryFacts(table: TokenTable, index: number, place: "row" | "column"): Fact[] {
  const { label, kind } = table;
  const where = { name: place, value: `${index + 1} of ${label.length}` };
  if (kind[index] === "expression") return [where, { name: "target", value: label[index] }];
  return [where, ...tokenFacts(table, index)];
}
