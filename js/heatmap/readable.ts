/**
 * The matrix as a grid of ARIA: target headers in the first row, token headers in the first column.
 */

import { around, type Readable, type ReadableEntry } from "../a11y/readable.ts";
import { spoken } from "../a11y/spoken.ts";
import type { Arrangement } from "../data/arrange.ts";
import type { Cell } from "../data/cell.ts";
import type { HeatmapData } from "../data/heatmap.ts";

/** Small figures are there whole; of others this much surrounds the cursor. */
const ROWS = 17;
const COLUMNS = 17;

/** Around a place of the grid; cells are known by their row and column in the data. */
export function readable(
  { rows, columns }: Pick<HeatmapData, "rows" | "columns">,
  [row, column]: Cell,
  arrangement: Arrangement,
): Readable {
  const { places } = arrangement;
  const rowCount = places.rows?.length ?? rows.label.length;
  const columnCount = places.columns?.length ?? columns.label.length;
  const counts = { rows: rowCount + 1, columns: columnCount + 1 };
  if (rowCount === 0 || columnCount === 0) {
    const nothing: ReadableEntry = { column: 1, header: "column", text: "no values" };
    return { ...counts, lines: [{ row: 1, entries: [nothing] }] };
  }
  const down = around(rowCount, row, ROWS);
  const across = around(columnCount, column, COLUMNS);
  const entries = (header: ReadableEntry, of: (column: number) => ReadableEntry) => {
    const line = [header];
    for (let j = across.first; j <= across.last; j++) line.push(of(j));
    return line;
  };
  const lines = [
    {
      row: 1,
      entries: entries({ column: 1, header: "column", text: "token" }, (j) => ({
        ...{ column: j + 2, header: "column", text: spoken(columns.label[arrangement.column(j)]) },
      })),
    },
  ];
  for (let i = down.first; i <= down.last; i++) {
    const header = {
      column: 1,
      header: "row",
      text: spoken(rows.label[arrangement.row(i)]),
    } as const;
    const cell = (j: number) => ({ column: j + 2, cell: arrangement.cell([i, j]) });
    lines.push({ row: i + 2, entries: entries(header, cell) });
  }
  return { ...counts, lines };
}
