/**
 * The row of small buttons at a figure's upper right.
 *
 * One stop of the Tab key, as toolbars are; the arrows, Home and End move inside it. Whoever adds a
 * button says where it stands: the order is that of the numbers.
 */

import { h } from "../dom.ts";

/** Where buttons stand, from left to right. */
export const PLACE = { live: 0, search: 10, zoom: 20, help: 80, controls: 90 } as const;

export class Toolbar {
  readonly element = h("div", {
    class: "tokenviz-toolbar",
    role: "toolbar",
    "aria-label": "Figure tools",
  });
  readonly #orders = new Map<Element, number>();

  constructor(signal: AbortSignal) {
    this.element.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.element.addEventListener("focusin", (event) => this.#rove(event.target as Element), {
      signal,
    });
  }

  /** Puts an element (a button, or a group that holds some) before those of a higher order. */
  add(element: HTMLElement, order: number): void {
    const after = [...this.element.children].find((e) => (this.#orders.get(e) ?? 0) > order);
    this.#orders.set(element, order);
    this.element.insertBefore(element, after ?? null);
    this.refresh();
  }

  /** Exactly one button answers to Tab; call it after buttons were shown, hidden or disabled. */
  refresh(): void {
    const buttons = this.#buttons();
    const stop = buttons.find((button) => button.tabIndex === 0) ?? buttons.at(-1);
    if (stop !== undefined) this.#rove(stop);
  }

  #buttons(): HTMLButtonElement[] {
    return [...this.element.querySelectorAll("button")].filter(
      (button) => !button.disabled && button.closest("[hidden]") === null,
    );
  }

  #rove(to: Element): void {
    for (const button of this.element.querySelectorAll("button")) {
      button.tabIndex = button === to ? 0 : -1;
    }
  }

  #key(event: KeyboardEvent): void {
    const buttons = this.#buttons();
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    const to = {
      ArrowLeft: Math.max(0, at - 1),
      ArrowRight: Math.min(buttons.length - 1, at + 1),
      Home: 0,
      End: buttons.length - 1,
    }[event.key];
    if (at < 0 || to === undefined) return;
    buttons[to].focus();
    event.preventDefault();
    event.stopPropagation();
  }
}
