/**
 * The attribution matrix as a drawing: tokens down, targets across, a value in each cell.
 *
 * A header is a cell with a negative index: [row, -1] or [-1, column]. It has facts, so that a
 * label that was cut can be read, but it cannot be selected.
 */

import type { Readable } from "../a11y/readable.ts";
import { font, SIZE, SMALL } from "../canvas/fonts.ts";
import { LabelFitter } from "../canvas/label.ts";
import type { TextMeasure } from "../canvas/text.ts";
import { Distribution } from "../color/distribution.ts";
import { type Extent, extentOf } from "../color/extent.ts";
import type { Cell, Drawing, Fact, PaintContext, Rect } from "../figure/drawing.ts";
import { fixed, LARGE } from "../numbers.ts";
import type { HeatmapState, TokenTable } from "../state.ts";
import { announce, facts } from "./facts.ts";
import { headerLayout, SIDE_MARGIN, wrap } from "./headers.ts";
import { cellSize, HeatmapGrid } from "./layout.ts";
import { LABEL_GAP, paintHeatmap, type Scene } from "./painter.ts";
import { readable } from "./readable.ts";
import { step } from "./step.ts";
import { tsv } from "./tsv.ts";

/** How much of the figure's width row labels may take, and how wide they may be at all. */
const LABEL_SHARE = 0.34;
const WIDEST_LABEL = 240;
/** The size of a figure without a cell, which says so. */
const EMPTY = { width: 160, height: 60 };
/** The height of the figure when none is asked for, beyond which it scrolls. */
export const DEFAULT_HEIGHT = 720;

export class HeatmapDrawing implements Drawing<HeatmapState> {
  #state!: HeatmapState;
  #extent!: Extent;
  #distribution: Distribution | null = null;
  #scene!: Scene;
  /** The longest written value, without its sign. */
  #digits = "";
  #signed = "";
  /** What was last painted: headers are pinned to it. */
  #viewport: Rect = { x: 0, y: 0, width: 0, height: 0 };

