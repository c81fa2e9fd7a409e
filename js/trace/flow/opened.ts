/** The row of alternatives that opens beneath a line: where each stands. */

import type { Rect } from "../../canvas/geometry.ts";

export const CHIP_HEIGHT = 35;
const CHIP_GAP = 3;
/** Above the first row of alternatives, and below the last. */
const ABOVE = 7;
const BELOW = 11;
/** Where there is none, a line that says so. */
const NONE_HEIGHT = 20;

export interface OpenedRow {
  position: number;
  /** By slot, from 1 on: places relative to the top of the row. */
  chips: readonly Rect[];
  /** What the row takes, its margins included. */
  height: number;
  /** Left end of what it shows. */
  left: number;
}

export interface OpenedOptions {
  position: number;
  /** Widths of the alternatives, from the first on. */
  widths: readonly number[];
  /** The left end of the token. */
  anchor: number;
  room: number;
}

/** Beneath its token where they fit there, further left where not, in several rows if need be. */
export function openedRow({ position, widths, anchor, room }: OpenedOptions): OpenedRow {
  const all = widths.reduce((sum, width) => sum + width + CHIP_GAP, -CHIP_GAP);
  const left = Math.max(0, Math.min(anchor, room - Math.max(all, 0)));
  const chips: Rect[] = [];
  let [x, y] = [left, ABOVE];
  for (const width of widths) {
    if (x > 0 && x + width > room) [x, y] = [0, y + CHIP_HEIGHT + CHIP_GAP];
    chips.push({ x, y, width, height: CHIP_HEIGHT });
    x += width + CHIP_GAP;
  }
  const height = y + (chips.length > 0 ? CHIP_HEIGHT : NONE_HEIGHT) + BELOW;
  return { position, chips, height, left: chips.length > 0 ? left : anchor };
}
