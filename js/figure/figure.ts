/**
 * The frame every figure shares: title, viewport, colour bar, tooltip, live region, controls.
 *
 * It reads the state from a store and hears of changes from it; what kind of data it shows is the
 * drawing's affair. Everything it listens to ends with the signal.
 */

import { Mirror } from "../a11y/mirror.ts";
import { font, SMALL } from "../canvas/fonts.ts";
import { TextMeasure } from "../canvas/text.ts";
import type { Theme } from "../canvas/theme.ts";
import { findTable } from "../color/colormaps.ts";
import { ColorScale, resolveRange } from "../color/scale.ts";
import { Controls } from "../controls/controls.ts";
import type { Cell } from "../data/cell.ts";
import { h } from "../dom.ts";
import type { FigureState, TraceOptions } from "../state/state.ts";
import type { Store } from "../state/store.ts";
import { copyAsText } from "./clipboard.ts";
import { ColorBar } from "./colorbar.ts";
import { Commands } from "./commands.ts";
import { sentence, tooltipContent } from "./describe.ts";
import type { Drawing } from "./drawing.ts";
import type { Feature } from "./feature.ts";
import { BAR_GAP, barPlace, frame, TALLEST_BAR } from "./frame.ts";
import { Help } from "./help.ts";
import { OVERVIEW_ROOM, Overview } from "./overview.ts";
import { paper, SHEET_WIDTH, watchPrint } from "./paper.ts";
import { Pointing } from "./pointing.ts";
import { applyTheme, watchTheme } from "./theme.ts";
import { PLACE, Toolbar } from "./toolbar.ts";
import { Tooltip } from "./tooltip.ts";
import { Viewport } from "./viewport.ts";

/** Traits that change colours only, and all that move no cell. */
const RECOLOR = [
  ...["colormap", "_colormap_table", "vmin", "vmax", "center", "gamma", "symmetric", "norm"],
];
const THRESHOLD = ["threshold", "beyond"];
const MOVE_NOTHING = new Set([
  ...[...RECOLOR, ...THRESHOLD, "selected", "show_controls", "theme", "label", "span"],
]);

/** Traits that a legend tells of. */
const LEGEND = ["channel", "written", "flag", "category", "threshold", "beyond", "span"];

const DESCRIPTION =
  "Arrow keys move, Enter selects, question mark lists all keys. " +
  "Of a large figure, the rows around the cursor are listed.";

export interface FigureOptions<State extends FigureState> {
  store: Store<State>;
  drawing: Drawing<State>;
  /** The height beyond which the body scrolls when the state does not say. */
  defaultHeight: number;
  /** What only this kind of figure has. */
  features?: readonly Feature<State>[];
  signal: AbortSignal;
}

export class Figure<State extends FigureState> {
  readonly element: HTMLDivElement;
  readonly #store: Store<State>;
  readonly #drawing: Drawing<State>;
  readonly #defaultHeight: number;
  readonly #viewport: Viewport;
  readonly #pointing: Pointing;
  readonly #mirror: Mirror;
  readonly #controls: Controls;
  readonly #measure = new TextMeasure(h("canvas").getContext("2d") as CanvasRenderingContext2D);
  readonly #colorBar: ColorBar;
  readonly #overview: Overview;
  readonly #tooltip = new Tooltip();
  readonly #title = h("div", { class: "tokenviz-title" });
  readonly #head = h("div", { class: "tokenviz-head" }, this.#title);
  readonly #caption = h("div", { class: "tokenviz-caption" });
  readonly #live = h("div", { class: "tokenviz-live", role: "status", "aria-live": "polite" });
  readonly #observer = new ResizeObserver(() => this.#resize());
  #scale!: ColorScale;
  #theme!: Theme;
  /** The width the figure was laid out for; 0 while it has no size. */
  #width = 0;
  #barWidth = 0;
  #bar = { top: 0, height: 0 };
  /** What is printed, while the browser prints. */
  #paper: HTMLElement | null = null;
  /** Resolved when the drawing has what it waits for. */
  #awaiting: (() => void)[] = [];

