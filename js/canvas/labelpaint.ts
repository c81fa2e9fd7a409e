/** Paints a fitted label in the current fill colour: its text, spaces as open boxes, a badge. */

import { type FittedLabel, type Line, SPACE_GAP, SPACE_WIDTH } from "./label.ts";
import { CAP_HEIGHT } from "./typography.ts";

/** How visible a space is beside text, and the outline of a badge. */
const SPACE_ALPHA = 0.5;
const BADGE_ALPHA = 0.6;
/** What a badge's height exceeds its type's size by: two lines must fit a cell. */
const BADGE_HEIGHT = 3.5;
/** From one line of a label to the next, in em. */
const LINE_PITCH = 1.08;

/** The width that `paintToken` takes. */
export function tokenWidth({ width, condense, padding }: FittedLabel): number {
  return width * condense + 2 * padding;
}

/** Paints a label with its left edge at `left` and its letters centred on `middle`. */
export function paintToken(
  ctx: CanvasRenderingContext2D,
  label: FittedLabel,
  left: number,
  middle: number,
): void {
  const { lines, size, condense, width, padding } = label;
  ctx.strokeStyle = ctx.fillStyle;
  ctx.lineWidth = 1;
  ctx.textAlign = "left";
  if (ctx.font !== label.font) ctx.font = label.font;
  if (label.badge) paintBadge(ctx, label, left, middle);
  const first = middle + size * (CAP_HEIGHT / 2 - ((lines.length - 1) * LINE_PITCH) / 2);
  lines.forEach((line, i) => {
    const x = left + padding + ((width - line.width) / 2) * condense;
    paintLine(ctx, line, { x, baseline: first + i * LINE_PITCH * size, size, condense });
  });
}

interface Placed {
  x: number;
  baseline: number;
  size: number;
  condense: number;
}

function paintLine(ctx: CanvasRenderingContext2D, line: Line, placed: Placed): void {
  const { x, baseline, size, condense } = placed;
  if (condense === 1) {
    paintRuns(ctx, line, placed);
    return;
  }
  ctx.save();
  ctx.translate(x, 0);
  ctx.scale(condense, 1);
  paintRuns(ctx, line, { x: 0, baseline, size });
  ctx.restore();
}

function paintRuns(
  ctx: CanvasRenderingContext2D,
  { runs }: Line,
  { x: left, baseline, size }: Omit<Placed, "condense">,
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
