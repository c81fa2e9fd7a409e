/**
 * Everything about one cell, beside it, also when the page is scrolled under a resting pointer or
 * cursor; gone while the cell is out of sight.
 *
 * Shown in the browser's top layer, so that no scrolled ancestor cuts it and nothing is appended
 * to the document's body.
 */

import {
  autoUpdate,
  computePosition,
  flip,
  hide,
  offset,
  shift,
  type VirtualElement,
} from "@floating-ui/dom";
import { h } from "../dom.ts";
import type { Fact } from "./drawing.ts";

export interface TooltipContent {
  /** CSS colour of the cell. */
  swatch: string | null;
  facts: readonly Fact[];
}

export class Tooltip {
  readonly element: HTMLDivElement;
  readonly #list: HTMLDListElement;
  /** Ends following the anchor. */
  #stop = () => {};

  constructor() {
    this.#list = h("dl");
    // A pointer's aid only: the live region says the same to a screen reader.
    this.element = h(
      "div",
      { class: "tokenviz-tooltip", popover: "manual", "aria-hidden": "true" },
      this.#list,
    );
  }

  show({ swatch, facts }: TooltipContent, anchor: VirtualElement): void {
    this.#list.replaceChildren(
      ...facts.flatMap(({ name, value, mono = false }, i) => {
        const detail = h("dd", { class: mono ? "tokenviz-mono" : null }, value);
        if (i === 0 && swatch !== null) {
          const chip = h("span", { class: "tokenviz-swatch" });
          chip.style.background = swatch;
          detail.prepend(chip);
          detail.classList.add("tokenviz-swatched");
        }
        return [h("dt", {}, name), detail];
      }),
    );
    if (!this.element.matches(":popover-open")) this.element.showPopover();
    this.#stop();
    this.#stop = autoUpdate(anchor, this.element, () => void this.#place(anchor), {
      elementResize: false,
      layoutShift: false,
    });
  }

  hide(): void {
    this.#stop();
    if (this.element.matches(":popover-open")) this.element.hidePopover();
  }

  async #place(anchor: VirtualElement): Promise<void> {
    const { x, y, middlewareData } = await computePosition(anchor, this.element, {
      strategy: "fixed",
      placement: "top",
      middleware: [offset(8), flip({ padding: 4 }), shift({ padding: 4 }), hide()],
    });
    const { style } = this.element;
    style.translate = `${Math.round(x)}px ${Math.round(y)}px`;
    style.visibility = middlewareData.hide?.referenceHidden ? "hidden" : "";
  }
}
