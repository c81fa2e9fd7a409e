/** What bends the scale between its two ends: the centre and gamma. */

import { h } from "../dom.ts";
import type { Control, ControlView, Settings } from "./control.ts";
import { checkbox, type Field, group, numberField, slider } from "./fields.ts";

const LARGEST_GAMMA = 3;

export class ScaleControls implements Control {
  readonly element: HTMLElement;
  readonly #hasCenter: Field<boolean>;
  readonly #center: Field<number>;
  readonly #gamma: Field<number>;
  readonly #gammaNumber: Field<number>;
  readonly #log: Field<boolean>;
  /** The centre to come back to when it is switched on again. */
  #lastCenter = 0;

  constructor(settings: Settings, signal: AbortSignal) {
    this.#hasCenter = checkbox({
      ...{ control: "center-on", label: "at", signal },
      change: (on) => settings.set({ center: on ? this.#lastCenter : null }),
    });
    this.#center = numberField(
      {
        ...{ control: "center", label: "Value at the middle colour", signal },
        change: (center) => settings.set({ center }),
      },
      false,
    );
    const gamma = {
      ...{ label: "Gamma", min: 0.1, max: LARGEST_GAMMA, step: 0.05, signal },
      change: (value: number) => settings.set({ gamma: value }),
    };
    this.#gamma = slider({ ...gamma, control: "gamma" });
    this.#gammaNumber = numberField(
      { ...gamma, control: "gamma-number", min: 0.01, max: 100, step: "any" },
      false,
    );
    this.#log = checkbox({
      ...{ control: "norm", label: "Logarithmic", signal },
      change: (log) => settings.set({ norm: log ? "log" : "linear" }),
    });
    this.element = h(
      "div",
      { class: "tokenviz-groups" },
      group("Scale", this.#log.element),
      group("Centre", this.#hasCenter.element, this.#center.element),
      group("Gamma", this.#gamma.element, this.#gammaNumber.element),
    );
  }

  update({ state: { center, gamma, norm } }: ControlView): void {
    this.#log.show(norm === "log");
    if (center !== null) this.#lastCenter = center;
    this.#hasCenter.show(center !== null);
    this.#center.input.disabled = center === null;
    this.#center.show(center ?? this.#lastCenter);
    this.#gamma.show(gamma);
    this.#gammaNumber.show(gamma);
  }
}
