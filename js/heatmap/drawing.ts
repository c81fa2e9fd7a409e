/**
 * The attribution matrix as a drawing: tokens down, targets across, a value in each cell.
 *
 * A header is a cell with a negative index: [row, -1] or [-1, column]. It has facts, so that a
 * label that was cut can be read, but it cannot be selected.
 *
 * What changes together is computed together: the pyramid with the data, the labels' widths with
 * their texts, the size of cells with the room and the zoom. Nothing that is done for a frame looks
 * at all values or at all labels.
 */

import type { Readable } from "../a11y/readable.ts";
import { font, SIZE, SMALL } from "../canvas/fonts.ts";
import type { Rect, Span } from "../canvas/geometry.ts";
import type { TextMeasure } from "../canvas/text.ts";
import { Distribution } from "../color/distribution.ts";
import type { Extent } from "../color/extent.ts";
import { type Notation, notationOf, write } from "../color/notation.ts";
import { ARRANGE, Arrangement, arrange } from "../data/arrange.ts";
import type { Cell } from "../data/cell.ts";
import type { Drawing, DrawingHost, Fact, Overview, PaintContext } from "../figure/drawing.ts";
import type { HeatmapState } from "../state/state.ts";
import { announce, facts } from "./facts.ts";
import { type Headers, headerLayout, SIDE_MARGIN, wrap } from "./headers.ts";
import { CellImage } from "./image.ts";
import { type Labelling, labelling } from "./labelling.ts";
import { cellSize, HeatmapGrid } from "./layout.ts";
import { paintOverview } from "./overview.ts";
import { LABEL_GAP, paintHeatmap, type Scene } from "./painter.ts";
import { ArraySource } from "./pyramid/array.ts";
import { extreme } from "./pyramid/kit.ts";
import type { LevelSource, Values } from "./pyramid/source.ts";
import { Reach } from "./reach.ts";
import { readable } from "./readable.ts";
import { step } from "./step.ts";
import type { Link } from "./tiles/link.ts";
import { TileSource } from "./tiles/source.ts";
import { tsv } from "./tsv.ts";

/** How much of the figure's width row labels may take, and how wide they may be at all. */
const LABEL_SHARE = 0.34;
const WIDEST_LABEL = 240;
/** The size of a figure without a cell, which says so. */
const EMPTY = { width: 160, height: 60 };
/** Values that are copied at most. */
const MOST_COPIED = 1_000_000;
/** The height of the figure when none is asked for, beyond which it scrolls. */
export const DEFAULT_HEIGHT = 720;
/** Of the cells under one pixel, how many down and across are looked at. */
const MOST_UNDER_PIXEL = 64;
const UNKNOWN: Extent = { finite: null, least: Number.NaN, most: Number.NaN, hasNaN: false };
/** Before there is a layout: one cell, which is as large as it can be. */
const NOWHERE = new Reach(
  { width: 100, height: 30, values: "none" },
  {
    rows: 1,
    columns: 1,
    width: 100,
    height: 30,
    showValues: false,
    valueWidth: 100,
    smallValueWidth: 100,
  },
);

/** A point of the picture, in rows and columns from its upper left corner, whatever the zoom. */
export interface Spot {
  row: number;
  column: number;
}

export class HeatmapDrawing implements Drawing<HeatmapState> {
  #state!: HeatmapState;
  #host: DrawingHost | null = null;
  #source!: LevelSource;
  #arrangement!: Arrangement;
  /** Of a large matrix arranged anew: shown once its pyramid has come. */
  #coming: { source: ArraySource; arrangement: Arrangement } | null = null;
  /** The source, where the values stay with a kernel. */
  #tiles: TileSource | null = null;
  /** To that kernel. */
  readonly #link: Link | null;
  /** Ends the making of the source. */
  #making = new AbortController();
  /** What was last known: until the values have been looked through, the old ones stand in. */
  #extent = UNKNOWN;
  #distribution: Distribution | null = null;
  #scene!: Scene;
  #labels: Labelling | null = null;
  #reach = NOWHERE;
  #zoom = 1;
  /** How values are written. */
  #notation: Notation = { decimals: 0, scientific: false };
  /** The longest written value, without its sign. */
  #digits = "";
  #signed = "";
  readonly #image = new CellImage();
  readonly #overview = new CellImage();
  /** What was last painted: headers are pinned to it. */
  #viewport: Rect = { x: 0, y: 0, width: 0, height: 0 };

  constructor(link: Link | null = null) {
    this.#link = link;
  }

