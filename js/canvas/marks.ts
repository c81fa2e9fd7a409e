/** How a cell shows that its value lies beyond an end of the colour bar. */

import type { Rect } from "./geometry.ts";

const SIZE = 6;

/** A small triangle: in the upper right corner for "above", in the lower right for "below". */
export function paintSideMark(
  ctx: CanvasRenderingContext2D,
  { x, y, width, height }: Rect,
  side: "above" | "below",
  color: string,
): void {
  const right = x + width;
  const corner = side === "above" ? y : y + height;
  const inward = side === "above" ? SIZE : -SIZE;
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.moveTo(right - SIZE, corner);
  ctx.lineTo(right, corner);
  ctx.lineTo(right, corner + inward);
  ctx.fill();
}
