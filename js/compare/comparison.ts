/**
 * A comparison: a trace whose cells hold what two models say, and below it the places where they are
 * furthest apart.
 *
 * The figure is the renderer's; what is the comparison's own are three traits (what cells hold, how
 * many places are listed and by what) and the list.
 */

import type { Cell } from "../data/cell.ts";
import { h, uniqueId } from "../dom.ts";
import type { FigureParts } from "../figure/feature.ts";
import type { Heard, Model } from "../state/model.ts";
import type { TraceState } from "../state/state.ts";
import type { Store } from "../state/store.ts";
import { type Compared, type ComparedWire, decodeCompared } from "./compared.ts";
import type { Core } from "./core.ts";
import { type ComparisonDrawing, comparisonDrawing } from "./drawing.ts";
import { PAIRS, type PairName } from "./pair.ts";
import { type Place, placesBy } from "./places.ts";
import { PlaceTable } from "./placetable.ts";

/** The height beyond which the figure scrolls, where nobody says: there is a list below it. */
const TALL = 640;

export class Comparison {
  readonly element = h("div", {
    class: "tokenviz tokenviz-comparison tex2jax_ignore mathjax_ignore",
    ...{ role: "group", "aria-label": "Comparison", "data-lm-suppress-shortcuts": "true" },
  });
  readonly #core: Core;
  readonly #model: Model;
  readonly #store: Store<TraceState>;
  readonly #drawing: ComparisonDrawing;
  readonly #table: PlaceTable;
  readonly #pair: HTMLSelectElement;
  #parts!: FigureParts<TraceState>;
  #places: readonly Place[] = [];
  #known: { wire: unknown; compared: Compared } | null = null;

