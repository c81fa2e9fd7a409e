/** Painting target expressions as centred lines of plain text. */

import { font, SIZE } from "../canvas/fonts.ts";
import { LINE_HEIGHT } from "./headers.ts";

/** The last line's letters stand on `bottom`. */
export function paintLines(
  ctx: CanvasRenderingContext2D,
  lines: readonly string[],
  center: number,
  bottom: number,
): void {
  ctx.font = font(SIZE);
  ctx.textAlign = "center";
  lines.forEach((line, i) => {
    ctx.fillText(line, center, bottom - (lines.length - 1 - i) * LINE_HEIGHT);
  });
}
