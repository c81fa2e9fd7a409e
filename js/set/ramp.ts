/** A small colour bar: which colours the strips have, and from where to where. */

import { compact } from "../color/numbers.ts";
import type { ColorScale, ResolvedRange } from "../color/scale.ts";
import { h } from "../dom.ts";

const STOPS = 16;

export class Ramp {
  readonly element: HTMLElement;
  readonly #low = h("span");
  readonly #colors = h("span", { class: "tokenviz-set-colors" });
  readonly #high = h("span");

  constructor() {
    this.element = h(
      "span",
      { class: "tokenviz-set-ramp", role: "img" },
      ...[this.#low, this.#colors, this.#high],
    );
  }

  show(scale: ColorScale, { lo, hi, log }: ResolvedRange, why: string): void {
    const at = (share: number) => (log ? lo * (hi / lo) ** share : lo + (hi - lo) * share);
    const colors = Array.from({ length: STOPS + 1 }, (_, i) => scale.css(at(i / STOPS)));
    this.#colors.style.background = `linear-gradient(to right, ${colors.join(", ")})`;
    const [low, high] = [lo, hi].map((end) => compact(end, 3).replace("-", "−"));
    this.#low.textContent = low;
    this.#high.textContent = high;
    this.element.ariaLabel = `Colours from ${low} to ${high}. ${why}`;
    this.element.title = why;
  }
}
