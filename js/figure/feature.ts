/**
 * The seam for what only one kind of figure has: search, zoom, a stop button.
 *
 * A feature is set up once, with the parts of the figure that it may use. It adds buttons and keys,
 * listens with the signal, and asks the figure to paint, to lay out, or to go to a cell.
 */

import type { Control } from "../controls/control.ts";
import type { Cell } from "../data/cell.ts";
import type { FigureState } from "../state/state.ts";
import type { Store } from "../state/store.ts";
import type { Commands } from "./commands.ts";
import type { Toolbar } from "./toolbar.ts";
import type { Viewport } from "./viewport.ts";

export interface FigureParts<State extends FigureState> {
  store: Store<State>;
  /** The root of the view, below which everything must stay. */
  element: HTMLElement;
  /** Title and toolbar; what a feature puts after it stands above the drawing. */
  head: HTMLElement;
  toolbar: Toolbar;
  commands: Commands;
  viewport: Viewport;
  /** The cell that is pointed at with the keys or, failing that, selected. */
  current: () => Cell | null;
  /** Moves the keyboard's cursor to a cell and brings it into view. */
  goTo: (cell: Cell) => void;
  /** The same, without taking the reader's attention: no ring, no tooltip, nothing said. */
  place: (cell: Cell, onPage?: boolean) => void;
  /** Paints anew, the overview too. */
  repaint: () => void;
  /** Lays out anew, as when the figure's width changed. */
  relayout: () => void;
  /** Writes the caption anew. */
  rewrite: () => void;
  /** One more group of the panel, made when that is first opened. */
  addControl: (make: () => Control) => void;
  /** Says a sentence to screen readers. */
  say: (text: string) => void;
  signal: AbortSignal;
}

export type Feature<State extends FigureState> = (parts: FigureParts<State>) => void;