  update(state: HeatmapState, changed: ReadonlySet<string> | null): void {
    this.#state = state;
    if (changed === null || changed.has("_data")) {
      this.#extent = extentOf(state.data.values);
      this.#distribution = null;
    }
    if (changed === null || changed.has("_data") || changed.has("decimals")) {
      this.#digits = longest(state.data.values, state.decimals);
      this.#signed = state.data.values.some((v) => v < 0) ? `−${this.#digits}` : this.#digits;
    }
    if (this.#scene !== undefined) this.#scene = { ...this.#scene, state };
  }

  layout(availableWidth: number, measure: TextMeasure): { width: number; height: number } {
    const { data, show_values, height } = this.#state;
    const [rows, columns] = data.shape;
    const rowLabels = new LabelFitter(data.rows, measure);
    const columnLabels = new LabelFitter(data.columns, measure);
    const widestLabel = Math.min(WIDEST_LABEL, LABEL_SHARE * availableWidth);
    const left =
      Math.ceil(
        Math.min(
          widestLabel,
          max(rows, (i) => rowLabels.naturalWidth(i)),
        ),
      ) +
      LABEL_GAP +
      2;
    const widths = data.columns.label.map((_, j) =>
      labelWidth(data.columns, j, columnLabels, measure),
    );
    const headerWidth = max(columns, (j) => widths[j]) + 2 * SIDE_MARGIN;
    const cell = cellSize({
      rows,
      columns,
      width: availableWidth - left,
      height: (height ?? DEFAULT_HEIGHT) - headerLayout(widths, 1, 0).height,
      showValues: show_values,
      valueWidth: measure.width(this.#signed, font(SIZE)) + 14,
      smallValueWidth: measure.width(this.#signed, font(SMALL)) + 8,
      headerWidth: headerWidth + 8,
    });
    const room = cell.width - 2 * SIDE_MARGIN;
    const lines = max(columns, (j) =>
      data.columns.kind[j] === "expression" ? wrap(data.columns.label[j], room, measure).length : 1,
    );
    const headers = headerLayout(widths, lines, cell.width);
    const grid = new HeatmapGrid({ rows, columns, cell, left, headers });
    const digitsWidth = measure.width(this.#digits, font(cell.values === "full" ? SIZE : SMALL));
    this.#scene = { state: this.#state, grid, measure, rowLabels, columnLabels, digitsWidth };
    if (rows === 0 || columns === 0) return EMPTY;
    return { width: grid.width, height: grid.height };
  }

  get scrollPadding(): { left: number; top: number } {
    const { left, top } = this.#scene.grid;
    return { left, top };
  }

  paint(context: PaintContext): void {
    this.#viewport = context.viewport;
    paintHeatmap(this.#scene, context);
  }

  hit(x: number, y: number): Cell | null {
    const { grid } = this.#scene;
    const overLabels = x < this.#viewport.x + grid.left;
    const overHeaders = y < this.#viewport.y + grid.top;
    if (x >= grid.width || y >= grid.height || (overLabels && overHeaders)) return null;
    const row = overHeaders ? -1 : grid.rowsBetween(y + 0.5, y + 0.5).first;
    const column = overLabels ? -1 : grid.columnsBetween(x + 0.5, x + 0.5).first;
    return [row, column];
  }

  rect([row, column]: Cell): Rect {
    const { grid } = this.#scene;
    const { x, y, width, height } = grid.rect(
      Math.min(Math.max(0, row), grid.rows - 1),
      Math.min(Math.max(0, column), grid.columns - 1),
    );
    if (row < 0) return { x, y: this.#viewport.y, width, height: grid.top };
    if (column < 0) return { x: this.#viewport.x, y, width: grid.left - LABEL_GAP, height };
    return { x, y, width, height };
  }

  facts(cell: Cell): Fact[] {
    return facts(this.#state.data, cell);
  }

  announce(cell: Cell): string {
    return announce(this.#state.data, cell, this.#state.decimals);
  }

  readable(cell: Cell): Readable {
    return readable(this.#state.data, cell);
  }

  step(cell: Cell | null, key: string, ctrl: boolean): Cell | null {
    const { grid } = this.#scene;
    const page = Math.floor((this.#viewport.height - grid.top) / grid.cell.height) - 1;
    return step(
      { rows: grid.rows, columns: grid.columns, page: Math.max(1, page) },
      cell,
      key,
      ctrl,
    );
  }

  extent(): Extent {
    return this.#extent;
  }

  distribution(): Distribution {
    this.#distribution ??= new Distribution(this.#extent, this.#state.data.values);
    return this.#distribution;
  }

  valueAt([row, column]: Cell): number {
    const { values, shape } = this.#state.data;
    return row < 0 || column < 0 ? Number.NaN : values[row * shape[1] + column];
  }

  tsv(): string {
    return tsv(this.#state.data);
  }
}

/**
 * The longest absolute value as written: figures are tabular, so only the length matters. The
 * largest that is written with an exponent may be shorter than the largest that is written whole.
 */
function longest(values: Float32Array, decimals: number): string {
  let [whole, most] = [0, 0];
  for (const v of values) {
    const magnitude = Math.abs(v);
    if (magnitude > most && magnitude !== Number.POSITIVE_INFINITY) most = magnitude;
    if (magnitude > whole && magnitude < LARGE) whole = magnitude;
  }
  const texts = [fixed(whole, decimals), fixed(most, decimals)];
  return texts[0].length > texts[1].length ? texts[0] : texts[1];
}

function labelWidth(
  table: TokenTable,
  index: number,
  labels: LabelFitter,
  measure: TextMeasure,
): number {
  return table.kind[index] === "expression"
    ? measure.width(table.label[index], font(SIZE))
    : labels.naturalWidth(index);
}

function max(count: number, of: (index: number) => number): number {
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, of(i));
  return most;
}
