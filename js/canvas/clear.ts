/** A canvas made ready to be painted. */

import { density } from "./space.ts";

/**
 * Sizes a canvas for the screen's pixels and gives its context, empty and scaled to CSS pixels.
 * `fixed` is for what is not seen on the screen. A size is set only when it is another: even the same would cost a new bitmap.
 */
export function cleared(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  fixed?: number,
): CanvasRenderingContext2D {
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const ratio = fixed ?? density(canvas);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const ctx = canvas.getContext("2d") as CanvasRenderingContext2D;
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, w, h);
  ctx.scale(ratio, ratio);
  return ctx;
}
