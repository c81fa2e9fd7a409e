/**
 * Which cell the reader points at: with the mouse (hovered) or with the keys (focused).
 *
 * Keys: arrows, Home, End, PageUp, PageDown move; Enter or the space bar selects; Escape clears.
 * They begin at the selected cell or the first that is seen. Tab leads there, too; focus that comes
 * in another way waits for the first arrow.
 * The pointer: a click selects, and the keys go on from there. A finger hovers nowhere: a tap points
 * at a cell until the next one, a scroll or the loss of the focus.
 */

import type { Cell } from "../data/cell.ts";
import type { Drawing } from "./drawing.ts";
import type { Viewport } from "./viewport.ts";

/** Pixels between the places where the first cell is looked for: less than the lowest row. */
const STRIDE = 6;

export interface PointingOptions {
  viewport: Viewport;
  drawing: Pick<Drawing<never>, "hit" | "step" | "scrollPadding" | "rect">;
  selected: () => Cell | null;
  select: (cell: Cell | null) => void;
  /** Something is pointed at, or no longer. `spoken` when a screen reader should hear of it. */
  changed: (spoken: boolean) => void;
  signal: AbortSignal;
}

export class Pointing {
  readonly #options: PointingOptions;
  /** Under the mouse. */
  #hovered: Cell | null = null;
  /** Where the keys are. */
  #cursor: Cell | null = null;
  #touch = false;
  /** Did the last move come from the keys? Only then is there a focus ring. */
  #byKey = false;

  constructor(options: PointingOptions) {
    this.#options = options;
    const { viewport, signal } = options;
    const listen = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      listener: (event: HTMLElementEventMap[Name]) => void,
    ) => viewport.element.addEventListener(name, listener, { signal });
    listen("pointerdown", (event) => {
      this.#touch = event.pointerType === "touch";
    });
    listen("pointermove", (event) => this.#hover(event));
    listen("pointerleave", (event) => {
      // A finger that is lifted leaves, too.
      if (event.pointerType !== "touch") this.#leave();
    });
    listen("scroll", () => this.#leave());
    listen("click", (event) => this.#click(event));
    listen("keydown", (event) => this.#key(event));
    listen("keyup", (event) => this.#arrive(event));
    listen("blur", () => this.#blur());
  }

  get hovered(): Cell | null {
    return this.#hovered;
  }

  get focused(): Cell | null {
    return this.#byKey ? this.#cursor : null;
  }

  /** Where the keys are, or would go on from. */
  get current(): Cell | null {
    return this.#cursor ?? this.#options.selected();
  }

  /** Moves the keys to a cell, as an arrow key would. */
  goTo(cell: Cell): void {
    this.#byKey = true;
    this.#moveTo(cell);
    this.#options.changed(true);
  }

  /** Moves the keys to a cell for when they come back: no ring, and nothing is said. */
  /** `onPage`, the page follows too: what nobody asked for just now must not move it. */
  place(cell: Cell, onPage = true): void {
    this.#byKey = false;
    this.#moveTo(cell, onPage);
    this.#options.changed(false);
  }

  #moveTo(cell: Cell, onPage = true): void {
    const { viewport, drawing } = this.#options;
    this.#cursor = cell;
    this.#hovered = null;
    viewport.reveal(drawing.rect(cell), drawing.scrollPadding ?? { left: 0, top: 0 }, onPage);
  }

  /** Where the keys begin when they are nowhere yet: the first cell that is seen. */
  get start(): Cell {
    const { viewport, drawing } = this.#options;
    const { x, y, height } = viewport.visible;
    const origin = drawing.step(null, "ArrowDown", false) ?? [0, 0];
    if (x === 0 && y === 0) return origin;
    const { left, top } = drawing.scrollPadding ?? { left: 0, top: 0 };
    for (let down = top; down < height; down += STRIDE) {
      const cell = drawing.hit(x + left, y + down);
      if (cell !== null && isSelectable(cell)) return cell;
    }
    return origin;
  }

  /** The data changed: no cell is what it was. */
  reset(): void {
    this.#hovered = null;
    this.#cursor = null;
  }

  #hover(event: PointerEvent): void {
    if (event.pointerType === "touch") return;
    const cell = this.#at(event);
    if (cell?.[0] === this.#hovered?.[0] && cell?.[1] === this.#hovered?.[1]) return;
    this.#hovered = cell;
    this.#options.changed(false);
  }

  #leave(): void {
    if (this.#hovered === null) return;
    this.#hovered = null;
    this.#options.changed(false);
  }

  #click(event: MouseEvent): void {
    const cell = this.#at(event);
    if (this.#touch) this.#tap(cell);
    if (cell === null || !isSelectable(cell)) return;
    this.#cursor = cell;
    this.#byKey = false;
    this.#options.select(cell);
  }

  /** The second tap on a cell takes away what the first one showed. */
  #tap(cell: Cell | null): void {
    const again = cell?.[0] === this.#hovered?.[0] && cell?.[1] === this.#hovered?.[1];
    this.#hovered = again ? null : cell;
    this.#byKey = false;
    this.#options.changed(false);
  }

  #blur(): void {
    this.#byKey = false;
    if (this.#touch) this.#hovered = null;
    this.#options.changed(false);
  }

  /** The key that brought the focus comes up where the focus is now. */
  #arrive(event: KeyboardEvent): void {
    const { viewport, drawing } = this.#options;
    if (event.key !== "Tab" || event.target !== viewport.element || this.#byKey) return;
    const cell = this.current ?? this.start;
    // Of a figure without cells no key leads anywhere.
    if (drawing.step(cell, "Home", false) !== null) this.goTo(cell);
  }

  #key(event: KeyboardEvent): void {
    const { viewport, drawing, selected, select, changed } = this.#options;
    if (event.target !== viewport.element || event.altKey) return;
    const from = this.current;
    if (event.key === "Escape") {
      if (selected() === null && this.focused === null) return;
      this.#byKey = false;
      select(null);
      changed(false);
    } else if (event.key === "Enter" || event.key === " ") {
      if (from === null) return;
      this.#cursor = from;
      this.#byKey = true;
      select(from);
    } else {
      const begin = from ?? this.start;
      const to = drawing.step(begin, event.key, event.ctrlKey || event.metaKey);
      if (to === null) return;
      this.goTo(from === null && event.key.startsWith("Arrow") ? begin : to);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #at({ clientX, clientY }: MouseEvent): Cell | null {
    const { x, y } = this.#options.viewport.toContent(clientX, clientY);
    return this.#options.drawing.hit(x, y);
  }
}

/** Headers have negative indices: they have facts, but are no cells. */
export function isSelectable([a, b]: Cell): boolean {
  return a >= 0 && b >= 0;
}