  constructor(core: Core, model: Model, signal: AbortSignal) {
    this.#core = core;
    this.#model = model;
    // Before the figure inside looks: it is themed as what is around it.
    const sized = new ResizeObserver(() => this.#retheme());
    sized.observe(this.element);
    core.watchTheme(this.element, () => this.#retheme(), signal);
    this.#store = new core.Store<TraceState>(asTrace(model), signal);
    this.#drawing = new (comparisonDrawing(core.TraceDrawing))(() => this.#compared, this.#paired);
    this.#table = new PlaceTable({
      jump: (place) => this.#jump(place),
      sort: (by) => this.#set("places_by", by),
      resize: (count) => this.#set("places", count),
      signal,
    });
    const id = uniqueId("pair");
    this.#pair = h(
      "select",
      { id, class: "tokenviz-select", "data-tokenviz-control": "pair" },
      ...Object.entries(PAIRS).map(([name, { label }]) => h("option", { value: name }, label)),
      h("option", { value: "" }, "one number"),
    );
    this.#pair.addEventListener("change", () => this.#set("pair", this.#pair.value || null), {
      signal,
    });
    const figure = new core.Figure<TraceState>({
      store: this.#store,
      drawing: this.#drawing,
      defaultHeight: TALL,
      features: [
        core.searchFeature(this.#drawing),
        core.thresholdFeature(this.#drawing),
        core.markControls,
        core.spanFeature(this.#drawing),
        (parts) => this.#attach(parts),
      ],
      signal,
    });
    // Who chooses another number to be written is to see it.
    figure.element.addEventListener(
      "change",
      ({ target }) => {
        const { tokenvizControl } = (target as HTMLElement).dataset;
        if (tokenvizControl === "written") this.#set("pair", null);
      },
      { signal },
    );
    this.element.append(
      figure.element,
      h(
        "div",
        { class: "tokenviz-comparison-tools" },
        h("label", { for: id }, "Of both, cells hold"),
        this.#pair,
      ),
      this.#table.element,
    );
    Object.defineProperty(this.element, "tokenvizComparison", { value: this, enumerable: false });
    this.#store.subscribe((changed) => {
      if (changed.has("theme")) this.#retheme();
      if (changed.has("_data")) this.#list();
      if (changed.has("selected")) this.#table.select(this.#store.state.selected?.[0] ?? null);
    }, signal);
    const hear: [string, Heard][] = [
      ["change:pair", () => this.#repair()],
      ["change:places", () => this.#list()],
      ["change:places_by", () => this.#list()],
    ];
    for (const [event, listener] of hear) model.on(event, listener);
    signal.addEventListener("abort", () => {
      for (const [event, listener] of hear) model.off(event, listener);
    });
    signal.addEventListener("abort", () => sized.disconnect());
    this.#pair.value = this.#paired ?? "";
    this.#table.select(this.#store.state.selected?.[0] ?? null);
    this.#list();
  }

  /** The places that are listed. */
  get places(): readonly Place[] {
    return this.#places;
  }

  /** What belongs to the data on show, decoded once. */
  get #compared(): Compared {
    const wire = (this.#model.get("_data") as { compared: ComparedWire }).compared;
    if (this.#known?.wire !== wire) this.#known = { wire, compared: decodeCompared(wire) };
    return this.#known.compared;
  }

  get #paired(): PairName | null {
    const pair = this.#model.get("pair") as PairName | null;
    return pair !== null && pair in PAIRS ? pair : null;
  }

  get #by(): string {
    return (this.#model.get("places_by") as string | null) ?? this.#compared.best;
  }

  get #count(): number {
    return this.#model.get("places") as number;
  }

  #attach(parts: FigureParts<TraceState>): void {
    this.#parts = parts;
    const { commands } = parts;
    commands.add({ keys: ["w"], label: "Next place of the list", run: () => this.#walk(1) });
    commands.add({ keys: ["W"], label: "Previous place of the list", run: () => this.#walk(-1) });
  }

  /** A trait of the comparison's own: here at once, and in the model. */
  #set(name: string, value: unknown): void {
    this.#model.set(name, value);
    this.#model.save_changes();
  }

  /** As if the cell had been pressed: its place is brought into view, and the keys go on there. */
  #jump({ start }: Place): void {
    this.#parts.viewport.element.focus({ preventScroll: true });
    this.#go([start, 0]);
  }

  #go(cell: Cell): void {
    if (this.#drawing.choose(cell)) this.#parts.relayout();
    this.#store.set({ selected: cell });
    this.#parts.goTo(cell);
  }

  /** From the selected place to the next one of the list, in its order. */
  #walk(direction: 1 | -1): boolean {
    const places = this.#places;
    if (places.length === 0) return false;
    const at = this.#parts.current()?.[0] ?? -1;
    const here = places.findIndex(({ start, stop }) => at >= start && at < stop);
    const next = here < 0 ? (direction > 0 ? 0 : places.length - 1) : here + direction;
    const place = places[(next + places.length) % places.length];
    this.#go([place.start, 0]);
    return true;
  }

  #list(): void {
    const { data } = this.#store.state;
    const compared = this.#compared;
    const [by, count] = [this.#by, this.#count];
    this.#places = placesBy(data, compared, by, count);
    this.#table.show({ data, compared, places: this.#places, by, count });
  }

  #repair(): void {
    const pair = this.#paired;
    this.#pair.value = pair ?? "";
    this.#drawing.pair = pair;
    this.#parts.relayout();
    this.#parts.rewrite();
  }

  #retheme(): void {
    this.#core.applyTheme(this.element, this.#store.state.theme);
  }
}

/** The model as the one of a trace's figure. */
function asTrace(model: Model): Model {
  return {
    get: (name) => (name === "_kind" ? "trace" : name === "_live" ? null : model.get(name)),
    set: (name, value) => model.set(name, value),
    save_changes: () => model.save_changes(),
    on: (event, listener) => model.on(event, listener),
    off: (event, listener) => model.off(event, listener),
    ...(model.send && { send: (content: unknown) => model.send?.(content) }),
  };
}
