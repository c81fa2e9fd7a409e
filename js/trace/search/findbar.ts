/**
 * The bar under the head: find a text, go to a position, walk the improbable tokens.
 *
 * It shows what it is told and says what is asked of it; the search itself is elsewhere.
 */

import { grouped } from "../../color/numbers.ts";
import { icon, toolButton } from "../../controls/toolbutton.ts";
import { h, svg, uniqueId } from "../../dom.ts";

export interface FindBarOptions {
  /** The text was changed. */
  look: (query: string) => void;
  step: (direction: 1 | -1) => void;
  /** A position was asked for, counted from 1. */
  go: (position: number) => void;
  threshold: (value: number) => void;
  surprise: (direction: 1 | -1) => void;
  close: () => void;
  signal: AbortSignal;
}

export class FindBar {
  readonly element: HTMLDivElement;
  readonly #text: HTMLInputElement;
  readonly #count = h("span", {
    class: "tokenviz-find-count",
    role: "status",
    "data-tokenviz-control": "search-count",
  });
  readonly #position: HTMLInputElement;
  readonly #threshold: HTMLInputElement;
  readonly #under = h("span", {
    class: "tokenviz-find-count",
    role: "status",
    "data-tokenviz-control": "under-count",
  });
  readonly #steps: readonly HTMLButtonElement[];
  readonly #walks: readonly HTMLButtonElement[];

  constructor(options: FindBarOptions) {
    const { look, step, go, threshold, surprise, close, signal } = options;
    this.#text = h("input", {
      ...{ type: "search", class: "tokenviz-text", "aria-label": "Find text" },
      ...{ placeholder: "Find", autocomplete: "off", spellcheck: "false" },
      "data-tokenviz-control": "search-text",
    });
    this.#position = field("goto", { min: 1, step: 1, max: null });
    this.#threshold = field("under", { min: 0, max: 1, step: "any" });
    this.#threshold.value = "0.5";
    const small = (control: string, label: string, path: string, press: () => void) =>
      toolButton({ control, label, icon: icon(svg("path", { d: path })), press, signal });
    this.#steps = [
      small("search-previous", "Previous match", UP, () => step(-1)),
      small("search-next", "Next match", DOWN, () => step(1)),
    ];
    this.#walks = [
      small("under-previous", "Previous token under this probability", UP, () => surprise(-1)),
      small("under-next", "Next token under this probability", DOWN, () => surprise(1)),
    ];
    const part = (label: string, ...children: Node[]) =>
      h("div", { class: "tokenviz-find-part", role: "group", "aria-label": label }, ...children);
    const named = (text: string, input: HTMLInputElement) => {
      const id = uniqueId("field");
      input.id = id;
      return h("label", { for: id }, text);
    };
    this.element = h(
      "div",
      { class: "tokenviz-find", role: "search", "aria-label": "Find in this figure" },
      part("Text", this.#text, this.#count, ...this.#steps),
      part("Position", named("Position", this.#position), this.#position),
      part(
        "Probability",
        ...[named("Probability under", this.#threshold), this.#threshold, this.#under],
        ...this.#walks,
      ),
      small("search-close", "Close", CROSS, close),
    );
    this.element.hidden = true;
    this.#text.addEventListener("input", () => look(this.#text.value), { signal });
    const number = (input: HTMLInputElement, use: (value: number) => void) => {
      if (input.value !== "" && input.checkValidity()) use(input.valueAsNumber);
    };
    this.#position.addEventListener("input", () => number(this.#position, go), { signal });
    this.#threshold.addEventListener("input", () => number(this.#threshold, threshold), { signal });
    this.element.addEventListener(
      "keydown",
      (event) => {
        // What is typed here is no command of the notebook's or of the figure's.
        event.stopPropagation();
        const back = event.shiftKey ? -1 : 1;
        const enter = event.key === "Enter";
        const { target } = event;
        if (event.key === "Escape") close();
        else if (event.key === "F3") step(back);
        else if (enter && target === this.#text) step(back);
        else if (enter && target === this.#position) number(this.#position, go);
        else if (enter && target === this.#threshold) surprise(back);
        else if ((event.ctrlKey || event.metaKey) && event.key === "f") this.focus("text");
        else return;
        event.preventDefault();
      },
      { signal },
    );
  }

  /** Puts the cursor into a field, its content selected so that typing replaces it. */
  focus(field: "text" | "position"): void {
    const input = field === "text" ? this.#text : this.#position;
    input.focus();
    input.select();
  }

  showMatches(query: string, current: number, count: number): void {
    if (this.#text.value !== query) this.#text.value = query;
    if (query === "") this.#count.textContent = "";
    else if (count === 0) this.#count.textContent = "not found";
    else this.#count.textContent = `${grouped(current + 1)} of ${grouped(count)}`;
    this.#text.classList.toggle("tokenviz-missing", query !== "" && count === 0);
    for (const each of this.#steps) each.disabled = count === 0;
  }

  /** How many tokens are under the threshold, and which of them is the current one, if any. */
  showUnder(place: number | null, count: number): void {
    const all = grouped(count);
    this.#under.textContent = place === null ? all : `${grouped(place + 1)} of ${all}`;
    for (const each of this.#walks) each.disabled = count === 0;
  }

  showPosition(position: number | null, positions: number): void {
    this.#position.max = String(positions);
    this.#position.placeholder = `1–${positions}`;
    this.#position.style.width = `${String(positions).length + 7}ch`;
    if (!this.#position.matches(":focus")) this.#position.value = position?.toString() ?? "";
  }
}

const UP = "M4 10l4-4 4 4";
const DOWN = "M4 6l4 4 4-4";
const CROSS = "M4.5 4.5l7 7m0-7l-7 7";

function field(
  control: string,
  range: { min: number; max: number | null; step: number | "any" },
): HTMLInputElement {
  return h("input", {
    ...{ type: "number", class: "tokenviz-number", "data-tokenviz-control": control },
    ...range,
  });
}
