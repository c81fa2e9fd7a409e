/**
 * Paints the lines that meet the viewport: each token as it reads, on its colour.
 */

import { SMALL } from "../../canvas/fonts.ts";
import type { Rect } from "../../canvas/geometry.ts";
import type { LabelFitter } from "../../canvas/label.ts";
import { paintBadge, paintToken, tokenWidth } from "../../canvas/labelpaint.ts";
import { CAP_HEIGHT, VALUE_FONT } from "../../canvas/typography.ts";
import type { TraceData } from "../../data/trace.ts";
import type { PaintContext } from "../../figure/drawing.ts";
import { LEAST_PADDING } from "../cellwidth.ts";
import type { Flagged } from "../flagged.ts";
import { covers, type Lens } from "../lens.ts";
import { type Flags, paintCell, paintFlagged, textColor, type Value } from "../painter.ts";
import { paintMarks, paintRings } from "../rings.ts";
import { BOX_HEIGHT, FLOW_MARGIN, type FlowLayout } from "./layout.ts";
import { BREAK_WIDTH, type Piece } from "./pieces.ts";

export interface FlowScene {
  data: TraceData;
  layout: FlowLayout;
  labels: LabelFitter;
  /** What colours the tokens, and the alternatives; null where a channel says nothing of those. */
  chosen: Float32Array;
  alternatives: Float32Array | null;
  /** The number under an alternative. */
  written: (position: number, slot: number) => string;
  /** Why there is nothing in an opened row. */
  none: string;
  marks: Uint8Array | null;
  flagged: Flagged | null;
  /** What colours some positions instead. */
  lens: Lens | null;
}

export function paintFlow(scene: FlowScene, context: PaintContext): void {
  const { layout } = scene;
  const { ctx, viewport, theme } = context;
  const { first, last } = layout.linesBetween(viewport.y, viewport.y + viewport.height);
  ctx.save();
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "left";
  if (layout.positions === 0) {
    ctx.font = VALUE_FONT;
    ctx.fillStyle = theme.muted;
    ctx.fillText("no tokens", FLOW_MARGIN, layout.height / 2);
  }
  eachFragment(scene, context, first, last, (spot, context) => {
    if (spot.value !== null) paintFlagged(spot, spot.value, context);
  });
  eachFragment(scene, context, first, last, paintPiece);
  paintBeginning(scene, context, first, last);
  paintMarkedLines(scene, context, first, last);
  paintOpened(scene, context);
  paintRings(layout, context);
  ctx.restore();
}

/** A fragment as it is painted: one object for all of them. */
interface Spot extends Rect, Flags {
  position: number;
  /** Null in a prompt. */
  value: Value;
  piece: Piece;
  trimmed: boolean;
}

/** Calls `paint` with each fragment of some lines, and with the colours that hold for it. */
function eachFragment(
  { layout, chosen, flagged, lens }: FlowScene,
  context: PaintContext,
  firstLine: number,
  lastLine: number,
  paint: (spot: Spot, context: PaintContext) => void,
): void {
  const { lines, given } = layout;
  const lensed = lens === null ? context : { ...context, scale: lens.scale };
  if (lastLine < firstLine || layout.positions === 0) return;
  const spot = { x: 0, y: 0, width: 0, height: BOX_HEIGHT } as Spot;
  for (let line = firstLine; line <= lastLine; line++) {
    spot.y = layout.top(line);
    for (let fragment = lines.starts[line]; fragment < lines.starts[line + 1]; fragment++) {
      spot.x = FLOW_MARGIN + lines.x[fragment];
      spot.width = lines.width[fragment];
      spot.position = lines.position[fragment];
      const covered = covers(lens, spot.position);
      const plain = spot.position < given || lens !== null;
      const values = covered ? lens.values : plain ? null : chosen;
      spot.value = values?.[spot.position] ?? null;
      spot.flagged = flagged?.marked[spot.position] ? flagged : null;
      spot.piece = lines.piece(fragment);
      spot.trimmed = lines.trimmed[fragment] === 1;
      paint(spot, covered ? lensed : context);
    }
  }
}

