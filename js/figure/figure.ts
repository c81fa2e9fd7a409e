/**
 * The frame every figure shares: title, viewport, colour bar, tooltip, live region, controls.
 *
 * It reads the state from a store and hears of changes from it; what kind of data it shows is the
 * drawing's affair. Everything it listens to ends with the signal.
 */

import { TextMeasure } from "../canvas/text.ts";
import { findTable } from "../color/colormaps.ts";
import { type Extent, extentOf } from "../color/extent.ts";
import { ColorScale, resolveRange } from "../color/scale.ts";
import { Controls } from "../controls/controls.ts";
import { h } from "../dom.ts";
import { fixed } from "../numbers.ts";
import type { FigureState } from "../state.ts";
import type { Store } from "../store.ts";
import { copyAsText } from "./clipboard.ts";
import { ColorBar } from "./colorbar.ts";
import type { Cell, Drawing, Fact, Theme } from "./drawing.ts";
import { Pointing } from "./pointing.ts";
import { applyTheme, watchTheme } from "./theme.ts";
import { Tooltip } from "./tooltip.ts";
import { Viewport } from "./viewport.ts";

/** Traits that change colours only: no cell moves. */
const RECOLOR = ["colormap", "_colormap_table", "vmin", "vmax", "center", "gamma", "symmetric"];
const MOVE_NOTHING = new Set([...RECOLOR, "selected", "show_controls", "theme", "label"]);
const BAR_GAP = 16;
const SHORTEST_BAR = 120;
const TALLEST_BAR = 440;
const SCROLLBAR = 15;
/** Above the colour bar is the button, unless there is a title beside it. */
const BUTTON = 30;

export interface FigureOptions<State extends FigureState> {
  store: Store<State>;
  drawing: Drawing<State>;
  /** The height beyond which the body scrolls when the state does not say. */
  defaultHeight: number;
  signal: AbortSignal;
}

export class Figure<State extends FigureState> {
  readonly element: HTMLDivElement;
  readonly #store: Store<State>;
  readonly #drawing: Drawing<State>;
  readonly #defaultHeight: number;
  readonly #viewport: Viewport;
  readonly #pointing: Pointing;
  readonly #controls: Controls;
  readonly #measure = new TextMeasure(h("canvas").getContext("2d") as CanvasRenderingContext2D);
  readonly #colorBar = new ColorBar(this.#measure);
  readonly #tooltip = new Tooltip();
  readonly #title = h("div", { class: "tokenviz-title" });
  readonly #caption = h("div", { class: "tokenviz-caption" });
  readonly #live = h("div", { class: "tokenviz-live", role: "status", "aria-live": "polite" });
  #extent!: Extent;
  #scale!: ColorScale;
  #theme!: Theme;
  /** The width the figure was laid out for; 0 while it has no size. */
  #width = 0;

