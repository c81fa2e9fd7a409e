/** A field of one line beside a token: what is to stand there instead. */

import { toOwn } from "../canvas/space.ts";
import { h } from "../dom.ts";

export interface Typed {
  /** What the field is for, as it says itself. */
  label: string;
  /** What the button says. */
  verb: string;
  /** What stands in it at first, and whether that is selected. */
  text: string;
  selected: boolean;
  /** Where it belongs, in client coordinates: asked again when something scrolls. */
  place: () => DOMRect;
  done: (text: string) => void;
}

const GAP = 4;

export class Typing {
  readonly element = h("form", { class: "tokenviz-explorer-typing", hidden: true });
  readonly #input = h("input", {
    ...{ type: "text", class: "tokenviz-text", "data-tokenviz-control": "typed" },
    ...{ autocomplete: "off", spellcheck: "false" },
  });
  readonly #button = h("button", {
    ...{ type: "submit", class: "tokenviz-push", "data-tokenviz-control": "typed-go" },
  });
  readonly #root: HTMLElement;
  readonly #closed: () => void;
  #typed: Typed | null = null;

  /** `closed` is called when the keys have to go somewhere else. */
  constructor(root: HTMLElement, closed: () => void, signal: AbortSignal) {
    this.#root = root;
    this.#closed = closed;
    this.element.append(this.#input, this.#button);
    this.element.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        const { value } = this.#input;
        const typed = this.#typed;
        if (typed === null || value === "") return;
        this.close();
        typed.done(value);
      },
      { signal },
    );
    this.element.addEventListener(
      "keydown",
      (event) => {
        event.stopPropagation();
        if (event.key === "Escape") this.close();
      },
      { signal },
    );
    root.addEventListener("scroll", () => this.#place(), { signal, capture: true, passive: true });
  }

  get open(): boolean {
    return this.#typed !== null;
  }

  ask(typed: Typed): void {
    this.#typed = typed;
    this.element.hidden = false;
    this.#input.value = typed.text;
    this.#input.ariaLabel = typed.label;
    this.#input.placeholder = typed.label;
    this.#button.textContent = typed.verb;
    this.#place();
    this.#input.focus({ preventScroll: true });
    if (typed.selected) this.#input.select();
    else this.#input.setSelectionRange(typed.text.length, typed.text.length);
  }

  close(): void {
    if (this.#typed === null) return;
    this.#typed = null;
    const within =
      this.element.contains(this.#root.ownerDocument.activeElement) ||
      this.element.matches(":focus-within");
    this.element.hidden = true;
    if (within) this.#closed();
  }

  #place(): void {
    if (this.#typed === null) return;
    const rect = this.#typed.place();
    const { x } = toOwn(this.#root, { x: rect.left, y: rect.top });
    const { y } = toOwn(this.#root, { x: rect.left, y: rect.bottom });
    const most = this.#root.clientWidth - this.element.offsetWidth - GAP;
    this.element.style.left = `${Math.max(GAP, Math.min(x, most))}px`;
    this.element.style.top = `${y + GAP}px`;
  }
}
