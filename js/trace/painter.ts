/**
 * Paints what meets the viewport: rows by binary search, columns by division.
 *
 * The colour says the channel's value (how probable a token was, for one), wherever it stands; what
 * makes the path the path is its height and the border around each row of it. Alternatives are
 * lower, bare, and apart; those that the channel says nothing of are outlined only, over their
 * probability.
 * Passes go by kind (numbers, cells, text, rings), because changing a canvas font is dear.
 */

import { SMALL } from "../canvas/fonts.ts";
import type { Rect, Span } from "../canvas/geometry.ts";
import { hatch, hatchText, stripe } from "../canvas/hatch.ts";
import type { LabelFitter } from "../canvas/label.ts";
import { paintToken, tokenWidth } from "../canvas/labelpaint.ts";
import { paintSideMark } from "../canvas/marks.ts";
import { CAP_HEIGHT, NUMBER_FONT, VALUE_FONT } from "../canvas/typography.ts";
import { luminance } from "../color/contrast.ts";
import type { ChannelValues } from "../data/channels.ts";
import type { TraceData } from "../data/trace.ts";
import type { PaintContext } from "../figure/drawing.ts";
import { LEAST_PADDING } from "./cellwidth.ts";
import { type Flagged, percent } from "./flagged.ts";
import { UNKNOWN } from "./format.ts";
import { BORDER_OUTSET, type Grid, ONE_NUMBER, SECOND_LINE } from "./layout.ts";
import { covers, type Lens } from "./lens.ts";
import type { Paired } from "./paired.ts";
import { paintMarks, paintRings } from "./rings.ts";

/** Reads as red on white and on black, and beside every colormap that is not red itself. */
const BORDER_COLOR = "#e03131";
const BORDER_WIDTH = 2;
/** Luminances between which a cell begins to melt into a light page, and into a dark one. */
const MELTS_LIGHT = [0.72, 0.95] as const;
const MELTS_DARK = [0.05, 0.01] as const;
/** Where the two lines of a cell have their middles, as a share of its height. */
const LABEL_LINE = 0.33;
/** Of a label in two lines, which leaves as much room above as below. */
const TWO_LABEL_LINES = 0.305;
const VALUE_LINE = 0.71;

export interface Scene {
  data: TraceData;
  grid: Grid;
  labels: LabelFitter;
  /** What colours the cells. */
  values: ChannelValues;
  /** What is written in them. */
  write: (position: number, slot: number) => string;
  /** What is written in the cells of the path instead. */
  paired: Paired | null;
  /** The probability of all that is not shown at a position, NaN where unknown; null for no cell. */
  rest: ((position: number) => number) | null;
  flagged: Flagged | null;
  showValues: boolean;
  border: boolean;
  /** Is it still being written? */
  begun: boolean;
  /** Per position, whether a search found it; null when none is under way. */
  marks: Uint8Array | null;
  /** What colours some positions instead. */
  lens: Lens | null;
}

export function paintTrace(scene: Scene, context: PaintContext): void {
  const { grid } = scene;
  const { ctx, viewport } = context;
  const rows = grid.rowsBetween(viewport.y, viewport.y + viewport.height);
  const columns = grid.columnsBetween(viewport.x, viewport.x + viewport.width);
  ctx.save();
  ctx.direction = "ltr";
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "center";
  if (grid.positions === 0) paintEmpty(scene, context);
  paintNumbers(scene, context, rows, columns);
  eachCell(scene, context, rows, columns, (spot, context) =>
    paintFlagged(spot, spot.value, context),
  );
  if (scene.rest !== null) paintRests(scene, context, rows, columns, scene.rest);
  if (scene.border) paintBorders(scene, context, rows);
  eachCell(scene, context, rows, columns, (spot, context) => paintLabel(scene, context, spot));
  if (scene.showValues) {
    ctx.textAlign = "center";
    ctx.font = VALUE_FONT;
    eachCell(scene, context, rows, columns, (spot, context) => paintValue(scene, context, spot));
  }
  paintMarkedRows(scene, context, rows);
  paintRings(grid, context);
  ctx.restore();
}

function paintEmpty({ grid, begun }: Scene, { ctx, theme }: PaintContext): void {
  ctx.font = VALUE_FONT;
  ctx.fillStyle = theme.muted;
  const text = begun ? "waiting for the first token" : "no tokens";
  ctx.fillText(text, grid.width / 2, grid.height / 2);
}

/** The value that colours a cell; null where there is none for it, and none is missing. */
export type Value = number | null;

/** A cell as it is painted: one object that serves all cells, because a frame paints thousands. */
interface Spot extends Rect, Flags {
  position: number;
  slot: number;
  /** Null where the channel says nothing of the cell. */
  value: Value;
  /** Where the value comes from a lens. */
  lens: Lens | null;
  /** In the vocabulary. */
  index: number;
}

