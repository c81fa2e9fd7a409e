/**
 * Everything about one cell, beside it, also when the page is scrolled under a resting pointer or
 * cursor; gone while the cell is out of sight.
 *
 * Shown in the browser's top layer, so that no scrolled ancestor cuts it and nothing is appended
 * to the document's body.
 */

import { h } from "../dom.ts";
import type { Fact } from "./drawing.ts";
import { isSeen, place, whenMoved } from "./placement.ts";

/** Something in the page that may move: a cell of a canvas, for one. */
export interface Anchor {
  getBoundingClientRect(): DOMRect;
  /** What holds it, and is scrolled with it. */
  contextElement: Element;
}

export interface TooltipContent {
  /** CSS colour of the cell. */
  swatch: string | null;
  facts: readonly Fact[];
}

export class Tooltip {
  readonly element: HTMLDivElement;
  readonly #list: HTMLDListElement;
  /** Ends following the anchor. */
  #moving: AbortController | null = null;

  constructor() {
    this.#list = h("dl");
    // A pointer's aid only: the live region says the same to a screen reader.
    this.element = h(
      "div",
      { class: "tokenviz-tooltip", popover: "manual", "aria-hidden": "true" },
      this.#list,
    );
  }

  show({ swatch, facts }: TooltipContent, anchor: Anchor): void {
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
    this.#moving?.abort();
    this.#moving = new AbortController();
    whenMoved(anchor.contextElement, () => this.#place(anchor), this.#moving.signal);
    this.#place(anchor);
  }

  hide(): void {
    this.#moving?.abort();
    if (this.element.matches(":popover-open")) this.element.hidePopover();
  }

  #place(anchor: Anchor): void {
    const rect = anchor.getBoundingClientRect();
    place(this.element, rect, { side: "above", align: "center", gap: 8 });
    this.element.style.visibility = isSeen(rect, anchor.contextElement) ? "" : "hidden";
  }
}
