/**
 * Painting the labels of rows and columns: token labels as runs, target expressions as lines.
 */

import { font, SIZE } from "../canvas/fonts.ts";
import { BADGE_PADDING, type FittedLabel, SPACE_GAP, SPACE_WIDTH } from "../trace/label.ts";
import { CAP_HEIGHT } from "../trace/typography.ts";
import { LINE_HEIGHT } from "./headers.ts";

/** Paints a token's label with its left edge at `left` and its letters centred on `middle`. */
export function paintToken(
  ctx: CanvasRenderingContext2D,
  label: FittedLabel,
  left: number,
  middle: number,
): void {
  const { runs, size, condense, badge } = label;
  const baseline = (size * CAP_HEIGHT) / 2;
  const onlySpace = runs.every((run) => run.spaces > 0);
  ctx.save();
  ctx.translate(left, middle);
  if (badge) paintBadge(ctx, label);
  ctx.scale(condense, 1);
  ctx.font = label.font;
  ctx.textAlign = "left";
  let x = badge ? BADGE_PADDING : 0;
  for (const { text, spaces, width } of runs) {
    if (spaces === 0) ctx.fillText(text, x, baseline);
    else paintSpaces(ctx, { x, baseline, spaces, size, alpha: onlySpace ? 1 : 0.5 });
    x += width;
  }
  ctx.restore();
}

/** The width `paintToken` takes. */
export function tokenWidth({ width, condense, badge }: FittedLabel): number {
  return width * condense + (badge ? 2 * BADGE_PADDING : 0);
}

/** Paints lines of plain text, centred, the last one's letters standing on `bottom`. */
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

/** A rounded outline around the label of a special token. */
function paintBadge(ctx: CanvasRenderingContext2D, label: FittedLabel): void {
  const height = label.size + 5;
  ctx.globalAlpha = 0.6;
  ctx.strokeStyle = ctx.fillStyle;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.roundRect(0, -height / 2, tokenWidth(label), height, 4);
  ctx.stroke();
  ctx.globalAlpha = 1;
}

/** An open box under the line for each space, faint beside text. */
function paintSpaces(
  ctx: CanvasRenderingContext2D,
  box: { x: number; baseline: number; spaces: number; size: number; alpha: number },
): void {
  const { x, baseline, spaces, size, alpha } = box;
  const pitch = (SPACE_WIDTH + 2 * SPACE_GAP) * size;
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = ctx.fillStyle;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let i = 0; i < spaces; i++) {
    const left = x + i * pitch + SPACE_GAP * size;
    ctx.moveTo(left, baseline - 0.14 * size);
    ctx.lineTo(left, baseline + 0.1 * size);
    ctx.lineTo(left + SPACE_WIDTH * size, baseline + 0.1 * size);
    ctx.lineTo(left + SPACE_WIDTH * size, baseline - 0.14 * size);
  }
  ctx.stroke();
  ctx.globalAlpha = 1;
}