/** Calls `paint` with each visible cell, and with the colours that hold for it. */
function eachCell(
  { data, grid, values: { chosen, alternatives }, flagged, lens }: Scene,
  context: PaintContext,
  rows: Span,
  columns: Span,
  paint: (spot: Spot, context: PaintContext) => void,
): void {
  const { given = 0 } = data;
  const lensed = lens === null ? context : { ...context, scale: lens.scale };
  const spot: Spot = {
    ...{ x: 0, y: 0, width: grid.cellWidth, height: 0 },
    ...{ position: 0, slot: 0, value: null, lens: null, index: 0, flagged: null },
  };
  for (let row = rows.first; row <= rows.last; row++) {
    const last = Math.min(columns.last, grid.rowLength(row) - 1);
    for (let column = columns.first; column <= last; column++) {
      const position = grid.start(row) + column;
      spot.x = grid.left(column);
      spot.y = grid.pathTop(row);
      spot.height = grid.pathHeight;
      spot.position = position;
      spot.slot = 0;
      spot.flagged = flagged?.marked[position] ? flagged : null;
      spot.lens = covers(lens, position) ? lens : null;
      // Beside what a lens colours, the path is plain: two scales on one line cannot be told apart.
      const plain = position < given || lens !== null;
      spot.value = (spot.lens?.values ?? (plain ? null : chosen))?.[position] ?? null;
      spot.index = data.index[position];
      paint(spot, spot.lens === null ? context : lensed);
      spot.lens = null;
      spot.flagged = null;
      spot.height = grid.rankHeight;
      const first = data.offsets[position] - 1;
      for (let slot = 1; slot <= grid.shown[position]; slot++) {
        spot.y = grid.rankTop(row, slot);
        spot.slot = slot;
        spot.value = alternatives === null ? null : alternatives[first + slot];
        spot.index = data.alternative_index[first + slot];
        paint(spot, context);
      }
    }
  }
}

/** The numbers of the cells that are pointed at stand out: they say where one is. */
function paintNumbers(
  { data, grid }: Scene,
  context: PaintContext,
  rows: Span,
  columns: Span,
): void {
  const { ctx, theme, hovered, focused, selected } = context;
  ctx.font = NUMBER_FONT;
  for (let row = Math.max(rows.first, grid.promptRows); row <= rows.last; row++) {
    const last = Math.min(columns.last, grid.rowLength(row) - 1);
    const number = grid.start(row) - (data.given ?? 0) + 1;
    const baseline = grid.pathTop(row) - BORDER_OUTSET - 6;
    for (let column = columns.first; column <= last; column++) {
      const position = grid.start(row) + column;
      const here = [hovered, focused, selected].some((cell) => cell?.[0] === position);
      ctx.fillStyle = here ? theme.foreground : theme.muted;
      ctx.fillText(String(number + column), grid.left(column) + grid.cellWidth / 2, baseline);
    }
  }
}

/** What a flag says of a cell. */
export interface Flags {
  flagged: Flagged | null;
}

/** How much is left of a colour that is dimmed. */
const DIMMED = 0.3;

/** A cell as its colour says, dimmed or striped where a flag marks it. */
export function paintFlagged(spot: Rect & Flags, value: Value, context: PaintContext): void {
  const { ctx } = context;
  const { flagged } = spot;
  if (flagged?.dims) ctx.globalAlpha = DIMMED;
  paintCell(spot, value, context);
  ctx.globalAlpha = 1;
  if (flagged?.dims === false) stripe(ctx, spot, textColor(value, context));
}

/** One quiet cell for all that is not shown. */
function paintRests(
  { grid, showValues }: Scene,
  context: PaintContext,
  rows: Span,
  columns: Span,
  rest: (position: number) => number,
): void {
  const { ctx, theme } = context;
  ctx.font = VALUE_FONT;
  ctx.fillStyle = theme.muted;
  for (let row = Math.max(rows.first, grid.promptRows); row <= rows.last; row++) {
    const last = Math.min(columns.last, grid.rowLength(row) - 1);
    for (let column = columns.first; column <= last; column++) {
      const position = grid.start(row) + column;
      const share = rest(position);
      if (Number.isNaN(share)) continue;
      const [x, y] = [grid.left(column), grid.rankTop(row, grid.shown[position] + 1)];
      const { cellWidth: width, rankHeight: height } = grid;
      const line = (text: string, middle: number) =>
        ctx.fillText(text, x + width / 2, y + height * middle + (SMALL * CAP_HEIGHT) / 2);
      if (showValues) line("other", LABEL_LINE);
      line(percent(share), showValues ? VALUE_LINE : 0.5);
    }
  }
}

