/** Rows that are marked, as a file: lines of JSON, or a table that spreadsheets open. */

import { field } from "../data/field.ts";
import { h } from "../dom.ts";
import type { Value } from "./look.ts";

export interface MarkedRow {
  key: string;
  note: string | null;
  values: Readonly<Record<string, Value>>;
}

export function asLines(rows: readonly MarkedRow[]): string {
  return rows
    .map(({ key, note, values }) => {
      const noted = note === null ? {} : { note };
      return `${JSON.stringify({ key, ...noted, ...values })}\n`;
    })
    .join("");
}

export function asTable(rows: readonly MarkedRow[], columns: readonly string[]): string {
  const lines = [["key", "note", ...columns].map(cell)];
  for (const { key, note, values } of rows) {
    lines.push([key, note, ...columns.map((name) => values[name] ?? null)].map(cell));
  }
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}

function cell(value: Value): string {
  if (value === null) return "";
  const text = typeof value === "string" ? field(value) : String(value);
  return text.startsWith('"') || !/[,\r\n]/.test(text) ? text : `"${text}"`;
}

export function download(name: string, text: string, type: string): void {
  const link = h("a", { download: name });
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
