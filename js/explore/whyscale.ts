/**
 * The colours of attributions: the why_* traits as a scale, and the second colour bar, which writes
 * what is dragged on it back to them.
 */

import type { TextMeasure } from "../canvas/text.ts";
import type { Theme } from "../canvas/theme.ts";
import { extentOf } from "../color/extent.ts";
import type { ColorScale } from "../color/scale.ts";
import type { Settings } from "../controls/control.ts";
import type { ColorBar } from "../figure/colorbar.ts";
import type { Model } from "../state/model.ts";
import type { FigureOptions } from "../state/state.ts";
import { decodeBytes } from "../wire/codec.ts";
import type { Core } from "./core.ts";

/** Milliseconds from a change to the kernel's. */
const SYNC_DELAY = 150;
const TRAITS = { vmin: "why_vmin", vmax: "why_vmax", gamma: "why_gamma" } as const;

/** Of a colour that is out of date, how much is left. */
const FADED = 0.35;

export class WhyScale {
  readonly #core: Core;
  readonly #model: Model;
  readonly #bar: ColorBar;
  readonly #changed: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #known: ColorScale | null = null;
  #faded: { of: ColorScale; dark: boolean; scale: ColorScale } | null = null;

  /** `changed` is called when a trait or the bar says that colours are others now. */
  constructor(
    core: Core,
    model: Model,
    measure: TextMeasure,
    changed: () => void,
    signal: AbortSignal,
  ) {
    this.#core = core;
    this.#model = model;
    this.#changed = changed;
    const options = () => this.#options;
    const settings = {
      get state() {
        return options() as FigureOptions;
      },
      set: (patch: Partial<FigureOptions>) => this.#set(patch),
    };
    this.#bar = new core.ColorBar(measure, settings as unknown as Settings, signal);
    for (const name of ["why_colormap", ...Object.values(TRAITS), "_colormap_table"]) {
      model.on(`change:${name}`, changed);
      signal.addEventListener("abort", () => model.off(`change:${name}`, changed));
    }
    signal.addEventListener("abort", () => this.#flush());
  }

  get element(): HTMLElement {
    return this.#bar.element;
  }

  /** The scale that fits these values: ends that nobody set are equally far from 0. */
  scale(values: ArrayLike<number>): ColorScale {
    const { findTable, ColorScale, resolveRange } = this.#core;
    const sent = this.#model.get("_colormap_table") as { name: string; table: DataView } | null;
    const custom = sent ? { name: sent.name, table: decodeBytes(sent.table) } : null;
    const name = String(this.#model.get("why_colormap") ?? "RdYlGn");
    const table = findTable(name, custom) ?? findTable("RdYlGn", null);
    if (table == null) throw new Error(`no colormap is called "${name}"`);
    const range = resolveRange(this.#options, extentOf(values).finite);
    // The same scale is the same object: nobody paints anew because of it.
    const known = this.#known;
    if (known?.table === table && JSON.stringify(known.range) === JSON.stringify(range))
      return known;
    this.#known = new ColorScale(table, range);
    return this.#known;
  }

  /** The same scale, its colours near the background: what it says is out of date. */
  faded(scale: ColorScale, { dark }: Theme): ColorScale {
    const known = this.#faded;
    if (known?.of === scale && known.dark === dark) return known.scale;
    const ground = dark ? 22 : 255;
    const table = scale.table.map((channel) => Math.round(ground + FADED * (channel - ground)));
    const paler = new this.#core.ColorScale(table, scale.range);
    this.#faded = { of: scale, dark, scale: paler };
    return paler;
  }

  /** Draws the bar for some values. */
  show(all: Float32Array, look: { label: string; height: number; theme: Theme }): void {
    // Where nothing is said there is nothing to see.
    const values = all.filter((value) => !Number.isNaN(value));
    const extent = extentOf(values);
    const distribution = new this.#core.Distribution(extent, values);
    this.#bar.update({ ...look, scale: this.scale(values), extent, distribution });
  }

  get #options() {
    const trait = (name: string) => this.#model.get(name) as number | null | undefined;
    return {
      vmin: trait("why_vmin") ?? null,
      vmax: trait("why_vmax") ?? null,
      gamma: trait("why_gamma") ?? 1,
      center: 0,
      symmetric: true,
    };
  }

  #set(patch: Partial<FigureOptions>): void {
    for (const [name, trait] of Object.entries(TRAITS)) {
      if (name in patch) this.#model.set(trait, patch[name as keyof typeof TRAITS]);
    }
    this.#timer ??= setTimeout(() => this.#flush(), SYNC_DELAY);
    this.#changed();
  }

  #flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#model.save_changes();
  }
}