/** The colour of a cell, its edge where it would melt into the page, the hatch of NaN. */
export function paintCell(rect: Rect, value: Value, context: PaintContext): void {
  const { ctx, scale, theme } = context;
  if (value === null) {
    outline(rect, context);
    return;
  }
  const side = scale.side(value);
  if (side === "nan") {
    hatch(ctx, rect, theme);
    return;
  }
  ctx.fillStyle = scale.css(value);
  ctx.fillRect(rect.x, rect.y, rect.width, rect.height);
  const edge = melting(value, context);
  if (edge > 0) {
    ctx.globalAlpha = edge;
    outline(rect, context);
    ctx.globalAlpha = 1;
  }
  if (side !== "inside") paintSideMark(ctx, rect, side, scale.textOn(value));
}

function outline({ x, y, width, height }: Rect, { ctx, theme }: PaintContext): void {
  ctx.strokeStyle = theme.hairline;
  ctx.lineWidth = 1;
  ctx.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
}

/** How much of its edges a cell loses on the page, 0 to 1: as the palest green does on white. */
function melting(value: number, { scale, theme }: PaintContext): number {
  const [kept, lost] = theme.dark ? MELTS_DARK : MELTS_LIGHT;
  return Math.min(1, Math.max(0, (luminance(scale.rgb(value)) - kept) / (lost - kept)));
}

/** One border around the path of each row. */
function paintBorders({ grid }: Scene, { ctx }: PaintContext, rows: Span): void {
  const outset = BORDER_OUTSET - BORDER_WIDTH / 2;
  ctx.strokeStyle = BORDER_COLOR;
  ctx.lineWidth = BORDER_WIDTH;
  for (let row = Math.max(rows.first, grid.promptRows); row <= rows.last; row++) {
    const left = grid.left(0) - outset;
    const right = grid.left(grid.rowLength(row) - 1) + grid.cellWidth + outset;
    ctx.beginPath();
    ctx.roundRect(left, grid.pathTop(row) - outset, right - left, grid.pathHeight + 2 * outset, 3);
    ctx.stroke();
  }
}

function paintLabel({ labels, showValues }: Scene, context: PaintContext, spot: Spot): void {
  const { ctx } = context;
  const { x, y, width, value, index, flagged } = spot;
  const height = Math.min(spot.height, ONE_NUMBER);
  // Every cell is high enough for two small lines over the value.
  const label = labels.fit(index, width - 2 * LEAST_PADDING, 2);
  ctx.fillStyle = textColor(flagged?.dims ? null : value, context);
  const left = x + (width - tokenWidth(label)) / 2;
  const middle = label.lines.length === 1 ? LABEL_LINE : TWO_LABEL_LINES;
  paintToken(ctx, label, left, y + height * (showValues ? middle : 0.5));
}

function paintValue({ write, paired }: Scene, context: PaintContext, spot: Spot): void {
  const { ctx } = context;
  const { x, y, width, position, slot, value, lens, flagged } = spot;
  const height = Math.min(spot.height, ONE_NUMBER);
  let baseline = y + height * VALUE_LINE + (SMALL * CAP_HEIGHT) / 2;
  ctx.fillStyle = textColor(flagged?.dims ? null : value, context);
  if (slot === 0 && paired !== null) {
    for (const line of paired.write(position)) {
      ctx.fillText(line, x + width / 2, baseline);
      baseline += SECOND_LINE;
    }
    return;
  }
  const seen = value === null ? null : lens;
  const text = seen?.write(value as number) ?? write(position, slot);
  // Where nothing is missing, nothing needs to be said.
  if (value === null && text === UNKNOWN) return;
  // The columns are not sized for a lens: what is too wide is condensed.
  ctx.fillText(text, x + width / 2, baseline, seen ? width - 2 * LEAST_PADDING : undefined);
}

/** Row by row, because what follows on the next row is no neighbour. */
function paintMarkedRows({ grid, marks }: Scene, { ctx, theme }: PaintContext, rows: Span): void {
  if (marks === null) return;
  for (let row = rows.first; row <= rows.last; row++) {
    const start = grid.start(row);
    const marked = {
      ...{ first: 0, last: grid.rowLength(row) - 1 },
      mark: (column: number) => marks[start + column],
      place: (first: number, last: number) => ({
        ...{ x: grid.left(first), y: grid.pathTop(row) },
        width: grid.left(last) + grid.cellWidth - grid.left(first),
        height: grid.pathHeight,
      }),
    };
    paintMarks(ctx, marked, theme);
  }
}

export function textColor(value: Value, { scale, theme }: PaintContext): string {
  if (value === null) return theme.foreground;
  return Number.isNaN(value) ? hatchText(theme) : scale.textOn(value);
}
