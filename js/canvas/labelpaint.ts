/** Paints a fitted label in the current fill colour: its text, spaces as open boxes, a badge. */

import { BADGE_PADDING, type FittedLabel, SPACE_GAP, SPACE_WIDTH } from "./label.ts";
import { CAP_HEIGHT } from "./typography.ts";

/** How visible a space is beside text, and the outline of a badge. */
const SPACE_ALPHA = 0.5;
const BADGE_ALPHA = 0.6;
/** What a badge's height exceeds its type's size by: two lines must fit a cell. */
const BADGE_HEIGHT = 3.5;

/** The width that `paintToken` takes. */
export function tokenWidth({ width, condense, badge }: FittedLabel): number {
  return width * condense + (badge ? 2 * BADGE_PADDING : 0);
}

/** Paints a label with its left edge at `left` and its letters centred on `middle`. */
export function paintToken(
  ctx: CanvasRenderingContext2D,
  label: FittedLabel,
  left: number,
  middle: number,
): void {
  const { size, condense, badge } = label;
  ctx.strokeStyle = ctx.fillStyle;
  ctx.lineWidth = 1;
  ctx.textAlign = "left";
  if (ctx.font !== label.font) ctx.font = label.font;
  if (badge) paintBadge(ctx, label, left, middle);
  const x = left + (badge ? BADGE_PADDING : 0);
  const baseline = middle + (size * CAP_HEIGHT) / 2;
  if (condense === 1) {
    paintRuns(ctx, label, x, baseline);
    return;
  }
  ctx.save();
  ctx.translate(x, 0);
  ctx.scale(condense, 1);
  paintRuns(ctx, label, 0, baseline);
  ctx.restore();
}

function paintRuns(
  ctx: CanvasRenderingContext2D,
  { runs, size }: FittedLabel,
  left: number,
  baseline: number,
): void {
  const onlySpace = runs.every((run) => run.spaces > 0);
  let x = left;
  for (const { text, spaces, width } of runs) {
    if (spaces === 0) ctx.fillText(text, x, baseline);
    else paintSpaces(ctx, { x, baseline, spaces, size, alpha: onlySpace ? 1 : SPACE_ALPHA });
    x += width;
  }
}

/** An open box under the line for each space: faint beside text, plain when it is the text. */
function paintSpaces(
  ctx: CanvasRenderingContext2D,
  box: { x: number; baseline: number; spaces: number; size: number; alpha: number },
): void {
  const { x, baseline, spaces, size, alpha } = box;
  const top = baseline - 0.14 * size;
  const bottom = baseline + 0.1 * size;
  const pitch = (SPACE_WIDTH + 2 * SPACE_GAP) * size;
  ctx.globalAlpha = alpha;
  ctx.beginPath();
  for (let i = 0; i < spaces; i++) {
    const left = x + i * pitch + SPACE_GAP * size;
    const right = left + SPACE_WIDTH * size;
    ctx.moveTo(left, top);
    ctx.lineTo(left, bottom);
    ctx.lineTo(right, bottom);
    ctx.lineTo(right, top);
  }
  ctx.stroke();
  ctx.globalAlpha = 1;
}

/** A rounded outline around the label of a special token. */
function paintBadge(
  ctx: CanvasRenderingContext2D,
  label: FittedLabel,
  left: number,
  middle: number,
): void {
  const height = label.size + BADGE_HEIGHT;
  ctx.globalAlpha = BADGE_ALPHA;
  ctx.beginPath();
  ctx.roundRect(left, middle - height / 2, tokenWidth(label), height, 4);
  ctx.stroke();
  ctx.globalAlpha = 1;
}