function paintPiece(spot: Spot, context: PaintContext): void {
  const { ctx } = context;
  const { x, y, width, value, piece, trimmed, flagged } = spot;
  const { text, font, size, padding, badge, breaks, direction } = piece;
  ctx.fillStyle = textColor(flagged?.dims ? null : value, context);
  const middle = y + BOX_HEIGHT / 2;
  if (text !== "") {
    // Setting the same font again is cheap; asking which it is is not.
    ctx.font = font;
    ctx.direction = direction === 1 ? "rtl" : "ltr";
    const baseline = Math.round(middle + (size * CAP_HEIGHT) / 2);
    ctx.fillText(trimmed ? text.slice(1) : text, x + padding, baseline);
  }
  if (badge) {
    ctx.strokeStyle = ctx.fillStyle;
    ctx.lineWidth = 1;
    const box = { x: x + 2.5, y: y + 3.5, width: width - 5, height: BOX_HEIGHT - 7 };
    paintBadge(ctx, box, badge);
  }
  if (breaks) paintBreak(ctx, x + width - BREAK_WIDTH, middle);
}

/** A faint arrow, down and back: here a line ended. */
function paintBreak(ctx: CanvasRenderingContext2D, left: number, middle: number): void {
  ctx.globalAlpha = 0.6;
  ctx.strokeStyle = ctx.fillStyle;
  ctx.lineWidth = 1.1;
  const [right, tip, level] = [left + 10.5, left + 2.5, middle + 2.5];
  ctx.beginPath();
  ctx.moveTo(right, middle - 4);
  ctx.lineTo(right, level);
  ctx.lineTo(tip, level);
  ctx.moveTo(tip + 3, level - 2.8);
  ctx.lineTo(tip, level);
  ctx.lineTo(tip + 3, level + 2.8);
  ctx.stroke();
  ctx.globalAlpha = 1;
}

/** A thin mark where a prompt ends and the text that followed it begins. */
function paintBeginning(
  { layout }: FlowScene,
  { ctx, theme }: PaintContext,
  firstLine: number,
  lastLine: number,
): void {
  const { given, positions } = layout;
  if (given === 0 || given >= positions) return;
  const line = layout.firstLine(given);
  if (line < firstLine || line > lastLine) return;
  const { x, y, height } = layout.rect([given, 0]);
  ctx.fillStyle = theme.accent;
  ctx.fillRect(x - 2, y - 2, 2, height + 4);
}

function paintMarkedLines(
  { layout, marks }: FlowScene,
  { ctx, theme }: PaintContext,
  firstLine: number,
  lastLine: number,
): void {
  if (marks === null) return;
  const { position, x, width } = layout.lines;
  for (let line = firstLine; line <= lastLine; line++) {
    const marked = {
      ...layout.fragmentsOf(line),
      mark: (fragment: number) => marks[position[fragment]],
      place: (first: number, last: number) => {
        // Not from the first to the last: a run may go from right to left.
        let [left, right] = [Infinity, 0];
        for (let i = first; i <= last; i++) {
          left = Math.min(left, x[i]);
          right = Math.max(right, x[i] + width[i]);
        }
        const y = layout.top(line);
        return { x: FLOW_MARGIN + left, y, width: right - left, height: BOX_HEIGHT };
      },
    };
    paintMarks(ctx, marked, theme);
  }
}

/** The alternatives of one token, as in the grid, with a line that leads to them. */
function paintOpened(scene: FlowScene, context: PaintContext): void {
  const { layout, data, labels, alternatives, written, none } = scene;
  const { ctx, theme } = context;
  const { opened } = layout;
  if (opened === null) return;
  const { position, chips } = opened;
  const top = layout.openedTop;
  const last = layout.lines.first[position + 1] - 1;
  const stem = layout.fragmentRect(last);
  ctx.fillStyle = theme.accent;
  ctx.fillRect(stem.x, stem.y + stem.height + 1, stem.width, 2);
  if (chips.length === 0) {
    ctx.font = VALUE_FONT;
    ctx.fillStyle = theme.muted;
    ctx.textAlign = "left";
    ctx.direction = "ltr";
    ctx.fillText(none, FLOW_MARGIN + opened.left, top + 20);
    return;
  }
  ctx.direction = "ltr";
  const offset = data.offsets[position] - 1;
  for (let slot = 1; slot <= chips.length; slot++) {
    const rect = layout.rect([position, slot]);
    const value = alternatives?.[offset + slot] ?? null;
    paintCell(rect, value, context);
    ctx.fillStyle = textColor(value, context);
    const index = data.alternative_index[offset + slot];
    const label = labels.fit(index, rect.width - 2 * LEAST_PADDING);
    const left = rect.x + (rect.width - tokenWidth(label)) / 2;
    paintToken(ctx, label, left, rect.y + rect.height * 0.33);
    ctx.font = VALUE_FONT;
    ctx.textAlign = "center";
    const baseline = rect.y + rect.height * 0.71 + (SMALL * CAP_HEIGHT) / 2;
    ctx.fillText(written(position, slot), rect.x + rect.width / 2, baseline);
  }
}
