/** Paints a fitted label in the current fill colour: its text, spaces as open boxes, a badge. */

import type { Rect } from "./geometry.ts";
import { type Badge, type FittedLabel, type Line, SPACE_GAP, SPACE_WIDTH } from "./label.ts";
import { CAP_HEIGHT } from "./typography.ts";

/** How visible a space is beside text, and the outline of a badge. */
const SPACE_ALPHA = 0.5;
const BADGE_ALPHA = 0.6;
/** What a badge's height exceeds its type's size by: two lines must fit a cell. */
const BADGE_HEIGHT = 3.5;
/** From one line of a label to the next, in em. */
const LINE_PITCH = 1.08;
/** What a label may cover above and below its middle, and where its letters must stay, in em. */
const REACH = 0.85;
const LOWEST_BASELINE = 0.7;
const HIGHEST_BASELINE = 0.1;

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
  // Setting the same font again is cheap; asking which it is is not.
  ctx.font = label.font;
  if (label.badge) {
    const height = label.size + BADGE_HEIGHT;
    const box = { x: left, y: middle - height / 2, width: tokenWidth(label), height };
    paintBadge(ctx, box, label.badge);
  }
  if (label.tall !== null) {
    paintTall(ctx, label, left, middle);
    return;
  }
  const first = middle + size * (CAP_HEIGHT / 2 - ((lines.length - 1) * LINE_PITCH) / 2);
  lines.forEach((line, i) => {
    const x = left + padding + ((width - line.width) / 2) * condense;
    paintLine(ctx, line, { x, baseline: first + i * LINE_PITCH * size, size, condense });
  });
}

/** Marks piled on a letter stay over their own cell: what there is no room for is cut. */
function paintTall(
  ctx: CanvasRenderingContext2D,
  label: FittedLabel,
  left: number,
  middle: number,
): void {
  const { lines, size, condense, width, padding } = label;
  const { ascent, descent } = label.tall as NonNullable<FittedLabel["tall"]>;
  const centred = (ascent - descent) / 2;
  const below = Math.min(LOWEST_BASELINE * size, Math.max(HIGHEST_BASELINE * size, centred));
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, middle - REACH * size, tokenWidth(label), 2 * REACH * size);
  ctx.clip();
  lines.forEach((line, i) => {
    const x = left + padding + ((width - line.width) / 2) * condense;
    const baseline = middle + below + (i - (lines.length - 1) / 2) * LINE_PITCH * size;
    paintLine(ctx, line, { x, baseline, size, condense });
  });
  ctx.restore();
}

interface Place {
  x: number;
  baseline: number;
  size: number;
}

interface Placed extends Place {
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
  { x: left, baseline, size }: Place,
): void {
  const onlySpace = runs.every((run) => run.spaces > 0);
  let x = left;
  for (const { text, spaces, width, left: start } of runs) {
    if (spaces === 0) ctx.fillText(text, x + start, baseline);
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

/** A rounded outline in the current stroke colour. */
export function paintBadge(
  ctx: CanvasRenderingContext2D,
  { x, y, width, height }: Rect,
  badge: Badge,
): void {
  ctx.globalAlpha = BADGE_ALPHA;
  if (badge === "dashed") ctx.setLineDash([2, 2]);
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, 4);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}
