/**
 * The canvas as a grid that screen readers read: a few rows around the cursor, out of sight.
 *
 * The viewport has the focus and the role; the cell that the keys are on is its active descendant,
 * one of the cells kept here. They are written while the browser has nothing else to do, or at once
 * when the keys leave what is there, so that neither painting nor scrolling waits for them and a
 * large figure costs no more than a small one.
 */

import type { Cell } from "../data/cell.ts";
import { h, uniqueId } from "../dom.ts";
import type { Readable, ReadableEntry } from "./readable.ts";

/** Milliseconds after a change: a slider that is dragged does not rewrite all cells as it goes. */
const DELAY = 400;

export interface MirrorOptions {
  /** The focusable element that takes the grid's role. */
  grid: HTMLElement;
  /** The rows around a cell. */
  read: (cell: Cell) => Readable;
  /** Where to begin when the keys are nowhere yet. */
  start: () => Cell;
  selected: () => Cell | null;
  /** A cell in words. */
  sentence: (cell: Cell) => string;
  /** A screen reader presses a cell. */
  choose: (cell: Cell) => void;
  signal: AbortSignal;
}

export class Mirror {
  readonly element = h("div", { class: "tokenviz-mirror" });
  readonly #options: MirrorOptions;
  readonly #prefix = uniqueId("cell");
  /** The cells that are there, by id. */
  #cells = new Map<string, Cell>();
  #cursor: Cell | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stale = true;

  constructor(options: MirrorOptions) {
    this.#options = options;
    const { grid, signal } = options;
    grid.role = "grid";
    grid.ariaReadOnly = "true";
    grid.ariaBusy = "true";
    this.element.addEventListener("click", (event) => this.#press(event), { signal });
    signal.addEventListener("abort", () => {
      if (this.#timer !== null) clearTimeout(this.#timer);
    });
  }

  /** What the figure shows has changed: the cells are written anew before long. */
  refresh(): void {
    this.#stale = true;
    this.#timer ??= setTimeout(() => {
      if ("requestIdleCallback" in window)
        requestIdleCallback(() => this.#late(), { timeout: DELAY });
      else this.#late();
    }, DELAY);
  }

  /** The keys are on a cell, or nowhere any more. */
  point(cell: Cell | null): void {
    this.#cursor = cell;
    const { grid } = this.#options;
    if (cell === null) {
      grid.removeAttribute("aria-activedescendant");
      return;
    }
    if (this.#stale || !this.#cells.has(this.#id(cell))) this.#write();
    grid.setAttribute("aria-activedescendant", this.#id(cell));
  }

  #late(): void {
    this.#timer = null;
    if (this.#stale && !this.#options.signal.aborted) this.#write();
  }

  #write(): void {
    const { grid, read, start, selected } = this.#options;
    const { rows, columns, lines } = read(this.#cursor ?? start());
    const chosen = selected();
    this.#cells = new Map();
    const written = lines.map(({ row, entries }) =>
      h(
        "div",
        { role: "row", "aria-rowindex": row },
        ...entries.map((entry) => this.#entry(entry, chosen)),
      ),
    );
    // The same cells keep their elements: a reader that stands on one stays there.
    if (!sameShape(this.element, written)) this.element.replaceChildren(...written);
    grid.ariaRowCount = String(rows);
    grid.ariaColCount = String(columns);
    grid.ariaBusy = null;
    this.#stale = false;
    if (this.#cursor !== null && !this.#cells.has(this.#id(this.#cursor))) this.point(null);
  }

  #entry(entry: ReadableEntry, chosen: Cell | null): HTMLElement {
    const { column } = entry;
    if ("header" in entry) {
      return h("div", { role: `${entry.header}header`, "aria-colindex": column }, entry.text);
    }
    const { cell } = entry;
    const id = this.#id(cell);
    this.#cells.set(id, cell);
    const isChosen = chosen?.[0] === cell[0] && chosen[1] === cell[1];
    return h(
      "div",
      {
        ...{ role: "gridcell", id, "aria-colindex": column },
        "aria-selected": isChosen ? "true" : null,
      },
      this.#options.sentence(cell),
    );
  }

  #id([a, b]: Cell): string {
    return `${this.#prefix}-${a}-${b}`;
  }

  #press(event: MouseEvent): void {
    // Not for the viewport, which would look for a cell under a pointer that is elsewhere.
    event.stopPropagation();
    const cell = this.#cells.get((event.target as Element).closest("[id]")?.id ?? "");
    if (cell !== undefined) this.#options.choose(cell);
  }
}

/** Whether the same rows and cells are there already; if so, they are brought up to date. */
function sameShape(shown: HTMLElement, written: readonly HTMLElement[]): boolean {
  const [old, now] = [[...shown.children], written].map((rows) =>
    rows.flatMap((row) => [row, ...row.children]),
  );
  const key = (e: Element) => [e.role, e.id, e.ariaRowIndex, e.ariaColIndex].join();
  if (old.length !== now.length || old.some((e, i) => key(e) !== key(now[i]))) return false;
  old.forEach((element, i) => {
    if (element.role === "row") return;
    if (element.textContent !== now[i].textContent) element.textContent = now[i].textContent;
    element.ariaSelected = now[i].ariaSelected;
  });
  return true;
}
