/**
 * The table: heads that stay, and below them as many rows as fit, filled from whatever pages are
 * there. It is one stop of the Tab key; inside, keys move a cell, as in any grid.
 */

import type { ColorScale } from "../color/scale.ts";
import { h } from "../dom.ts";
import { type Column, Head } from "./head.ts";
import type { Row } from "./pages.ts";
import type { Bars } from "./source.ts";
import { placeColumn } from "./spots.ts";
import { paintStrip } from "./strip.ts";
import { Windowing } from "./windowing.ts";
import { finder, pieces } from "./words.ts";
import { written } from "./written.ts";

export const ROW_HEIGHT = 38;

/** Columns before those that are chosen: the mark, and the text. */
const FIRST = 2;
const MARK = 30;
/** Rows that the layer goes on for before it begins anew. */
const FAR = 2000;

export interface GridOptions {
  id: string;
  rows: number;
  row: (place: number) => Row | undefined;
  /** Rows are seen that may not be there. */
  need: (first: number, end: number) => void;
  marked: (key: string) => boolean;
  noted: (key: string) => boolean;
  sort: (column: string) => void;
  range: (column: string, low: number | null, high: number | null) => void;
  filter: (column: string) => void;
  /** `column` where its number is of a token, which is to be looked at. */
  open: (place: number, column: string | null) => void;
  mark: (key: string) => void;
  note: (place: number) => void;
  find: () => void;
  signal: AbortSignal;
}

interface Slot {
  element: HTMLDivElement;
  cells: HTMLDivElement[];
  text: HTMLSpanElement;
  canvas: HTMLCanvasElement;
  /** Which row it is for, where that stands in the layer, and how that is marked. */
  place: number | null;
  top: number | null;
  state: string | null;
  /** What is written in it. */
  shown: Row | undefined | null;
  painted: unknown;
  scale: ColorScale | null;
}

export class Grid {
  readonly element: HTMLDivElement;
  readonly #options: GridOptions;
  readonly #windowing = new Windowing(ROW_HEIGHT);
  readonly #head = h("div", { class: "tokenviz-set-heads", role: "row", "aria-rowindex": 1 });
  readonly #body = h("div", { class: "tokenviz-set-body", role: "rowgroup" });
  readonly #layer = h("div", { class: "tokenviz-set-layer" });
  readonly #empty = h("p", { class: "tokenviz-set-empty" }, "No row is like that.");
  readonly #resized = new ResizeObserver(() => this.layout());
  #columns: readonly Column[] = [];
  #heads: Head[] = [];
  #headsEnd = new AbortController();
  #slots: Slot[] = [];
  /** The row that the first slot stands for. */
  #first = 0;
  /** The row that the layer begins at. */
  #anchor = 0;
  #layerTop = 0;
  /** Of a strip, in pixels; null where it may have changed. */
  #strip: { width: number; height: number } | null = null;
  #activeMark: Element | null = null;
  #words: RegExp | null = null;
  #scale: ColorScale | null = null;
  #opened: string | null = null;
  /** The cell that the keys are on: a place, −1 in the heads. */
  #active: [number, number] = [-1, 1];
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(options: GridOptions) {
    this.#options = options;
    const { signal } = options;
    this.#body.append(this.#layer);
    this.element = h(
      "div",
      {
        ...{ class: "tokenviz-set-grid", role: "grid", tabindex: 0 },
        ...{ "aria-label": "Traces", "aria-multiselectable": "true", "aria-busy": "true" },
        "data-lm-suppress-shortcuts": "true",
      },
      h("div", { role: "rowgroup", class: "tokenviz-set-top" }, this.#head),
      this.#body,
    );
    const until = { signal };
    this.element.addEventListener("scroll", () => this.#scrolled(), { passive: true, signal });
    this.element.addEventListener("keydown", (event) => this.#key(event), until);
    this.element.addEventListener("focus", () => this.#mark(), until);
    this.element.addEventListener("blur", () => this.#mark(), until);
    this.#layer.addEventListener("click", (event) => this.#clicked(event), until);
    this.#resized.observe(this.element);
    signal.addEventListener("abort", () => {
      this.#resized.disconnect();
      this.#headsEnd.abort();
      clearTimeout(this.#resting);
    });
  }

  set columns(columns: readonly Column[]) {
    this.#columns = columns;
    this.#headsEnd.abort();
    this.#headsEnd = new AbortController();
    const { id, sort, range, filter } = this.#options;
    this.#heads = columns.map(
      (column, i) =>
        new Head({
          ...{ column, id: `${id}-head-${i + FIRST}` },
          sort: () => sort(column.name),
          range: (low, high) => range(column.name, low, high),
          filter: () => filter(column.name),
          signal: this.#headsEnd.signal,
        }),
    );
    const fixed = (name: string, i: number) =>
      h(
        "div",
        { class: "tokenviz-set-head", role: "columnheader", id: `${id}-head-${i}` },
        h("span", { class: i === 0 ? "tokenviz-unseen" : "tokenviz-set-name" }, name),
      );
    this.#head.replaceChildren(
      fixed("Marked", 0),
      fixed("Text", 1),
      ...this.#heads.map(({ element }) => element),
    );
    this.element.setAttribute("aria-colcount", String(columns.length + FIRST));
    const widths = columns.map(({ kind, name }) =>
      kind === "text" || placeColumn(name) !== null ? 116 : 96,
    );
    const { style } = this.element;
    const all = widths.map((width) => `${width}px`).join(" ");
    style.setProperty(
      "--tokenviz-set-columns",
      `${MARK}px minmax(var(--tokenviz-set-text), 1fr) ${all}`,
    );
    const others = widths.reduce((sum, width) => sum + width, MARK);
    style.setProperty("--tokenviz-set-width", `calc(var(--tokenviz-set-text) + ${others}px)`);
    this.#slots = [];
    this.#strip = null;
    this.#layer.replaceChildren();
    this.#active = [this.#active[0], Math.min(this.#active[1], columns.length + FIRST - 1)];
    this.layout();
  }

  set scale(scale: ColorScale) {
    this.#scale = scale;
    this.refresh();
  }

  set opened(key: string | null) {
    this.#opened = key;
    this.refresh();
  }

  /** What is looked for, which is marked in the texts of the rows that come. */
  set words(words: string) {
    this.#words = finder(words);
  }

  set busy(busy: boolean) {
    this.element.setAttribute("aria-busy", String(busy));
  }

  sorted(by: string | null, descending: boolean): void {
    this.#columns.forEach(({ name }, i) => {
      this.#heads[i].sorted(name === by ? descending : null);
    });
  }

  bars(
    bars: ReadonlyMap<string, Bars>,
    range: (column: string) => readonly [number | null, number | null],
  ): void {
    this.#columns.forEach(({ name }, i) => {
      this.#heads[i].show(bars.get(name) ?? null, range(name));
    });
  }

