/** The whole matrix in the strip beside the viewport. */

import type { Overview } from "../figure/drawing.ts";
import type { CellImage } from "./image.ts";
import type { LevelSource } from "./pyramid/source.ts";
import type { Side } from "./runs.ts";

export function paintOverview(
  image: CellImage,
  source: LevelSource,
  { ctx, width, height, scale, theme }: Overview,
): void {
  const ratio = ctx.getTransform().a;
  const [rows, columns] = source.shape;
  if (rows === 0 || columns === 0) return;
  const side = (length: number, count: number): Side => ({
    ...{ cell: length / count, count, ratio, start: 0, length: Math.round(length * ratio) },
  });
  const across = side(width, columns);
  const down = side(height, rows);
  if (across.length === 0 || down.length === 0) return;
  ctx.putImageData(image.render({ source, across, down, scale, theme }), 0, 0);
}
