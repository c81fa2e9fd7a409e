/**
 * The range of the colour scale: one track with a handle at either end, a number field for each,
 * the lock that keeps the ends equally far from the centre, and the button that fits the data.
 *
 * The handles are two native sliders over one another, so keys and screen readers work as ever.
 */

import { tableGradient } from "../color/gradient.ts";
import { unwarped, warped } from "../color/norm.ts";
import { compact } from "../color/numbers.ts";
import type { ResolvedRange } from "../color/range.ts";
import { h } from "../dom.ts";
import type { Control, ControlView, Settings } from "./control.ts";
import { button, checkbox, type Field, group, numberField, slider } from "./fields.ts";
import { type Domain, type End, moveEnd } from "./range.ts";
import { Reach } from "./reach.ts";

const ENDS: readonly { end: End; label: string }[] = [
  { end: "vmin", label: "Lower end of the range" },
  { end: "vmax", label: "Upper end of the range" },
];

/** The least distance of two ends that are typed, in steps of the slider. */
const FINEST = 1e-6;

export class RangeSlider implements Control {
  readonly element: HTMLElement;
  readonly #settings: Settings;
  readonly #handles: Record<End, Field<number>>;
  readonly #numbers: Record<End, Field<number>>;
  readonly #fit: HTMLButtonElement;
  readonly #symmetric: Field<boolean>;
  readonly #fill = h("div", { class: "tokenviz-track-fill" });
  readonly #reach = new Reach();
  #range: ResolvedRange = { lo: 0, hi: 1, center: null, gamma: 1 };
  #domain: Domain = { min: 0, max: 1, step: 0.01 };
  /** The table that the track shows. */
  #table: Uint8Array | null = null;

  constructor(settings: Settings, signal: AbortSignal) {
    this.#settings = settings;
    const make = (field: (end: End, label: string) => Field<number>) =>
      Object.fromEntries(ENDS.map(({ end, label }) => [end, field(end, label)])) as Record<
        End,
        Field<number>
      >;
    this.#handles = make((end, label) => {
      const change = (place: number) =>
        this.#move(end, unwarped(place, this.#range.log), this.#domain.step);
      return slider({ control: end, label, change, signal, min: 0, max: 1, step: 0.01 });
    });
    this.#numbers = make((end, label) => {
      // What is typed is meant, however coarse the slider's steps are.
      const change = (value: number) => this.#move(end, value, this.#domain.step * FINEST);
      return numberField({ control: `${end}-number`, label, change, signal }, false);
    });
    const { vmin, vmax } = this.#handles;
    const track = h("div", { class: "tokenviz-track" }, this.#fill, vmin.element, vmax.element);
    this.#symmetric = checkbox({
      ...{ control: "symmetric", label: "Symmetric", signal },
      change: (symmetric) => settings.set({ symmetric }),
    });
    this.#fit = button("fit", "Fit to data", {
      press: () => settings.set({ vmin: null, vmax: null }),
      signal,
    });
    const { vmin: low, vmax: high } = this.#numbers;
    this.element = group(
      "Range",
      low.element,
      track,
      high.element,
      this.#symmetric.element,
      this.#fit,
    );
    this.element.classList.add("tokenviz-range");
  }

  update({ state, scale, extent }: ControlView): void {
    this.#range = scale.range;
    this.#domain = this.#reach.domain(state, scale.range, extent.finite);
    const { min, max, step } = this.#domain;
    const { lo, hi, log } = scale.range;
    for (const { end } of ENDS) {
      const { input } = this.#handles[end];
      [input.min, input.max, input.step] = [min, max, step].map(String);
      const value = end === "vmin" ? lo : hi;
      this.#handles[end].show(warped(value, log));
      if (log) input.setAttribute("aria-valuetext", compact(value));
      else input.removeAttribute("aria-valuetext");
      this.#numbers[end].show(value);
    }
    this.#symmetric.show(state.symmetric);
    this.#fit.disabled = extent.finite === null; // nothing to fit to: the range stays
    const { style } = this.#fill;
    const share = (value: number) => `${(100 * (warped(value, log) - min)) / (max - min)}%`;
    if (scale.table !== this.#table) {
      this.#table = scale.table;
      style.background = tableGradient(scale.table);
    }
    style.left = share(lo);
    style.right = `calc(100% - ${share(hi)})`;
  }

  #move(end: End, value: number, smallest: number): void {
    const { symmetric, center } = this.#settings.state;
    this.#settings.set(moveEnd(this.#range, end, value, { symmetric, center, smallest }));
  }
}
