/** Running text as a grid of ARIA: a line is a row, and so are the alternatives that are open. */

import {
  around,
  type Readable,
  type ReadableEntry,
  type ReadableLine,
} from "../../a11y/readable.ts";
import type { Cell } from "../../data/cell.ts";
import type { FlowLayout } from "./layout.ts";

/** So many lines surround the cursor. */
const LINES = 12;

export function flowReadable(layout: FlowLayout, [position]: Cell): Readable {
  if (layout.positions === 0) {
    const nothing: ReadableEntry = { column: 1, header: "row", text: "no tokens" };
    return { rows: 1, columns: 1, lines: [{ row: 1, entries: [nothing] }] };
  }
  const { lines, opened } = layout;
  const at = layout.firstLine(Math.min(position, layout.positions - 1));
  const { first, last } = around(lines.count, at, LINES);
  const openedLine = opened === null ? Infinity : layout.lastLine(opened.position);
  const found: ReadableLine[] = [];
  for (let line = first; line <= last; line++) {
    const row = line + 1 + (line > openedLine ? 1 : 0);
    const entries: ReadableEntry[] = [{ column: 1, header: "row", text: `line ${line + 1}` }];
    for (let fragment = lines.starts[line]; fragment < lines.starts[line + 1]; fragment++) {
      const here = lines.position[fragment];
      // A token that is broken over lines is read where it begins.
      if (lines.first[here] !== fragment) continue;
      entries.push({ column: entries.length + 1, cell: [here, 0] });
    }
    found.push({ row, entries });
    if (opened !== null && line === openedLine) {
      const text = `alternatives at position ${opened.position - layout.given + 1}`;
      const cells = opened.chips.map(
        (_, i): ReadableEntry => ({ column: i + 2, cell: [opened.position, i + 1] }),
      );
      found.push({ row: row + 1, entries: [{ column: 1, header: "row", text }, ...cells] });
    }
  }
  return {
    rows: lines.count + (opened === null ? 0 : 1),
    columns: Math.max(...found.map(({ entries }) => entries.length)),
    lines: found,
  };
}