  /** Called when the status may be another. */
  onStatus = () => {};
  /** Called after every layout: what zooming can do may be another thing. */
  onLayout = () => {};

  attach(host: DrawingHost): void {
    this.#host = host;
    host.signal.addEventListener("abort", () => this.#making.abort());
  }

  update(state: HeatmapState, changed: ReadonlySet<string> | null): void {
    this.#state = state;
    const any = (...names: string[]) => changed === null || names.some((name) => changed.has(name));
    if (any("_data")) {
      this.#labels = null;
      this.#zoom = 1;
      this.#open();
    } else if (any(...ARRANGE)) {
      this.#rearrange();
    }
    if (any("_data", "decimals")) this.#writeDigits();
    if (this.#scene !== undefined) {
      this.#scene = { ...this.#scene, state, ...this.#shown };
    }
  }

  /** Whether there is something to paint: a large matrix is looked through first. */
  get ready(): boolean {
    return this.#source.summary !== null && this.#coming === null;
  }

  #open(): void {
    this.#making.abort();
    this.#making = new AbortController();
    const { data } = this.#state;
    const { signal } = this.#making;
    this.#tiles = null;
    this.#coming = null;
    if (data.tiles === undefined) {
      this.#arrangement = new Arrangement(arrange(data, this.#state), data.shape);
      this.#source = this.#arraySource(this.#arrangement, null, () => this.#arrived());
    } else {
      this.#arrangement = new Arrangement({ rows: null, columns: null }, data.shape);
      this.#source = this.#tiles = new TileSource({
        ...{ data, link: this.#link, signal },
        arrived: () => this.#host?.invalidate(),
        changed: () => this.onStatus(),
      });
    }
    this.#arrived();
  }

  /** The same values in another order: the old one stays until there is something to show. */
  #rearrange(): void {
    const { data } = this.#state;
    const { summary } = this.#source;
    if (this.#tiles !== null) return;
    if (summary === null) {
      this.#open();
      return;
    }
    this.#making.abort();
    this.#making = new AbortController();
    const arrangement = new Arrangement(arrange(data, this.#state), data.shape);
    const show = () => {
      this.#coming = null;
      [this.#source, this.#arrangement] = [source, arrangement];
      this.#scene = { ...this.#scene, ...this.#shown };
    };
    const source = this.#arraySource(arrangement, summary, show);
    if (source.version > 0) show();
    else this.#coming = { source, arrangement };
  }

  #arraySource(
    { places }: Arrangement,
    summary: ArraySource["summary"],
    arrived: () => void,
  ): ArraySource {
    return new ArraySource({
      ...{ data: this.#state.data, places, summary, signal: this.#making.signal },
      arrived: () => {
        arrived();
        this.#host?.invalidate();
      },
    });
  }

  get #shown() {
    return { source: this.#source, arrangement: this.#arrangement };
  }

  /** Of cells, wherever they stand. */
  get #values(): Values {
    const { values, shape } = this.#state.data;
    return this.#tiles ?? { valueAt: (row, column) => values[row * shape[1] + column] };
  }

  /** What the reader is to know about values that are not here. */
  get status(): string {
    return this.#tiles?.status ?? "";
  }

  #arrived(): void {
    this.#extent = this.#source.summary?.extent ?? this.#extent;
    this.#distribution = null;
    this.#writeDigits();
  }

  /**
   * The longest absolute value as written: figures are tabular, so only the length matters.
   */
  #writeDigits(): void {
    const { decimals, data } = this.#state;
    const { largest = 0, hasNegative = false } = this.#source.summary ?? {};
    const values = data.tiles?.picture ?? data.values;
    this.#notation = notationOf(this.#extent.finite, [values], decimals);
    this.#digits = write(largest, this.#notation);
    this.#signed = hasNegative ? `−${this.#digits}` : this.#digits;
  }

  layout(availableWidth: number, measure: TextMeasure): { width: number; height: number } {
    const { data, show_values, height } = this.#state;
    const [rows, columns] = this.#source.shape;
    this.#labels ??= labelling(data.rows, data.columns, measure);
    const { widestRow, widestColumn } = this.#labels;
    const widestLabel = Math.min(WIDEST_LABEL, LABEL_SHARE * availableWidth);
    const left = Math.ceil(Math.min(widestLabel, widestRow)) + LABEL_GAP + 2;
    const figureHeight = Math.floor(height ?? DEFAULT_HEIGHT);
    const room = {
      ...{ rows, columns, showValues: show_values },
      width: Math.floor(availableWidth) - left,
      height: figureHeight - headerLayout(widestColumn, 1, 0, figureHeight).height,
      valueWidth: measure.width(this.#signed, font(SIZE)) + 14,
      smallValueWidth: measure.width(this.#signed, font(SMALL)) + 8,
    };
    const headerWidth = widestColumn + 2 * SIDE_MARGIN + 8;
    this.#reach = new Reach(cellSize({ ...room, headerWidth }), room);
    const cell = this.#reach.at(this.zoom);
    const headers = this.#headers(cell.width, figureHeight, measure);
    const grid = new HeatmapGrid({ rows, columns, cell, left, headers });
    const digitsWidth = measure.width(this.#digits, font(cell.values === "full" ? SIZE : SMALL));
    this.#scene = {
      ...{ state: this.#state, image: this.#image, ...this.#shown },
      ...{ grid, measure, digitsWidth, notation: this.#notation },
      ...{ rowLabels: this.#labels.rows, columnLabels: this.#labels.columns },
    };
    this.onLayout();
    if (rows === 0 || columns === 0) return EMPTY;
    return { width: grid.width, height: grid.height };
  }

  /** As tall as at the start, if that is enough: cells stay where they are while one zooms. */
  #headers(cellWidth: number, figureHeight: number, measure: TextMeasure): Headers {
    const { columns } = this.#state.data;
    const widest = this.#labels?.widestColumn ?? 0;
    const of = (width: number) => {
      const oneLine = headerLayout(widest, 1, width, figureHeight);
      if (oneLine.style !== "wrapped") return oneLine;
      let lines = 1;
      columns.label.forEach((label, j) => {
        if (columns.kind[j] !== "expression") return;
        lines = Math.max(lines, wrap(label, width - 2 * SIDE_MARGIN, measure).length);
      });
      return headerLayout(widest, lines, width, figureHeight);
    };
    const start = of(this.#reach.start.width);
    if (cellWidth === this.#reach.start.width) return start;
    const now = headerLayout(widest, 1, cellWidth, figureHeight);
    return { ...now, height: Math.max(start.height, now.height) };
  }

  /** What zooming can do in the layout as it is. */
  get reach(): Reach {
    return this.#reach;
  }

  /** 1 is the size at the start. */
  get zoom(): number {
    return this.#reach.clamp(this.#zoom);
  }

  /** Takes effect with the next layout, which may set other bounds. */
  zoomTo(zoom: number): void {
    this.#zoom = zoom;
  }

  /** The spot at a point in content coordinates. */
  spot(x: number, y: number): Spot {
    const { left, top, cell } = this.#scene.grid;
    return { column: (x - left) / cell.width, row: (y - top) / cell.height };
  }

  /** Where a spot is, in content coordinates. */
  point({ row, column }: Spot): { x: number; y: number } {
    const { left, top, cell } = this.#scene.grid;
    return { x: left + column * cell.width, y: top + row * cell.height };
  }

  get scrollPadding(): { left: number; top: number } {
    const { left, top } = this.#scene.grid;
    return { left, top };
  }

  get pinned(): { left: number; top: number } {
    return this.scrollPadding;
  }

  cut(x: number, y: number): { x: number; y: number } {
    const { grid } = this.#scene;
    const { left, top, cell } = grid;
    return {
      x: grid.columnLeft(Math.floor((x - left) / cell.width)),
      y: grid.rowTop(Math.floor((y - top) / cell.height)),
    };
  }

  paint(context: PaintContext): void {
    this.#viewport = context.viewport;
    paintHeatmap(this.#scene, context);
  }

  hit(x: number, y: number): Cell | null {
    const place = this.#placeAt(x, y);
    return place && this.#arrangement.cell(place);
  }

  #placeAt(x: number, y: number): Cell | null {
    const { grid } = this.#scene;
    const overLabels = x < this.#viewport.x + grid.left;
    const overHeaders = y < this.#viewport.y + grid.top;
    if (x >= grid.width || y >= grid.height || (overLabels && overHeaders)) return null;
    const row = overHeaders ? -1 : grid.rowsBetween(y + 0.5, y + 0.5).first;
    const column = overLabels ? -1 : grid.columnsBetween(x + 0.5, x + 0.5).first;
    if (row < 0 || column < 0 || Math.min(grid.cell.width, grid.cell.height) >= 1) {
      return [row, column];
    }
    return this.#extremeUnder(x, y);
  }

  /** Of the cells under one pixel, the one that gives it its colour. */
  #extremeUnder(x: number, y: number): Cell | null {
    if (!this.ready) return null; // the picture is still of other data
    const { grid } = this.#scene;
    const under = this.#image.under(
      x - this.#viewport.x - grid.left,
      y - this.#viewport.y - grid.top,
    );
    if (under === null) return null;
    const { rows, columns } = under;
    let best: Cell = [rows[0], columns[0]];
    let most = Number.NaN;
    for (let row = rows[0]; row <= end(rows, grid.rows); row++) {
      for (let column = columns[0]; column <= end(columns, grid.columns); column++) {
        const value = this.#source.valueAt(row, column) ?? Number.NaN;
        if (Object.is(extreme(most, value), most)) continue;
        [best, most] = [[row, column], value];
      }
    }
    return best;
  }

  rect(cell: Cell): Rect {
    const { grid } = this.#scene;
    const [row, column] = this.#arrangement.place(cell) ?? [0, 0];
    const { x, y, width, height } = grid.rect(
      Math.min(Math.max(0, row), grid.rows - 1),
      Math.min(Math.max(0, column), grid.columns - 1),
    );
    if (row < 0) return { x, y: this.#viewport.y, width, height: grid.top };
    if (column < 0) return { x: this.#viewport.x, y, width: grid.left - LABEL_GAP, height };
    return { x, y, width, height };
  }

  facts(cell: Cell): Fact[] {
    return facts(this.#state.data, cell, this.#values);
  }

  announce(cell: Cell): string {
    return announce(this.#state.data, cell, this.#values, this.#notation);
  }

  readable(cell: Cell): Readable {
    return readable(this.#state.data, this.#arrangement.place(cell) ?? [0, 0], this.#arrangement);
  }

  step(cell: Cell | null, key: string, ctrl: boolean): Cell | null {
    const { grid } = this.#scene;
    const page = Math.floor((this.#viewport.height - grid.top) / grid.cell.height) - 1;
    const extents = { rows: grid.rows, columns: grid.columns, page: Math.max(1, page) };
    const to = step(extents, cell && this.#arrangement.place(cell), key, ctrl);
    return to && this.#arrangement.cell(to);
  }

  extent(): Extent {
    return this.#extent;
  }

  distribution(): Distribution | null {
    if (!this.ready) return null;
    const { values, tiles } = this.#state.data;
    this.#distribution ??= new Distribution(this.#extent, tiles?.picture ?? values);
    return this.#distribution;
  }

  valueAt([row, column]: Cell): number {
    if (row < 0 || column < 0) return Number.NaN;
    return this.#values.valueAt(row, column) ?? Number.NaN;
  }

  /** Of a matrix too large for a clipboard, what is in view. */
  tsv(): string {
    const { grid } = this.#scene;
    const { places } = this.#arrangement;
    const part = this.copiesPart;
    const { rows, columns } = part
      ? this.#visible()
      : { rows: spanOf(grid.rows), columns: spanOf(grid.columns) };
    const across = [...stretchOf(columns, places.columns)];
    const down = [...stretchOf(rows, places.rows)];
    const most = Math.max(1, Math.floor(MOST_COPIED / across.length));
    return tsv(this.#state.data, down.slice(0, most), across, (i, j) => this.#values.valueAt(i, j));
  }

  get copiesPart(): boolean {
    const { rows, columns } = this.#scene.grid;
    return this.#tiles !== null || rows * columns > MOST_COPIED;
  }

  #visible(): { rows: Span; columns: Span } {
    const { grid } = this.#scene;
    const { x, y, width, height } = this.#viewport;
    return {
      rows: grid.rowsBetween(y + grid.top, y + height),
      columns: grid.columnsBetween(x + grid.left, x + width),
    };
  }

  /** How many columns are not wholly in sight, because they are further right. */
  columnsBeyond({ x, width }: Rect): number {
    const { grid } = this.#scene;
    return grid.columns - Math.floor((x + width + 1 - grid.left) / grid.cell.width);
  }

  paintOverview(overview: Overview): void {
    if (this.ready) paintOverview(this.#overview, this.#source, overview);
  }
}

/** The last of the cells under a pixel that is looked at. */
function end([first, last]: readonly [number, number], count: number): number {
  return Math.min(last, count - 1, first + MOST_UNDER_PIXEL - 1);
}

function spanOf(count: number): Span {
  return { first: 0, last: count - 1 };
}

/** What stands at a stretch of places. */
function* stretchOf({ first, last }: Span, places: Uint32Array | null): Iterable<number> {
  for (let place = first; place <= last; place++) yield places?.[place] ?? place;
}
