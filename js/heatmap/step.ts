/** Where a key leads from a cell of a grid; null when the key is not one that moves. */

import type { Cell } from "../data/cell.ts";

export interface Extents {
  rows: number;
  columns: number;
  /** How many rows PageUp and PageDown move by. */
  page: number;
}

export function step(
  { rows, columns, page }: Extents,
  cell: Cell | null,
  key: string,
  ctrl: boolean,
): Cell | null {
  if (rows === 0 || columns === 0) return null;
  const [row, column] = cell ?? [0, 0];
  const to = target([row, column], key, ctrl, { rows, columns, page });
  if (to === null) return null;
  if (cell === null && key.startsWith("Arrow")) return [0, 0];
  return [clamp(to[0], rows), clamp(to[1], columns)];
}

function target([row, column]: Cell, key: string, ctrl: boolean, extents: Extents): Cell | null {
  const lastRow = extents.rows - 1;
  const lastColumn = extents.columns - 1;
  switch (key) {
    case "ArrowUp":
      return [ctrl ? 0 : row - 1, column];
    case "ArrowDown":
      return [ctrl ? lastRow : row + 1, column];
    case "ArrowLeft":
      return [row, ctrl ? 0 : column - 1];
    case "ArrowRight":
      return [row, ctrl ? lastColumn : column + 1];
    case "PageUp":
      return [row - extents.page, column];
    case "PageDown":
      return [row + extents.page, column];
    case "Home":
      return [ctrl ? 0 : row, 0];
    case "End":
      return [ctrl ? lastRow : row, lastColumn];
    default:
      return null;
  }
}

function clamp(index: number, count: number): number {
  return Math.min(count - 1, Math.max(0, index));
}
