/**
 * Whose a token is, seen at a glance: a thin band along each turn of a chat, or along each stretch of
 * one category; faint where a chat's template is. Roles differ in how the band is drawn, not in colour: the colours are the
 * values', and a reader who forces colours has only a few.
 */

import type { Rect } from "../canvas/geometry.ts";
import type { Category } from "../data/trace.ts";
import type { PaintContext } from "../figure/drawing.ts";

export interface Stretch {
  start: number;
  /** The position after the last. */
  stop: number;
}

export interface Turn extends Stretch {
  /** Whose it is; null where the template alone says so. */
  role: string | null;
  /** Its tokens, in stretches of the message's own and of the template's. */
  parts: readonly (Stretch & { template: boolean })[];
}

/** Where equal entries stand side by side, counted from `from`. */
export function stretches(entries: ArrayLike<unknown>, from = 0): Stretch[] {
  const found: Stretch[] = [];
  for (let i = 0; i < entries.length; i++) {
    if (i === 0 || entries[i] !== entries[i - 1]) found.push({ start: from + i, stop: from + i });
    found[found.length - 1].stop = from + i + 1;
  }
  return found;
}

/** The stretches of a category; none where a position has no word. */
export function categoryTurns({ words, index }: Category): Turn[] {
  return stretches(index).flatMap((stretch) => {
    const role = words[index[stretch.start]];
    return role === null ? [] : [{ ...stretch, role, parts: [{ ...stretch, template: false }] }];
  });
}

/** Dashes and gaps of a band, in pixels; of other roles it is solid. */
const DASHES: Readonly<Record<string, readonly number[]>> = {
  system: [1.5, 3],
  assistant: [7, 3],
  completion: [7, 3],
  tool: [7, 3, 1.5, 3],
};
const WIDTH = 2;
const MESSAGE_ALPHA = 0.75;
const TEMPLATE_ALPHA = 0.3;
/** From the band up to the letters of a role's name. */
const NAME_GAP = 4;

export interface Banded {
  turns: readonly Turn[];
  /** The first position in sight, and the one after the last. */
  from: number;
  to: number;
  /** From the boxes of a run, the middle of its band: above them, or below. */
  level: (run: Rect) => number;
  /** The runs that some positions make. */
  runs: (start: number, stop: number) => Rect[];
  /** In which to write whose turn begins; null where there is no room for it. */
  nameFont: string | null;
}

export function paintBands({ turns, from, to, ...how }: Banded, context: PaintContext): void {
  const { ctx, theme } = context;
  ctx.save();
  ctx.strokeStyle = theme.muted;
  ctx.fillStyle = theme.muted;
  ctx.lineWidth = WIDTH;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.direction = "ltr";
  for (const turn of turns) {
    if (turn.stop <= from || turn.start >= to) continue;
    ctx.setLineDash([...((turn.role === null ? null : DASHES[turn.role]) ?? [])]);
    for (const { start, stop, template } of turn.parts) {
      ctx.globalAlpha = template ? TEMPLATE_ALPHA : MESSAGE_ALPHA;
      for (const run of how.runs(Math.max(start, from), Math.min(stop, to))) {
        const level = how.level(run);
        ctx.beginPath();
        ctx.moveTo(run.x, level);
        ctx.lineTo(run.x + run.width, level);
        ctx.stroke();
      }
    }
    ctx.globalAlpha = 1;
    if (turn.role === null || how.nameFont === null || turn.start < from) continue;
    const [first] = how.runs(turn.start, Math.min(turn.stop, to));
    ctx.font = how.nameFont;
    if (first === undefined || ctx.measureText(turn.role).width > first.width) continue;
    ctx.fillText(turn.role, first.x, how.level(first) - NAME_GAP);
  }
  ctx.restore();
}