  constructor({ store, drawing, defaultHeight, features = [], signal }: FigureOptions<State>) {
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
      this.#follow();
      if (drawing.ready !== false) this.element.dataset.tokenvizReady = "true";
    }, signal);
    this.#overview = new Overview({ viewport: this.#viewport, drawing, signal });
    const commands = new Commands(this.#viewport.element, signal);
    this.#pointing = new Pointing({
      viewport: this.#viewport,
      drawing,
      selected: () => store.state.selected,
      select: (selected) => this.#select(selected),
      changed: (spoken) => this.#pointed(spoken),
      signal,
    });
    this.#mirror = new Mirror({
      grid: this.#viewport.element,
      read: (cell) => drawing.readable(cell),
      start: () => this.#pointing.current ?? this.#pointing.start,
      selected: () => store.state.selected,
      sentence: (cell) => sentence(drawing, this.#scale, cell),
      choose: (cell) => this.#choose(cell),
      signal,
    });
    this.#viewport.content.prepend(this.#mirror.element);
    this.#controls = new Controls(store, signal);
    this.#colorBar = new ColorBar(this.#measure, store, signal);
    const { element: viewport } = this.#viewport;
    const help = new Help({ kind: store.state._kind, commands, viewport, signal });
    const toolbar = new Toolbar(signal);
    toolbar.add(help.button, PLACE.help);
    toolbar.add(this.#controls.button, PLACE.controls);
    this.#head.append(toolbar.element);
    this.element = h(
      "div",
      {
        // A title may hold dollar signs: MathJax, where a page has it, is to leave them alone.
        class: "tokenviz tex2jax_ignore mathjax_ignore",
        role: "group",
        "data-tokenviz-kind": store.state._kind,
        "data-lm-suppress-shortcuts": "true",
      },
      this.#head,
      this.#controls.panel,
      h(
        "div",
        { class: "tokenviz-body" },
        this.#viewport.element,
        this.#viewport.here,
        this.#overview.element,
        this.#colorBar.element,
      ),
      this.#caption,
      this.#live,
      this.#tooltip.anchor,
      this.#tooltip.element,
      help.element,
    );
    Object.defineProperty(this.element, "tokenvizFigure", { value: this, enumerable: false });
    this.#viewport.element.dataset.lmSuppressShortcuts = "true";
    copyAsText(this.#viewport.element, {
      text: () => drawing.tsv(),
      done: () => {
        const part = drawing.copiesPart ? "what is in view " : "";
        this.#say(`Copied ${part}as tab-separated values`);
      },
      signal,
    });
    store.subscribe((changed) => this.#update(changed), signal);
    this.#observer.observe(this.element);
    signal.addEventListener("abort", () => {
      this.#observer.disconnect();
      this.#tooltip.hide();
    });
    watchPrint(
      () => this.#print(),
      () => this.#printed(),
      signal,
    );
    watchTheme(this.element, () => this.#retheme(), signal);
    drawing.attach?.({ invalidate: () => this.#arrived(), signal });
    this.#update(null);
    for (const feature of features) {
      feature({
        ...{ store, element: this.element, head: this.#head, toolbar, commands },
        viewport: this.#viewport,
        current: () => this.#pointing.current,
        goTo: (cell) => this.#pointing.goTo(cell),
        place: (cell, onPage) => this.#pointing.place(cell, onPage),
        addControl: (make) => this.#controls.add(make),
        repaint: () => this.#repaint(),
        relayout: () => this.#relayout(),
        rewrite: () => this.#write(),
        say: (text) => this.#say(text),
        signal,
      });
    }
  }

  /**
   * Where a cell is on the screen, in client coordinates, of a figure that no host scales: else the
   * distances are the figure's own.
   */
  rect(cell: Cell): DOMRect {
    const { x, y, width, height } = this.#drawing.rect(cell);
    const { visible, element } = this.#viewport;
    const { left, top } = element.getBoundingClientRect();
    return new DOMRect(x - visible.x + left, y - visible.y + top, width, height);
  }

  /** What the figure shows, as the browser has it. */
  get state(): Readonly<State> {
    return this.#store.state;
  }

  /** The painted colour of a cell, read from the canvas near the cell's lower left corner. */
  colorAt(cell: Cell): [number, number, number] {
    const { x, y, height } = this.#drawing.rect(cell);
    const [r, g, b] = this.#viewport.pixel(x + 3, y + height - 3);
    return [r, g, b];
  }

  /** Settles when the state as it is now is on the screen. */
  async painted(): Promise<void> {
    if (this.#drawing.ready === false) {
      await new Promise<void>((resolve) => this.#awaiting.push(resolve));
    }
    await this.#viewport.painted();
  }

  #select(selected: Cell | null): void {
    const moved = this.#drawing.choose?.(selected) ?? false;
    this.#store.set({ selected } as unknown as Partial<State>);
    if (!moved) return;
    this.#relayout();
    this.#repaint();
    if (selected !== null) {
      const opened = this.#drawing.keepClear?.(selected) ?? this.#drawing.rect(selected);
      this.#viewport.reveal(opened, this.#drawing.scrollPadding ?? { left: 0, top: 0 });
    }
    this.#pointed(false);
  }

  #update(changed: ReadonlySet<string> | null): void {
    const { state } = this.#store;
    const any = (...names: string[]) => changed === null || names.some((name) => changed.has(name));
    this.#drawing.update(state, changed);
    if (changed?.has("_data")) {
      this.#pointing.reset();
      this.#tooltip.hide();
      this.#mirror.point(null);
    }
    const moves = changed === null || [...changed].some((name) => !MOVE_NOTHING.has(name));
    if (any("_data", "_append", "channel", ...RECOLOR)) this.#rescale();
    if (any("title", "caption", "label", "_data", "_append", ...LEGEND)) this.#write();
    // Before anything is written, or the browser would have to lay out all of it to say.
    this.#resize();
    this.#controls.update({ state, scale: this.#scale, extent: this.#drawing.extent() });
    if (this.#width === 0) return;
    if (any("theme")) this.#theme = applyTheme(this.element, state.theme);
    if (changed?.has("_append")) this.#viewport.following(() => this.#layout());
    else if (moves || any("theme")) this.#layout();
    else if (any("label", ...RECOLOR, ...THRESHOLD)) this.#recolor();
    this.#mirror.refresh();
    this.#viewport.request();
  }

  /** What the drawing waited for has come: its sizes and its extent may be others. */
  #arrived(): void {
    const { state } = this.#store;
    this.#rescale();
    this.#controls.update({ state, scale: this.#scale, extent: this.#drawing.extent() });
    if (this.#width > 0) this.#layout();
    this.#viewport.request();
    if (this.#width > 0) this.#mirror.refresh();
    if (this.#tooltip.open) this.#pointed(false); // what it says may have been waited for
    for (const resolve of this.#awaiting.splice(0)) resolve();
  }

  #rescale(): void {
    const { state } = this.#store;
    const table = findTable(state.colormap, state._colormap_table) ?? this.#scale?.table;
    if (table === undefined) throw new Error(`no colormap is called "${state.colormap}"`);
    this.#scale = new ColorScale(table, resolveRange(state, this.#drawing.extent().finite));
  }

  #write(): void {
    const { title, caption, label, _kind } = this.#store.state;
    this.#title.textContent = title;
    const lines = [caption, ...(this.#drawing.legend?.() ?? [])].filter((line) => line !== "");
    this.#caption.replaceChildren(...facts(lines.join(" · ")));
    this.#caption.hidden = lines.length === 0;
    this.element.ariaLabel = title || label;
    const { element } = this.#viewport;
    element.ariaLabel = `${title || label}, ${_kind}`;
    element.setAttribute("aria-description", DESCRIPTION);
  }

  /**
   * Lays out for the width there is. A figure that is hidden has none: what it shows may be out of
   * date by the time it is seen again, so it is then themed and laid out as if for the first time.
   */
  #resize(): void {
    if (this.#paper !== null) return;
    const width = this.element.clientWidth;
    if (width === this.#width) return;
    const appears = this.#width === 0;
    this.#width = width;
    if (width === 0) {
      // Anew, so that it reports also the size that it reported last.
      this.#observer.unobserve(this.element);
      this.#observer.observe(this.element);
      return;
    }
    if (appears) this.#theme = applyTheme(this.element, this.#store.state.theme);
    this.#layout();
  }

  /** Hosts change their classes also when nothing looks different. */
  #retheme(): void {
    this.#resize();
    if (this.#width === 0 || this.#paper !== null) return;
    const theme = applyTheme(this.element, this.#store.state.theme);
    if (JSON.stringify(theme) === JSON.stringify(this.#theme)) return;
    this.#theme = theme;
    this.#layout();
  }

  /** Light, whole, and without what only a screen has a use for. */
  #print(): void {
    if (this.#width === 0 || this.#paper !== null) return;
    const { selected } = this.#store.state;
    this.#theme = applyTheme(this.element, "light");
    const width = SHEET_WIDTH - BAR_GAP - this.#barWidth;
    const content = this.#drawing.layout(width, this.#measure);
    this.#paper = paper({
      drawing: this.#drawing,
      content,
      width,
      paint: (ctx, viewport) =>
        this.#drawing.paint({
          ...{ ctx, viewport, scale: this.#scale, theme: this.#theme, selected },
          ...{ hovered: null, focused: null },
        }),
    });
    this.#viewport.element.after(this.#paper);
    this.#bar = this.#barPlace(content.height);
    this.#updateBar();
  }

  #printed(): void {
    this.#paper?.remove();
    this.#paper = null;
    if (this.#width === 0) return;
    this.#theme = applyTheme(this.element, this.#store.state.theme);
    this.#layout();
    this.#resize();
  }

  #repaint(): void {
    if (this.#width === 0) return;
    this.#overview.update(this.#scale, this.#theme);
    this.#viewport.request();
  }

  /** Cells have another size or place, colours are as they were. */
  #relayout(): void {
    if (this.#width === 0) return;
    this.#layout({ recoloured: false });
    this.#viewport.request();
  }

  #layout({ recoloured = true } = {}): void {
    const { state } = this.#store;
    this.#barWidth = this.#colorBar.width(this.#scale.range, TALLEST_BAR);
    const keep = this.#anchor();
    const { content, box, overview } = frame({
      width: contentWidth(this.element),
      barWidth: this.#barWidth,
      limit: state.height ?? this.#defaultHeight,
      layout: (width) => this.#drawing.layout(width, this.#measure),
      overviewRoom: this.#drawing.paintOverview === undefined ? 0 : OVERVIEW_ROOM,
    });
    this.#viewport.resize(content, box);
    if (keep !== null) {
      const { y } = this.#drawing.rect(keep.cell);
      if (y !== keep.y) this.#viewport.scrollTo(this.#viewport.visible.x, y - keep.above);
    }
    this.#overview.show(overview);
    const beside = (overview ? OVERVIEW_ROOM : 0) + BAR_GAP + this.#barWidth;
    this.#head.style.width = `${box.width + beside}px`;
    const bar = this.#barPlace(box.height);
    const moved = bar.top !== this.#bar.top || bar.height !== this.#bar.height;
    this.#bar = bar;
    if (moved || recoloured) this.#updateBar();
    this.#mirror.refresh();
  }

  #barPlace(boxHeight: number) {
    return barPlace({
      firstCell: this.#drawing.scrollPadding?.top ?? this.#drawing.rect([0, 0]).y,
      boxHeight,
      labelLength: this.#measure.width(this.#store.state.label, font(SMALL)),
    });
  }

  /** What is seen first, and how far it is from the upper edge; null at the very top. */
  #anchor(): { cell: Cell; y: number; above: number } | null {
    const { visible } = this.#viewport;
    if (visible.y <= 0) return null;
    const cell = this.#drawing.anchor?.(visible);
    if (cell === undefined) return null;
    const { y } = this.#drawing.rect(cell);
    return { cell, y, above: y - visible.y };
  }

  /** Only colours changed: cells move only when the bar's tick labels need more room. */
  #recolor(): void {
    if (this.#colorBar.width(this.#scale.range, TALLEST_BAR) <= this.#barWidth) this.#updateBar();
    else this.#layout();
  }

  #updateBar(): void {
    const { top, height } = this.#bar;
    this.#overview.update(this.#scale, this.#theme);
    this.#colorBar.element.style.marginTop = `${top}px`;
    this.#colorBar.update({
      ...{ scale: this.#scale, extent: this.#drawing.extent(), theme: this.#theme },
      ...{ label: this.#store.state.label, height },
      threshold: (this.#store.state as Partial<TraceOptions>).threshold ?? null,
      distribution: this.#drawing.distribution?.() ?? null,
    });
  }

  /** The tooltip goes where its cell goes: scrolled, zoomed or laid out anew. */
  #follow(): void {
    const cell = this.#pointing.hovered ?? this.#pointing.focused;
    if (cell === null || !this.#tooltip.open) return;
    this.#tooltip.follow(this.#clear(cell), this.#viewport.element.getBoundingClientRect());
  }

  #pointed(spoken: boolean): void {
    const cell = this.#pointing.hovered ?? this.#pointing.focused;
    if (cell === null) this.#tooltip.hide();
    else {
      this.#tooltip.show(tooltipContent(this.#drawing, this.#scale, cell));
      this.#follow();
    }
    if (spoken && cell !== null) {
      this.#mirror.point(cell);
      // With the focus on the grid, its active cell is read anyway.
      const heard = this.#viewport.element.matches(":focus");
      this.#say(sentence(this.#drawing, this.#scale, cell), heard ? "off" : "polite");
    }
    this.#viewport.request();
  }

  /** A screen reader pressed a cell. */
  #choose(cell: Cell): void {
    this.#viewport.element.focus({ preventScroll: true });
    this.#pointing.goTo(cell);
    this.#select(cell);
  }

  /** Where a cell is on the screen, with what belongs to it. */
  #clear(cell: Cell): DOMRect {
    const rect = this.#drawing.keepClear?.(cell) ?? this.#drawing.rect(cell);
    return this.#viewport.toClient(rect);
  }

  #say(text: string, live: "polite" | "off" = "polite"): void {
    this.#live.ariaLive = live;
    this.#live.textContent = text;
  }
}

/** The facts of a caption, each kept on one line where it fits; together they read as written. */
function facts(caption: string): (Node | string)[] {
  return caption
    .split(" · ")
    .flatMap((fact, i, { length }) => [
      h("span", {}, i < length - 1 ? `${fact} ·` : fact),
      ...(i < length - 1 ? [" "] : []),
    ]);
}

/** The width inside the padding. */
function contentWidth(element: HTMLElement): number {
  const { paddingLeft, paddingRight } = getComputedStyle(element);
  return element.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
}
