/**
 * The seam between the figure and what it shows.
 *
 * The figure (js/figure/) owns the viewport, the colour bar, the tooltip, the keyboard and the
 * live region. A drawing (js/heatmap/, js/trace/) owns the layout and the paint of one kind of
 * data. A drawing reads no DOM and keeps no listener: state goes in, pixels and facts come out.
 */

import type { Readable } from "../a11y/readable.ts";
import type { Rect } from "../canvas/geometry.ts";
import type { TextMeasure } from "../canvas/text.ts";
import type { Theme } from "../canvas/theme.ts";
import type { Distribution } from "../color/distribution.ts";
import type { Extent } from "../color/extent.ts";
import type { ColorScale } from "../color/scale.ts";
import type { Cell } from "../data/cell.ts";

/** One line of the tooltip. `mono` marks values such as bytes. */
export interface Fact {
  name: string;
  value: string;
  mono?: boolean;
}

export interface PaintContext {
  /** Already scaled for device pixels and translated to content coordinates. */
  ctx: CanvasRenderingContext2D;
  /** The visible part of the content. */
  viewport: Rect;
  scale: ColorScale;
  theme: Theme;
  hovered: Cell | null;
  focused: Cell | null;
  selected: Cell | null;
}

/** What a drawing may ask of the figure that shows it. */
export interface DrawingHost {
  /** Something that was waited for has come: lay out and paint anew. */
  invalidate(): void;
  /** Ends with the view. */
  signal: AbortSignal;
}

export interface Overview {
  /** Already scaled for device pixels; the strip's upper left is at 0, 0. */
  ctx: CanvasRenderingContext2D;
  width: number;
  height: number;
  scale: ColorScale;
  theme: Theme;
}

export interface Drawing<State> {
  /** Called once, before anything else. */
  attach?(host: DrawingHost): void;
  /** False while what it needs for a first picture is still to come. */
  readonly ready?: boolean;
  /** Options or data changed: the names of the traits, or null for everything. */
  update(state: State, changed: ReadonlySet<string> | null): void;
  /** The natural size of the content, given the width there is. */
  layout(availableWidth: number, measure: TextMeasure): { width: number; height: number };
  /** Draws what meets the viewport, and nothing else. */
  paint(context: PaintContext): void;
  /** Room to keep left of and above a cell brought into view: pinned headers, a border, a number. */
  readonly scrollPadding?: { left: number; top: number };
  /** Headers that stay in sight above and left of what is scrolled. */
  readonly pinned?: { left: number; top: number };
  /** Where the row and the column that hold a place begin: paper is cut there. */
  cut(x: number, y: number): { x: number; y: number };
  hit(x: number, y: number): Cell | null;
  rect(cell: Cell): Rect;
  /** What the tooltip of a cell must not cover: by default its rectangle. */
  keepClear?(cell: Cell): Rect;
  /** Everything there is to know about a cell, for the tooltip. */
  facts(cell: Cell): Fact[];
  /** The same in one sentence, for screen readers. */
  announce(cell: Cell): string;
  /** The rows around a cell as a screen reader walks them. */
  readable(cell: Cell): Readable;
  /** The cell that an arrow key, Home, End, PageUp or PageDown leads to. */
  step(cell: Cell | null, key: string, ctrl: boolean): Cell | null;
  /** What `fit` looks at, and what says whether anything lies outside the range. */
  extent(): Extent;
  /** Where the values lie, for the colour bar's histogram; null while that is not known. */
  distribution?(): Distribution | null;
  /** The value that gave a cell its colour. */
  valueAt(cell: Cell): number;
  /** The scale that it was coloured by, where that is not the figure's. */
  scaleAt?(cell: Cell): ColorScale | null;
  /** What marks on the cells mean, to stand in the caption. */
  legend?(): string[];
  /** The whole figure as tab-separated values, for the clipboard. */
  tsv(): string;
  /** Is that only the part in view, because the whole is too large? */
  readonly copiesPart?: boolean;
  /** A cell was chosen by click or Enter, or with Escape none; says whether anything moved. */
  choose?(cell: Cell | null): boolean;
  /** A cell of the visible part that stays where it is when all is laid out anew. */
  anchor?(visible: Rect): Cell;
  /** The whole content in a few pixels, for the strip that shows where one is. */
  paintOverview?(overview: Overview): void;
  /** What the visible part is, in words: "positions 1,201 to 1,500 of 100,000". */
  describeView?(visible: Rect): string;
}
