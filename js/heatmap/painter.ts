/**
 * Paints what meets the viewport: cells, their values, and the headers pinned to its edges.
 */

import { font, SIZE, SMALL } from "../canvas/fonts.ts";
import type { Rect, Span } from "../canvas/geometry.ts";
import { hatch, hatchText } from "../canvas/hatch.ts";
import type { LabelFitter } from "../canvas/label.ts";
import { paintToken, tokenWidth } from "../canvas/labelpaint.ts";
import { paintSideMark } from "../canvas/marks.ts";
import type { TextMeasure } from "../canvas/text.ts";
import { CAP_HEIGHT } from "../canvas/typography.ts";
import { type Notation, write } from "../color/notation.ts";
import type { Arrangement } from "../data/arrange.ts";
import type { Cell } from "../data/cell.ts";
import type { PaintContext } from "../figure/drawing.ts";
import type { HeatmapState } from "../state/state.ts";
import { FOOT, SIDE_MARGIN, uprightRoom, wrap } from "./headers.ts";
import type { CellImage } from "./image.ts";
import { paintLines } from "./labels.ts";
import { cellEdge, type HeatmapGrid } from "./layout.ts";
import type { LevelSource } from "./pyramid/source.ts";
import type { Side } from "./runs.ts";

/** Between a row's label and its cells. */
export const LABEL_GAP = 9;

export interface Scene {
  state: HeatmapState;
  grid: HeatmapGrid;
  measure: TextMeasure;
  rowLabels: LabelFitter;
  columnLabels: LabelFitter;
  /** The widest value without its sign: values align on the right of a block this wide. */
  digitsWidth: number;
  notation: Notation;
  source: LevelSource;
  /** Which cells the places of the grid hold. */
  arrangement: Arrangement;
  /** Small cells are painted as one picture. */
  image: CellImage;
}

/** Smaller cells become parts of a picture; larger ones are painted one by one. */
const PICTURE = 14;
/** Half the height of an upright label: over a very narrow column it reaches beyond the cells. */
const UPRIGHT_HALF = 7;
/** The smallest cell with a mark for a value beyond the range. */
const MARKED = 10;

export function paintHeatmap(scene: Scene, context: PaintContext): void {
  const { grid } = scene;
  const { ctx, viewport } = context;
  if (grid.rows === 0 || grid.columns === 0) {
    paintEmpty(context);
    return;
  }
  const { x, y, width, height } = viewport;
  const columns = grid.columnsBetween(x + grid.left, x + width);
  const rows = grid.rowsBetween(y + grid.top, y + height);
  scene.source.look?.(rows, columns);
  ctx.save();
  ctx.textBaseline = "alphabetic";
  ctx.direction = "ltr";
  clipped(ctx, { x: x + grid.left, y: y + grid.top, width, height }, () => {
    if (scene.source.summary === null) return;
    paintCells(scene, context, rows, columns);
    if (grid.cell.values !== "none") paintValues(scene, context, rows, columns);
  });
  paintRings(scene, context);
  clipped(ctx, { x, y: y + grid.top - 4, width: grid.left, height }, () => {
    paintRowLabels(scene, context, rows);
  });
  clipped(ctx, { x: x + grid.left - UPRIGHT_HALF, y, width, height: grid.top }, () => {
    paintColumnLabels(scene, context, columns);
  });
  paintEdges(scene, context);
  ctx.restore();
}

function paintEmpty({ ctx, theme }: PaintContext): void {
  ctx.font = font(SIZE);
  ctx.fillStyle = theme.muted;
  ctx.fillText("no values", 4, 44);
}

function clipped(ctx: CanvasRenderingContext2D, rect: Rect, paint: () => void): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(rect.x, rect.y, rect.width, rect.height);
  ctx.clip();
  paint();
  ctx.restore();
}

function paintCells(scene: Scene, context: PaintContext, rows: Span, columns: Span): void {
  const { cell } = scene.grid;
  const small = cell.values === "none" && Math.min(cell.width, cell.height) < PICTURE;
  if (!small) paintOneByOne(scene, context, rows, columns);
  else {
    paintPicture(scene, context);
    paintGaps(scene, context, rows, columns);
    if (Math.min(cell.width, cell.height) >= MARKED) paintMarks(scene, context, rows, columns);
  }
}

