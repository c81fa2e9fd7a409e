/** The look of NaN: a neutral grey with diagonal lines, unlike any colour of a colormap. */

import type { Rect } from "./geometry.ts";
import type { Theme } from "./theme.ts";

const SPACING = 5;

/** The ground and the lines, as 24-bit RGB. */
function hatchColors({ dark }: Pick<Theme, "dark">): readonly [number, number] {
  return dark ? [0x5c5c5c, 0x727272] : [0xe4e4e4, 0xc4c4c4];
}

function css(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, "0")}`;
}

export function hatch(ctx: CanvasRenderingContext2D, rect: Rect, theme: Pick<Theme, "dark">): void {
  const [ground, line] = hatchColors(theme).map(css);
  const { x, y, width, height } = rect;
  ctx.fillStyle = ground;
  ctx.fillRect(x, y, width, height);
  diagonals(ctx, rect, { color: line, alpha: ctx.globalAlpha, rise: height });
}

/** Lines the other way over a colour: what a flag marks. */
export function stripe(ctx: CanvasRenderingContext2D, rect: Rect, color: string): void {
  diagonals(ctx, rect, { color, alpha: 0.25, rise: -rect.height });
}

function diagonals(
  ctx: CanvasRenderingContext2D,
  { x, y, width, height }: Rect,
  { color, alpha, rise }: { color: string; alpha: number; rise: number },
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.strokeStyle = color;
  ctx.globalAlpha = alpha;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let start = x - height; start < x + width; start += SPACING) {
    ctx.moveTo(start, y + (height + rise) / 2);
    ctx.lineTo(start + height, y + (height - rise) / 2);
  }
  ctx.stroke();
  ctx.restore();
}

/** The grey between the lines. */
export function hatchColor(theme: Pick<Theme, "dark">): string {
  return css(hatchColors(theme)[0]);
}

/** Text that can be read on the hatch. */
export function hatchText({ dark }: Pick<Theme, "dark">): string {
  return dark ? "#ffffff" : "#3a3a3a";
}

/**
 * The same look pixel by pixel, for pictures made of pixels: the colour at (x, y) is entry
 * (x + y) modulo the length, as it lies in an ImageData. `ratio` is device pixels per CSS pixel.
 */
export function hatchPixels(theme: Pick<Theme, "dark">, ratio: number): Uint32Array {
  const period = Math.max(3, Math.round(SPACING * ratio));
  // How wide a line one pixel thick is when it is cut level.
  const width = Math.SQRT2 * ratio;
  const [ground, line] = hatchColors(theme).map((rgb) => rgb & 0xff);
  return Uint32Array.from({ length: period }, (_, i) => {
    const covered = Math.min(1, Math.max(0, width - i));
    const grey = Math.round(ground + (line - ground) * covered);
    return ((0xff << 24) | (grey << 16) | (grey << 8) | grey) >>> 0;
  });
}
