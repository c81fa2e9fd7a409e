/** The look of NaN: a neutral grey with diagonal lines, unlike any colour of a colormap. */

import type { Rect, Theme } from "../figure/drawing.ts";

const SPACING = 5;

export function hatch(
  ctx: CanvasRenderingContext2D,
  { x, y, width, height }: Rect,
  { dark }: Pick<Theme, "dark">,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.fillStyle = hatchColor({ dark });
  ctx.fillRect(x, y, width, height);
  ctx.strokeStyle = dark ? "#727272" : "#c4c4c4";
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let start = x - height; start < x + width; start += SPACING) {
    ctx.moveTo(start, y + height);
    ctx.lineTo(start + height, y);
  }
  ctx.stroke();
  ctx.restore();
}

/** The grey between the lines. */
export function hatchColor({ dark }: Pick<Theme, "dark">): string {
  return dark ? "#5c5c5c" : "#e4e4e4";
}

/** Text that can be read on the hatch. */
export function hatchText({ dark }: Pick<Theme, "dark">): string {
  return dark ? "#ffffff" : "#3a3a3a";
}
