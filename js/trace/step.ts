/**
 * Where the keyboard leads in a wrapped trace.
 *
 * Left and right walk the text, across the ends of rows. Up and down walk a column: the chosen
 * token, the alternatives shown under it, then the chosen token of the next row.
 */

import type { Cell } from "../data/cell.ts";

export interface Walk {
  /** Positions per row. */
  columns: number;
  /** How many alternatives each position shows. */
  shown: Uint8Array;
  /** Positions of the prompt, which has rows of its own. */
  given?: number;
}

/** The nearest cell that is there: a filter may have hidden the one that was selected. */
export function nearestCell({ shown }: Walk, [position, slot]: Cell): Cell {
  const at = clamp(position, shown.length - 1);
  return [at, clamp(slot, shown[at])];
}

/** The next cell, or null when the key means nothing here or the trace is empty. */
export function step(walk: Walk, cell: Cell | null, key: string, ctrl: boolean): Cell | null {
  const { shown } = walk;
  const last = shown.length - 1;
  if (last < 0 || !KEYS.has(key)) return null;
  if (cell === null) return [0, 0];
  const [position, slot] = nearestCell(walk, cell);
  const rowStart = startOf(walk, position);
  const column = position - rowStart;
  const below = endOf(walk, position);
  const above = Math.min(startOf(walk, rowStart - 1) + column, rowStart - 1);
  const down: Cell = [Math.min(below + column, endOf(walk, below) - 1), 0];
  switch (key) {
    case "ArrowLeft":
      return nearestCell(walk, [position - 1, slot]);
    case "ArrowRight":
      return nearestCell(walk, [position + 1, slot]);
    case "ArrowDown":
      if (slot < shown[position]) return [position, slot + 1];
      return below <= last ? down : [position, slot];
    case "ArrowUp":
      if (slot > 0) return [position, slot - 1];
      return rowStart > 0 ? [above, shown[above]] : [position, slot];
    case "Home":
      return [ctrl ? 0 : rowStart, 0];
    case "End":
      return [ctrl ? last : below - 1, 0];
    case "PageUp":
      return [rowStart > 0 ? above : position, 0];
    default: // PageDown
      return below <= last ? down : [position, 0];
  }
}

/** The first position of the row that holds one. */
function startOf({ columns, given = 0 }: Walk, position: number): number {
  const begin = position < given ? 0 : given;
  return position - ((position - begin) % columns);
}

/** The first position after the row that holds one. */
function endOf(walk: Walk, position: number): number {
  const { columns, shown, given = 0 } = walk;
  const end = position < given ? given : shown.length;
  return Math.min(startOf(walk, position) + columns, end);
}

/** The keys that move, in either arrangement. */
export const KEYS: ReadonlySet<string> = new Set([
  "ArrowLeft",
  "ArrowRight",
  "ArrowDown",
  "ArrowUp",
  "Home",
  "End",
  "PageUp",
  "PageDown",
]);

export function clamp(value: number, high: number): number {
  return Math.min(high, Math.max(0, value));
}
