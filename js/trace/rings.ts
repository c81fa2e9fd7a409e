/** Outlines around cells: what is pointed at, and what a search found. */

import type { Rect } from "../canvas/geometry.ts";
import type { Theme } from "../canvas/theme.ts";
import type { Cell } from "../data/cell.ts";
import type { PaintContext } from "../figure/drawing.ts";
import type { Arrangement } from "./arrangement.ts";
import { CURRENT, MATCH, markColor } from "./marks.ts";

export interface Ring {
  color: string;
  lineWidth: number;
  /** Sets the ring off from any colour. */
  halo: string;
}

/** In the gap around a cell. */
export function paintRing(
  ctx: CanvasRenderingContext2D,
  { x, y, width, height }: Rect,
  { color, lineWidth, halo }: Ring,
): void {
  ctx.strokeStyle = halo;
  ctx.lineWidth = lineWidth + 2;
  ctx.strokeRect(x - 1, y - 1, width + 2, height + 2);
  ctx.strokeStyle = color;
  ctx.lineWidth = lineWidth;
  ctx.strokeRect(x - 1, y - 1, width + 2, height + 2);
}

/**
 * Hovered, selected and focused, the strongest on top: in the gap around a cell, and set off from
 * any colour by a halo.
 */
export function paintRings(place: Arrangement, context: PaintContext): void {
  const { ctx, theme, hovered, focused, selected } = context;
  const ring = (cell: Cell | null, color: string, lineWidth: number) => {
    if (cell === null) return;
    for (const box of place.boxes(cell)) {
      paintRing(ctx, box, { color, lineWidth, halo: theme.background });
    }
  };
  ring(hovered, theme.foreground, 1.5);
  ring(selected, theme.accent, 2);
  ring(focused, theme.accent, 3);
}

export interface Marked {
  /** The first and last of what stands side by side. */
  first: number;
  last: number;
  mark: (i: number) => number;
  /** The place of neighbours together. */
  place: (first: number, last: number) => Rect;
}

/**
 * What a search found: one outline around neighbours, which may be too narrow for one each; the
 * current match more strongly, and over the others.
 */
export function paintMarks(ctx: CanvasRenderingContext2D, marked: Marked, theme: Theme): void {
  const { first, last, mark, place } = marked;
  for (const [kind, lineWidth] of OUTLINES) {
    for (let from = first; from <= last; from++) {
      if (mark(from) !== kind) continue;
      let to = from;
      while (to < last && mark(to + 1) === kind) to++;
      paintRing(ctx, place(from, to), {
        color: markColor(theme),
        lineWidth,
        halo: theme.background,
      });
      from = to;
    }
  }
}

const OUTLINES = [
  [MATCH, 2],
  [CURRENT, 4],
] as const;