  constructor({ store, drawing, defaultHeight, signal }: FigureOptions<State>) {
    this.#store = store;
    this.#drawing = drawing;
    this.#defaultHeight = defaultHeight;
    this.#viewport = new Viewport((ctx, viewport) => {
      const { hovered, focused } = this.#pointing;
      const { selected } = store.state;
      drawing.paint({
        ...{ ctx, viewport, scale: this.#scale, theme: this.#theme },
        ...{ hovered, focused, selected },
      });
      this.element.dataset.tokenvizReady = "true";
    }, signal);
    this.#pointing = new Pointing({
      viewport: this.#viewport,
      drawing,
      selected: () => store.state.selected,
      select: (selected) => store.set({ selected } as Partial<State>),
      changed: (spoken) => this.#pointed(spoken),
      signal,
    });
    this.#controls = new Controls(store, signal);
    this.element = h(
      "div",
      {
        class: "tokenviz",
        role: "group",
        "data-tokenviz-kind": store.state._kind,
        "data-lm-suppress-shortcuts": "true",
      },
      h("div", { class: "tokenviz-head" }, this.#title, this.#controls.button),
      this.#controls.panel,
      h("div", { class: "tokenviz-body" }, this.#viewport.element, this.#colorBar.element),
      this.#caption,
      this.#live,
      this.#tooltip.element,
    );
    Object.defineProperty(this.element, "tokenvizFigure", { value: this, enumerable: false });
    this.#viewport.element.dataset.lmSuppressShortcuts = "true";
    copyAsText(this.#viewport.element, {
      text: () => drawing.tsv(this.#pointing.focused ?? store.state.selected),
      done: () => this.#say("Copied as tab-separated values"),
      signal,
    });
    store.subscribe((changed) => this.#update(changed), signal);
    const observer = new ResizeObserver(() => this.#resize());
    observer.observe(this.element);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      this.#tooltip.hide();
    });
    watchTheme(this.element, () => this.#retheme(), signal);
    this.#update(null);
  }

  /** Where a cell is on the screen, in client coordinates. */
  rect(cell: Cell): DOMRect {
    return this.#viewport.toClient(this.#drawing.rect(cell));
  }

  /** The painted colour of a cell, read from the canvas near the cell's lower left corner. */
  colorAt(cell: Cell): [number, number, number] {
    const { x, y, height } = this.#drawing.rect(cell);
    const [r, g, b] = this.#viewport.pixel(x + 3, y + height - 3);
    return [r, g, b];
  }

  /** Settles when the state as it is now is on the screen. */
  painted(): Promise<void> {
    return this.#viewport.painted();
  }

  #update(changed: ReadonlySet<string> | null): void {
    const { state } = this.#store;
    const any = (...names: string[]) => changed === null || names.some((name) => changed.has(name));
    this.#drawing.update(state, changed);
    if (changed?.has("_data")) this.#pointing.reset();
    // A trace's shown values depend on options that also move its cells.
    const moves = changed === null || [...changed].some((name) => !MOVE_NOTHING.has(name));
    if (moves) this.#extent = extentOf(this.#drawing.values());
    if (moves || any(...RECOLOR)) this.#rescale();
    if (any("title", "caption", "label")) this.#write();
    if (any("theme") && this.#width > 0) this.#theme = applyTheme(this.element, state.theme);
    this.#controls.update({ state, scale: this.#scale, extent: this.#extent });
    if (this.#width === 0) return;
    if (moves || any("label", "theme", ...RECOLOR)) this.#layout();
    this.#viewport.request();
  }

  #rescale(): void {
    const { state } = this.#store;
    const table = findTable(state.colormap, state._colormap_table) ?? this.#scale?.table;
    if (table === undefined) throw new Error(`no colormap is called "${state.colormap}"`);
    this.#scale = new ColorScale(table, resolveRange(state, this.#extent.finite));
  }

  #write(): void {
    const { title, caption, label, _kind } = this.#store.state;
    this.#title.textContent = title;
    this.#caption.textContent = caption;
    this.#caption.hidden = caption === "";
    this.element.toggleAttribute("data-tokenviz-titled", title !== "");
    this.element.ariaLabel = title || label;
    const { element } = this.#viewport;
    element.role = "application";
    element.ariaLabel = `${title || label}, ${_kind}. Arrow keys move, Enter selects.`;
  }

  #resize(): void {
    const width = this.element.clientWidth;
    if (width === 0 || width === this.#width) return;
    if (this.#width === 0) this.#theme = applyTheme(this.element, this.#store.state.theme);
    this.#width = width;
    this.#layout();
  }

  #retheme(): void {
    if (this.#width === 0) return;
    this.#theme = applyTheme(this.element, this.#store.state.theme);
    this.#layout();
  }

  #layout(): void {
    const { state } = this.#store;
    const { range } = this.#scale;
    const limit = state.height ?? this.#defaultHeight;
    const barWidth = this.#colorBar.width(range, TALLEST_BAR) + BAR_GAP;
    const room = Math.max(80, this.#width - barWidth);
    let content = this.#drawing.layout(room, this.#measure);
    const scrolls = content.height > limit;
    if (scrolls) content = this.#drawing.layout(room - SCROLLBAR, this.#measure);
    const overflow = content.width > room - (scrolls ? SCROLLBAR : 0);
    const box = {
      width: Math.min(room, content.width + (scrolls ? SCROLLBAR : 0)),
      height: Math.min(limit, content.height + (overflow ? SCROLLBAR : 0)),
    };
    this.#viewport.resize(content, box);
    const first = this.#drawing.rect([0, 0]).y;
    const top = state.title === "" ? Math.max(first, BUTTON) : first;
    const bar = Math.min(TALLEST_BAR, Math.max(SHORTEST_BAR, box.height - top));
    this.#colorBar.element.style.marginTop = `${top}px`;
    this.#colorBar.update({
      ...{ scale: this.#scale, extent: this.#extent, theme: this.#theme },
      ...{ label: state.label, height: bar },
    });
  }

  #pointed(spoken: boolean): void {
    const cell = this.#pointing.hovered ?? this.#pointing.focused;
    if (cell === null) this.#tooltip.hide();
    else this.#tooltip.show(this.#content(cell), this.rect(cell));
    if (spoken && cell !== null) {
      const beyond = this.#beyond(cell);
      this.#say([this.#drawing.announce(cell), ...beyond.map((fact) => fact.value)].join(", "));
    }
    this.#viewport.request();
  }

  #content(cell: Cell): { swatch: string | null; facts: Fact[] } {
    const value = this.#drawing.valueAt(cell);
    const [first, ...rest] = this.#drawing.facts(cell);
    return {
      swatch: Number.isNaN(value) ? null : this.#scale.css(value),
      facts: [first, ...this.#beyond(cell), ...rest],
    };
  }

  /** Says so when the value of a cell lies outside the range. */
  #beyond(cell: Cell): Fact[] {
    const { lo, hi } = this.#scale.range;
    const side = this.#scale.side(this.#drawing.valueAt(cell));
    if (side === "above") return [{ name: "range", value: `above range (> ${fixed(hi, 2)})` }];
    if (side === "below") return [{ name: "range", value: `below range (< ${fixed(lo, 2)})` }];
    return [];
  }

  #say(text: string): void {
    this.#live.textContent = text;
  }
}
