/**
 * Everything about one cell, beside it, also when the page is scrolled under a resting pointer or
 * cursor; gone while the cell is out of sight.
 *
 * Shown in the browser's top layer, so that no scrolled ancestor cuts it and nothing is appended
 * to the document's body. A cell is no element, so an empty one lies over it and is the anchor.
 */

import { scaleOf, toOwn } from "../canvas/space.ts";
import { anchorTo, settle } from "../controls/anchor.ts";
import { h } from "../dom.ts";
import type { Fact } from "./drawing.ts";

export interface TooltipContent {
  /** CSS colour of the cell. */
  swatch: string | null;
  facts: readonly Fact[];
}

export class Tooltip {
  readonly element: HTMLDivElement;
  /** Lies over the cell; it belongs into the figure's root. */
  readonly anchor = h("div", { class: "tokenviz-anchor" });
  readonly #list: HTMLDListElement;

  constructor() {
    this.#list = h("dl");
    // A pointer's aid only: the live region says the same to a screen reader.
    this.element = h(
      "div",
      { class: "tokenviz-tooltip", popover: "manual", "aria-hidden": "true" },
      this.#list,
    );
    anchorTo(this.element, this.anchor);
  }

  get open(): boolean {
    return this.element.matches(":popover-open");
  }

  show({ swatch, facts }: TooltipContent): void {
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
    if (!this.open) this.element.showPopover();
  }

  /** Puts the anchor over a cell, as much of it as can be seen; client coordinates. */
  follow(cell: DOMRect, seen: DOMRect): void {
    const root = this.anchor.parentElement as HTMLElement;
    const [x0, x1] = [Math.max(cell.left, seen.left), Math.min(cell.right, seen.right)];
    const [y0, y1] = [Math.max(cell.top, seen.top), Math.min(cell.bottom, seen.bottom)];
    this.element.style.visibility = x1 < x0 || y1 < y0 ? "hidden" : "";
    const { style } = this.anchor;
    const by = scaleOf(root);
    const { x, y } = toOwn(root, { x: x0, y: y0 });
    style.left = `${x - root.clientLeft}px`;
    style.top = `${y - root.clientTop}px`;
    style.width = `${Math.max(0, x1 - x0) / by.x}px`;
    style.height = `${Math.max(0, y1 - y0) / by.y}px`;
    settle(this.element, this.anchor, "above");
  }

  hide(): void {
    if (this.open) this.element.hidePopover();
  }
}
