/**
 * The wrapped trace as a grid of ARIA: for each row of the figure one line of chosen tokens and one
 * for each rank of alternatives, so that arrow keys and a screen reader agree on what is below what.
 */

import { around, type Readable, type ReadableEntry, type ReadableLine } from "../a11y/readable.ts";
import type { Cell } from "../data/cell.ts";
import type { Grid } from "./layout.ts";

/** A trace of so many positions is there whole; of others this much surrounds the cursor. */
const POSITIONS = 160;
const COLUMNS = 40;

export function readable(grid: Grid, [position]: Cell): Readable {
  const { positions, columns } = grid;
  if (positions === 0) {
    const nothing: ReadableEntry = { column: 1, header: "row", text: "no tokens" };
    return { rows: 1, columns: 1, lines: [{ row: 1, entries: [nothing] }] };
  }
  const whole = positions <= POSITIONS;
  const at = grid.rowOf(position);
  const across = around(columns, position - grid.start(at), whole ? columns : COLUMNS);
  const width = across.last - across.first + 1;
  const fitting = whole ? grid.rows : Math.max(1, Math.floor(POSITIONS / width));
  const down = around(grid.rows, at, fitting);
  const lines: ReadableLine[] = [];
  let line = 1;
  for (let row = 0; row < grid.rows; row++) {
    if (row >= down.first && row <= down.last) {
      for (let slot = 0; slot <= grid.ranks(row); slot++) {
        lines.push({ row: line + slot, entries: entries(grid, row, slot, across) });
      }
    }
    line += 1 + grid.ranks(row);
  }
  return { rows: line - 1, columns: columns + 1, lines };
}

function entries(
  grid: Grid,
  row: number,
  slot: number,
  { first, last }: { first: number; last: number },
): ReadableEntry[] {
  const start = grid.start(row);
  const end = start + grid.rowLength(row);
  const prompt = row < grid.promptRows;
  const before = prompt ? 0 : grid.start(grid.promptRows);
  const stretch = `${start + 1 - before} to ${end - before}`;
  const kind = slot === 0 ? "chosen" : `alternative ${slot}`;
  const text = prompt ? `prompt, tokens ${stretch}` : `positions ${stretch}, ${kind}`;
  const found: ReadableEntry[] = [{ column: 1, header: "row", text }];
  for (let column = first; column <= last && start + column < end; column++) {
    const position = start + column;
    if (slot <= grid.shown[position]) found.push({ column: column + 2, cell: [position, slot] });
  }
  return found;
}