function paintOneByOne(scene: Scene, context: PaintContext, rows: Span, columns: Span): void {
  const { source, grid } = scene;
  const { ctx, scale, theme } = context;
  for (let i = rows.first; i <= rows.last; i++) {
    for (let j = columns.first; j <= columns.last; j++) {
      const value = source.valueAt(i, j) ?? source.around?.(i, j).value;
      if (value === undefined) continue;
      const rect = grid.rect(i, j);
      const side = scale.side(value);
      if (side === "nan") {
        hatch(ctx, rect, theme);
        continue;
      }
      ctx.fillStyle = scale.css(value);
      ctx.fillRect(rect.x, rect.y, rect.width, rect.height);
      if (side !== "inside") paintSideMark(ctx, inset(rect), side, scale.textOn(value));
    }
  }
}

/** Pixels, straight into the canvas: no transformation applies. */
function paintPicture(
  { source, grid, image }: Scene,
  { ctx, viewport, ...look }: PaintContext,
): void {
  const ratio = ctx.getTransform().a;
  const { cell, left, top } = grid;
  const x = Math.round(left * ratio);
  const y = Math.round(top * ratio);
  const across = side(cell.width, grid.columns, viewport.x, ctx.canvas.width - x, ratio);
  const down = side(cell.height, grid.rows, viewport.y, ctx.canvas.height - y, ratio);
  if (across.length <= 0 || down.length <= 0) return;
  ctx.putImageData(image.render({ source, across, down, ...look }), x, y);
}

/** What is visible of the cells along one side. */
function side(cell: number, count: number, scrolled: number, room: number, ratio: number): Side {
  const start = Math.round(scrolled * ratio);
  const length = Math.min(room, cellEdge(count, cell, ratio) - start);
  return { cell, count, ratio, start, length };
}

/** The background shows between cells. */
function paintGaps(
  { grid }: Scene,
  { ctx, viewport }: PaintContext,
  rows: Span,
  columns: Span,
): void {
  if (grid.gap === 0) return;
  const { x, y, width, height } = viewport;
  for (let j = columns.first; j <= columns.last; j++) {
    ctx.clearRect(grid.columnLeft(j + 1) - grid.gap, y, grid.gap, height);
  }
  for (let i = rows.first; i <= rows.last; i++) {
    ctx.clearRect(x, grid.rowTop(i + 1) - grid.gap, width, grid.gap);
  }
}

function paintMarks(scene: Scene, context: PaintContext, rows: Span, columns: Span): void {
  const { source, grid } = scene;
  const { ctx, scale } = context;
  const { least, most } = source.summary?.extent ?? { least: -Infinity, most: Infinity };
  if (least >= scale.range.lo && most <= scale.range.hi) return;
  for (let i = rows.first; i <= rows.last; i++) {
    for (let j = columns.first; j <= columns.last; j++) {
      const value = source.valueAt(i, j) ?? Number.NaN;
      const beyond = scale.side(value);
      if (beyond !== "above" && beyond !== "below") continue;
      paintSideMark(ctx, inset(grid.rect(i, j)), beyond, scale.textOn(value));
    }
  }
}

/** A mark stands free of the edges, or it would read as a cell that lacks a corner. */
function inset({ x, y, width, height }: Rect): Rect {
  return { x: x + 2, y: y + 2, width: width - 4, height: height - 4 };
}

function paintValues(scene: Scene, context: PaintContext, rows: Span, columns: Span): void {
  const { state, grid, digitsWidth, source, notation } = scene;
  const { ctx, scale, theme } = context;
  const { emphasis } = state;
  const size = grid.cell.values === "full" ? SIZE : SMALL;
  const fonts = { plain: font(size), bold: font(size, true) };
  ctx.textAlign = "right";
  for (let i = rows.first; i <= rows.last; i++) {
    for (let j = columns.first; j <= columns.last; j++) {
      const value = source.valueAt(i, j);
      if (value === undefined) continue;
      const { x, y, width, height } = grid.rect(i, j);
      const bold = emphasis !== null && Math.abs(value) >= emphasis;
      const wanted = bold ? fonts.bold : fonts.plain;
      if (ctx.font !== wanted) ctx.font = wanted;
      const baseline = y + height / 2 + (size * CAP_HEIGHT) / 2;
      ctx.fillStyle = Number.isNaN(value) ? hatchText(theme) : scale.textOn(value);
      if (Number.isFinite(value)) {
        ctx.fillText(write(value, notation), x + (width + digitsWidth) / 2, baseline);
      } else {
        ctx.textAlign = "center";
        ctx.fillText(write(value, notation), x + width / 2, baseline);
        ctx.textAlign = "right";
      }
    }
  }
}

