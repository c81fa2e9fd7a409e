/** The list of the worst tokens: each in its text, and a press away from its row. */

import { h } from "../dom.ts";
import type { Found } from "./source.ts";
import { written } from "./written.ts";

export interface PlacesOptions {
  go: (place: Found) => void;
  close: () => void;
  signal: AbortSignal;
}

export class PlaceList {
  readonly element = h("div", {
    ...{ class: "tokenviz-set-places", role: "region", "aria-label": "Worst tokens" },
    "data-lm-suppress-shortcuts": "true",
  });
  readonly #options: PlacesOptions;
  readonly #list = h("ol", { class: "tokenviz-set-placelist" });
  readonly #said = h("span", { role: "status" });
  #places: readonly Found[] = [];
  /** The place that the Tab key leads to. */
  #at = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
    const { signal } = options;
    const close = h(
      "button",
      {
        ...{ type: "button", class: "tokenviz-set-button" },
        "data-tokenviz-control": "close-places",
      },
      "Close",
    );
    close.addEventListener("click", () => options.close(), { signal });
    this.element.append(h("div", { class: "tokenviz-set-line" }, this.#said, close), this.#list);
    this.element.hidden = true;
    this.element.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#list.addEventListener(
      "click",
      (event) => {
        const button = (event.target as Element).closest("button");
        const i = button === null ? -1 : this.#buttons.indexOf(button);
        if (i >= 0) this.#go(i);
      },
      { signal },
    );
  }

  get #buttons(): HTMLButtonElement[] {
    return [...this.#list.querySelectorAll("button")];
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  hide(): void {
    this.element.hidden = true;
  }

  /** Says what is waited for, or went wrong. */
  say(text: string): void {
    this.element.hidden = false;
    this.#said.textContent = text;
  }

  show(places: readonly Found[], said: string, color: (value: number) => string | null): void {
    this.#places = places;
    this.#at = 0;
    const items = places.map(({ key, position, value, around }, i) => {
      const [before, token, after] = around ?? ["", "…", ""];
      const swatch = h("span", { class: "tokenviz-set-swatch", "aria-hidden": "true" });
      swatch.style.background = color(value) ?? "none";
      return h(
        "li",
        {},
        h(
          "button",
          { type: "button", tabindex: i === 0 ? 0 : -1, title: `${key}, token ${position + 1}` },
          h("span", { class: "tokenviz-set-placevalue" }, swatch, written(value)),
          h(
            "span",
            { class: "tokenviz-set-context" },
            h("bdi", {}, before),
            h("mark", {}, token),
            h("bdi", {}, after),
          ),
          h("span", { class: "tokenviz-set-placekey" }, key),
        ),
      );
    });
    this.#list.replaceChildren(...items);
    this.say(said);
  }

  focus(): void {
    this.#buttons[this.#at]?.focus();
  }

  #go(i: number): void {
    this.#at = i;
    this.#buttons.forEach((button, j) => {
      button.tabIndex = j === i ? 0 : -1;
      if (j === i) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    this.#options.go(this.#places[i]);
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.#options.close();
      return;
    }
    const buttons = this.#buttons;
    const root = this.element.getRootNode() as Document | ShadowRoot;
    const here = buttons.indexOf(root.activeElement as HTMLButtonElement);
    if (here < 0) return;
    const last = buttons.length - 1;
    const moves: Record<string, number> = {
      ArrowDown: Math.min(last, here + 1),
      ArrowUp: Math.max(0, here - 1),
      Home: 0,
      End: last,
    };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const to = moves[event.key];
    buttons[here].tabIndex = -1;
    buttons[to].tabIndex = 0;
    this.#at = to;
    buttons[to].focus();
  }
}