  /** How many rows there are; `top` where they are others than before. */
  count(total: number, top: boolean): void {
    this.element.setAttribute("aria-rowcount", String(total + 1));
    if (top) {
      this.#windowing.offset = 0;
      if (this.#active[0] > 0) this.#active = [0, this.#active[1]];
    }
    this.#windowing.resize(total, this.#room);
    this.#active = [Math.min(this.#active[0], total - 1), this.#active[1]];
    this.#body.style.height = `${Math.max(this.#windowing.content, ROW_HEIGHT)}px`;
    if (total === 0) this.#body.append(this.#empty);
    else this.#empty.remove();
    this.#put();
    this.refresh();
  }

  layout(): void {
    if (this.element.clientWidth === 0) return;
    this.#strip = null;
    this.#windowing.resize(this.#windowing.count, this.#room);
    this.#put();
    for (const head of this.#heads) head.paint();
    this.refresh(true);
  }

  /** The colours of the theme are others. */
  repaint(): void {
    for (const head of this.#heads) head.paint();
    this.refresh(true);
  }

  /** Brings a row into view, and the keys to it. */
  go(place: number): void {
    this.#active = [place, Math.max(0, this.#active[1])];
    this.#windowing.reveal(place);
    this.#put();
    this.refresh();
  }

  focusColumn(name: string): void {
    const i = this.#columns.findIndex((column) => column.name === name);
    if (i >= 0) this.#active = [this.#active[0], i + FIRST];
    this.element.focus();
    this.refresh();
  }

  /** Writes what is seen now. */
  refresh(all = false): void {
    const [first, end] = this.#windowing.seen;
    const { row, marked, noted, need } = this.#options;
    const words = this.#words;
    const count = end - first;
    // Before anything is written, after which the browser would have to lay out to know it.
    const { scrollTop } = this.element;
    while (this.#slots.length < count) {
      const slot = this.#slot(this.#slots.length);
      this.#slots.push(slot);
      this.#layer.append(slot.element);
    }
    this.#turn(first);
    if (Math.abs(first - this.#anchor) > FAR) this.#anchor = first;
    const { offset } = this.#windowing;
    this.#move(scrollTop - (offset - this.#anchor * ROW_HEIGHT));
    const stale: [Slot, Row | undefined][] = [];
    this.#slots.forEach((slot, i) => {
      const place = i < count ? first + i : null;
      this.#place(slot, place);
      if (place === null) return;
      const known = row(place);
      const { element, cells } = slot;
      const isMarked = known !== undefined && marked(known.key);
      const isNoted = known !== undefined && noted(known.key);
      const isOpen = known !== undefined && known.key === this.#opened;
      // What is as it was is not written: each write has the browser look at the row again.
      const state = `${isMarked} ${isNoted} ${isOpen}`;
      if (slot.state !== state) {
        slot.state = state;
        element.setAttribute("aria-selected", String(isMarked));
        element.toggleAttribute("data-tokenviz-noted", isNoted);
        if (isOpen) element.setAttribute("aria-current", "true");
        else element.removeAttribute("aria-current");
        cells[0].ariaLabel = isMarked ? "marked" : "not marked";
      }
      if (slot.shown !== known) {
        slot.shown = known;
        const text = known === undefined ? "…" : (known.text ?? "");
        if (words === null) slot.text.textContent = text;
        else slot.text.replaceChildren(...highlighted(text, words));
        element.title = known?.key ?? "";
        this.#columns.forEach(({ name }, j) => {
          write(cells[j + FIRST], known, name);
        });
      }
      if (all || slot.painted !== known || slot.scale !== this.#scale) stale.push([slot, known]);
    });
    this.#paint(stale);
    this.#mark();
    if (count > 0) need(first, end);
  }

  /** Where the layer stands in the body; it stays there while rows pass by. */
  #move(top: number): void {
    if (top === this.#layerTop) return;
    this.#layerTop = top;
    this.#layer.style.transform = `translateY(${top}px)`;
  }

  /** Puts a slot where a row is; null hides it. */
  #place(slot: Slot, place: number | null): void {
    const { element } = slot;
    if (slot.place !== place) {
      if ((slot.place === null) !== (place === null)) element.hidden = place === null;
      slot.place = place;
      if (place !== null) {
        element.setAttribute("aria-rowindex", String(place + 2));
        element.dataset.tokenvizPlace = String(place);
      }
    }
    if (place === null) return;
    const top = (place - this.#anchor) * ROW_HEIGHT;
    if (slot.top === top) return;
    slot.top = top;
    element.style.top = `${top}px`;
  }

  /** Strips, all of one size, which is asked for once: to know it the browser lays out. */
  #paint(slots: readonly [Slot, Row | undefined][]): void {
    const scale = this.#scale;
    if (scale === null || slots.length === 0) return;
    const { canvas } = slots[0][0];
    this.#strip ??= { width: canvas.clientWidth, height: canvas.clientHeight };
    for (const [slot, known] of slots) {
      slot.painted = known;
      slot.scale = scale;
      const values = known?.strip ?? new Float32Array(0);
      paintStrip(slot.canvas, values, scale, devicePixelRatio, this.#strip);
    }
  }

  /** Rows that are still seen keep what they are written in, so that a scroll writes the new ones. */
  #turn(first: number): void {
    const moved = first - this.#first;
    this.#first = first;
    const slots = this.#slots;
    if (moved === 0 || Math.abs(moved) >= slots.length) return;
    if (moved > 0) {
      const above = slots.splice(0, moved);
      slots.push(...above);
      this.#layer.append(...above.map(({ element }) => element));
    } else {
      const below = slots.splice(slots.length + moved);
      slots.unshift(...below);
      this.#layer.prepend(...below.map(({ element }) => element));
    }
  }

  get #room(): number {
    return Math.max(ROW_HEIGHT, this.element.clientHeight - this.#head.offsetHeight);
  }

  #slot(i: number): Slot {
    const { id } = this.#options;
    const text = h("span", { class: "tokenviz-set-words" });
    const canvas = h("canvas", { class: "tokenviz-set-strip", "aria-hidden": "true" });
    const cell = (j: number, name: string, ...content: Node[]) =>
      h(
        "div",
        { class: name, role: "gridcell", id: `${id}-${i}-${j}`, "aria-colindex": j + 1 },
        ...content,
      );
    const cells = [
      cell(0, "tokenviz-set-mark"),
      cell(1, "tokenviz-set-first", text, canvas),
      ...this.#columns.map(({ kind }, j) =>
        cell(j + FIRST, `tokenviz-set-cell tokenviz-set-${kind}`),
      ),
    ];
    const element = h("div", { class: "tokenviz-set-row", role: "row" }, ...cells);
    element.hidden = true;
    return {
      ...{ element, cells, text, canvas, place: null, top: null, state: null },
      ...{ shown: null, painted: null, scale: null },
    };
  }

  /** Puts the bar where the rows are. */
  #put(): void {
    const top = this.#windowing.rest();
    this.#windowing.put(top);
    if (Math.abs(this.element.scrollTop - top) >= 1) this.element.scrollTop = top;
  }

  #scrolled(): void {
    this.#windowing.scrolled(this.element.scrollTop);
    this.refresh();
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      this.#put();
      this.refresh();
    }, 200);
  }

  #clicked(event: MouseEvent): void {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>("[data-tokenviz-place]");
    if (row === null) return;
    const place = Number(row.dataset.tokenvizPlace);
    const cell = target.closest("[role=gridcell]");
    const column = cell === null ? 1 : [...row.children].indexOf(cell);
    this.#active = [place, column];
    const known = this.#options.row(place);
    if (known === undefined) return;
    if (column === 0) this.#options.mark(known.key);
    else this.#options.open(place, this.#pointing(known, column));
    this.refresh();
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey) return;
    const [place, column] = this.#active;
    const last = this.#windowing.count - 1;
    const lastColumn = this.#columns.length + FIRST - 1;
    const many = Math.max(1, Math.floor(this.#room / ROW_HEIGHT) - 1);
    const ctrl = event.ctrlKey;
    const moves: Record<string, () => [number, number]> = {
      ArrowDown: () => [place + 1, column],
      ArrowUp: () => [place - 1, column],
      ArrowRight: () => [place, column + 1],
      ArrowLeft: () => [place, column - 1],
      Home: () => (ctrl ? [0, 0] : [place, 0]),
      End: () => (ctrl ? [last, lastColumn] : [place, lastColumn]),
      PageDown: () => [Math.min(last, place + many), column],
      PageUp: () => [place < 0 ? -1 : Math.max(0, place - many), column],
    };
    if (Object.hasOwn(moves, event.key)) {
      const [row, to] = moves[event.key]();
      const bounded = Math.min(last, Math.max(-1, row));
      this.#active = [bounded, Math.min(lastColumn, Math.max(0, to))];
      if (bounded >= 0) this.#windowing.reveal(bounded);
      this.#put();
      this.refresh();
      this.#intoView();
    } else if (!this.#does(event.key, ctrl)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #does(key: string, ctrl: boolean): boolean {
    const [place, column] = this.#active;
    const { sort, filter, open, mark, note, find } = this.#options;
    const name = this.#columns[column - FIRST]?.name;
    const known = place < 0 ? undefined : this.#options.row(place);
    if (ctrl) return false;
    switch (key) {
      case "Enter":
        if (place < 0 && name !== undefined) sort(name);
        else if (known !== undefined && column === 0) mark(known.key);
        else if (known !== undefined) open(place, this.#pointing(known, column));
        return true;
      case " ":
        if (known !== undefined) mark(known.key);
        return true;
      case "f":
      case "F":
        if (name !== undefined) filter(name);
        return name !== undefined;
      case "n":
      case "N":
        if (known !== undefined) note(place);
        return true;
      case "/":
        find();
        return true;
    }
    return false;
  }

  /** The column that a cell is of, where its number is one token's. */
  #pointing(row: Row, column: number): string | null {
    const name = this.#columns[column - FIRST]?.name;
    return name !== undefined && row.spots(name) !== null ? name : null;
  }

  /** Shows where the keys are, and tells screen readers. */
  #mark(): void {
    const cell = this.#activeCell;
    if (cell === this.#activeMark) return;
    this.#activeMark?.removeAttribute("data-tokenviz-active");
    this.#activeMark = cell;
    if (cell === null) this.element.removeAttribute("aria-activedescendant");
    else {
      this.element.setAttribute("aria-activedescendant", cell.id);
      cell.setAttribute("data-tokenviz-active", "");
    }
  }

  get #activeCell(): Element | null {
    const [place, column] = this.#active;
    if (place < 0) return this.#head.children[column] ?? null;
    const [first, end] = this.#windowing.seen;
    if (place < first || place >= end) return null;
    return this.#slots[place - first]?.cells[column] ?? null;
  }

  /** Sideways; up and down the rows see to it. */
  #intoView(): void {
    const cell = this.#activeCell as HTMLElement | null;
    if (cell === null) return;
    const { offsetLeft, offsetWidth } = cell;
    const { scrollLeft, clientWidth } = this.element;
    if (offsetLeft < scrollLeft) this.element.scrollLeft = offsetLeft;
    else if (offsetLeft + offsetWidth > scrollLeft + clientWidth) {
      this.element.scrollLeft = offsetLeft + offsetWidth - clientWidth;
    }
  }
}

function highlighted(text: string, words: RegExp): (string | HTMLElement)[] {
  return pieces(text, words).map(([piece, isFound]) => (isFound ? h("mark", {}, piece) : piece));
}

/** A value; of one that is a token's, the token below it, and what is around that in the hint. */
function write(cell: HTMLElement, row: Row | undefined, name: string): void {
  const text = row === undefined ? "" : written(row.values(name));
  const spot = row?.spots(name) ?? null;
  cell.classList.toggle("tokenviz-set-two", spot !== null);
  if (spot === null) {
    cell.textContent = text;
    cell.removeAttribute("title");
    return;
  }
  const [before, token, after] = spot;
  cell.title = `…${before}[${token}]${after}…`;
  cell.replaceChildren(h("span", {}, text), h("span", { class: "tokenviz-set-token" }, token));
}
