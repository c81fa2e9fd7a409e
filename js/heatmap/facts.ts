/** All there is to know about a cell of a heatmap: as lines for the tooltip, and as a sentence. */

import { spoken } from "../a11y/spoken.ts";
import { type Notation, write } from "../color/notation.ts";
import { exact } from "../color/numbers.ts";
import type { Cell } from "../data/cell.ts";
import type { HeatmapData } from "../data/heatmap.ts";
import type { TokenTable } from "../data/tokens.ts";
import type { Fact } from "../figure/drawing.ts";
import { tokenFacts, tokenNoun } from "../figure/tokenfacts.ts";
import type { Values } from "./pyramid/source.ts";

export function facts(data: HeatmapData, [row, column]: Cell, values: Values): Fact[] {
  const lines: Fact[] = [];
  if (row >= 0 && column >= 0) {
    const value = values.valueAt(row, column);
    lines.push({ name: "value", value: value === undefined ? absent(values) : exact(value) });
    const around = value === undefined ? values.around?.(row, column) : undefined;
    if (around !== undefined) {
      const name = `extreme of ${around.rows} × ${around.columns}`;
      lines.push({ name, value: exact(around.value) });
    }
    const error = errorAt(data, [row, column]);
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

export function announce(
  data: HeatmapData,
  [row, column]: Cell,
  values: Values,
  notation: Notation,
): string {
  const value = values.valueAt(row, column);
  const error = errorAt(data, [row, column]);
  const role = data.roles?.[row] ?? null;
  return [
    `${tokenNoun(data.rows.kind[row])} ${spoken(data.rows.label[row])}`,
    ...(role === null ? [] : [`of ${role}`]),
    `target ${spoken(data.columns.label[column])}`,
    `attribution ${value === undefined ? absent(values) : write(value, notation)}`,
    ...(error === null ? [] : [`standard error ${write(error, notation)}`]),
  ].join(", ");
}

/** Of a value that a method sampled. */
function errorAt({ standard_error, shape }: HeatmapData, [row, column]: Cell): number | null {
  const error = standard_error?.[row * shape[1] + column] ?? Number.NaN;
  return Number.isNaN(error) ? null : error;
}

/** Instead of a value that is not here. */
function absent({ connected }: Values): string {
  return connected ? "loading…" : "not here";
}

function entryFacts(table: TokenTable, index: number, place: "row" | "column"): Fact[] {
  const { label, kind } = table;
  const where = { name: place, value: `${index + 1} of ${label.length}` };
  if (kind[index] === "number") return [where];
  if (kind[index] === "expression") return [where, { name: "target", value: label[index] }];
  return [where, ...tokenFacts(table, index)];
}
