/** Outlines around cells: what is pointed at, and what a search found. */

import type { Rect, Theme } from "../figure/drawing.ts";
import { CURRENT, markColor } from "./marks.ts";

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

/** Inside the cell, so that it stands beside a ring around it; a second line for the current one. */
export function paintMark(
  ctx: CanvasRenderingContext2D,
  { x, y, width, height }: Rect,
  mark: number,
  theme: Theme,
): void {
  const thick = mark === CURRENT ? 3.5 : 2;
  ctx.lineWidth = thick;
  ctx.strokeStyle = markColor(theme);
  const inset = thick / 2 - 1;
  ctx.strokeRect(x + inset, y + inset, width - 2 * inset, height - 2 * inset);
  if (mark !== CURRENT) return;
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.background;
  ctx.strokeRect(x + thick - 0.5, y + thick - 0.5, width - 2 * thick + 1, height - 2 * thick + 1);
}