/** Hovered, selected and focused, the strongest on top. */
function paintRings({ grid, arrangement }: Scene, context: PaintContext): void {
  const { ctx, theme, hovered, selected, focused, viewport } = context;
  const ring = (cell: Cell | null, color: string, width: number) => {
    if (cell === null || cell[0] < 0 || cell[1] < 0) return;
    const place = arrangement.place(cell);
    if (place === null || place[0] >= grid.rows || place[1] >= grid.columns) return;
    const { x, y, width: w, height: h } = grid.rect(...place);
    // A halo of the page's colour sets the ring off from whatever colours meet there.
    for (const [stroke, lineWidth] of [
      [theme.background, width + 2],
      [color, width],
    ] as const) {
      ctx.strokeStyle = stroke;
      ctx.lineWidth = lineWidth;
      ctx.strokeRect(x - 0.5, y - 0.5, w + 1, h + 1);
    }
  };
  const inner = {
    x: viewport.x + grid.left - 2,
    y: viewport.y + grid.top - 2,
    width: viewport.width,
    height: viewport.height,
  };
  clipped(ctx, inner, () => {
    ring(hovered, theme.foreground, 1);
    ring(selected, theme.accent, 2);
    ring(focused, theme.accent, 3);
  });
}

function paintRowLabels(scene: Scene, context: PaintContext, rows: Span): void {
  const { grid, rowLabels, arrangement } = scene;
  const { ctx, theme, viewport } = context;
  const right = viewport.x + grid.left - LABEL_GAP;
  const first = rows.first - (rows.first % grid.labelEvery);
  ctx.fillStyle = theme.foreground;
  for (let i = first; i <= rows.last; i += grid.labelEvery) {
    const label = rowLabels.fit(arrangement.row(i), grid.left - LABEL_GAP - 2);
    const { y, height } = grid.rect(i, 0);
    paintToken(ctx, label, right - tokenWidth(label), y + height / 2);
  }
}

function paintColumnLabels(scene: Scene, context: PaintContext, columns: Span): void {
  const { grid, columnLabels, measure, state, arrangement } = scene;
  const { headers } = grid;
  const { ctx, theme, viewport } = context;
  const { label: texts, kind } = state.data.columns;
  const bottom = viewport.y + headers.height - FOOT;
  const first = columns.first - (columns.first % headers.every);
  ctx.fillStyle = theme.foreground;
  for (let place = first; place <= columns.last; place += headers.every) {
    const j = arrangement.column(place);
    const { x, width } = grid.rect(0, place);
    const center = x + width / 2;
    if (headers.style === "upright") {
      if (center < viewport.x + grid.left) continue;
      ctx.save();
      ctx.translate(center, bottom);
      ctx.rotate(-Math.PI / 2);
      paintToken(ctx, columnLabels.fit(j, uprightRoom(headers)), 0, 0);
      ctx.restore();
    } else if (kind[j] === "expression") {
      const room = grid.cell.width - 2 * SIDE_MARGIN;
      paintLines(ctx, wrap(texts[j], room, measure), center, bottom);
    } else {
      const label = columnLabels.fit(j, grid.cell.width - 2);
      const middle = bottom - (label.size * CAP_HEIGHT) / 2;
      paintToken(ctx, label, center - tokenWidth(label) / 2, middle);
    }
  }
}

/** A hairline under pinned headers says that something is scrolled away beneath them. */
function paintEdges({ grid }: Scene, { ctx, theme, viewport }: PaintContext): void {
  const { x, y, width, height } = viewport;
  ctx.fillStyle = theme.hairline;
  if (y > 0) ctx.fillRect(x, y + grid.top - 1, width, 1);
  if (x > 0) ctx.fillRect(x + grid.left - 1, y, 1, height);
}
