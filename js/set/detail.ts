/** The row that is open: where it stands, steps to its neighbours, its note, its figure. */

import { h, uniqueId } from "../dom.ts";

/** Pixels of an open row that are too few to see anything. */
const LITTLE = 200;
/** Characters of a prompt that are seen before it is opened, where there is room. */
const BEGINNING = 400;

export interface DetailOptions {
  step: (by: number) => void;
  close: () => void;
  mark: () => void;
  /** Puts the explorer in the figure's place, or takes it away; null where there is no model. */
  explore: (() => void) | null;
  note: (text: string) => void;
  signal: AbortSignal;
}

export interface Standing {
  key: string;
  /** Undefined where the table does not show the row. */
  place: number | undefined;
  total: number;
  marked: boolean;
  note: string;
  said: string | null;
  prompt: string | null;
}

export class Detail {
  readonly element: HTMLElement;
  readonly #previous: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  readonly #mark: HTMLButtonElement;
  readonly #where = h("span", { class: "tokenviz-set-where" });
  readonly #key = h("span", { class: "tokenviz-set-key" });
  readonly #note: HTMLInputElement;
  readonly #said = h("p", { class: "tokenviz-set-said" });
  readonly #prompt = h("details", { class: "tokenviz-set-prompt" });
  readonly #begins = h("span", { class: "tokenviz-set-value" });
  readonly #whole = h("div", {
    ...{ class: "tokenviz-set-whole", role: "group", tabindex: 0, "aria-label": "Prompt" },
  });
  readonly #figure = h("div", { class: "tokenviz-set-figure" });
  readonly #explorer = h("div", { class: "tokenviz-set-explorer" });
  readonly #explore: HTMLButtonElement;

  constructor({ step, close, mark, explore, note, signal }: DetailOptions) {
    const until = { signal };
    const button = (control: string, text: string, press: () => void) => {
      const attributes = { type: "button", class: "tokenviz-set-button" };
      const made = h("button", { ...attributes, "data-tokenviz-control": control }, text);
      made.addEventListener("click", press, until);
      return made;
    };
    this.#previous = button("previous-row", "‹ Previous", () => step(-1));
    this.#next = button("next-row", "Next ›", () => step(1));
    this.#mark = button("mark-row", "Mark", mark);
    this.#explore = button("explore-row", "Explore", () => explore?.());
    this.#explorer.hidden = true;
    this.#note = h("input", {
      ...{ type: "text", "data-tokenviz-control": "note", maxlength: 10000 },
      placeholder: "Note",
      "aria-label": "Note on this row",
    });
    this.#note.addEventListener("change", () => note(this.#note.value), until);
    this.#prompt.append(h("summary", {}, h("span", {}, "Prompt"), this.#begins), this.#whole);
    const id = uniqueId("opened");
    this.#key.id = id;
    this.element = h(
      "div",
      { class: "tokenviz-set-detail", role: "group", "aria-labelledby": id },
      h(
        "div",
        { class: "tokenviz-set-line" },
        h("span", { class: "tokenviz-set-steps" }, this.#previous, this.#next),
        this.#where,
        this.#key,
        h(
          "span",
          { class: "tokenviz-set-own" },
          this.#note,
          this.#mark,
          ...(explore === null ? [] : [this.#explore]),
          button("close-row", "Close", close),
        ),
      ),
      this.#said,
      this.#prompt,
      this.#figure,
      this.#explorer,
    );
    this.element.hidden = true;
  }

  hold(figure: Element): void {
    this.#figure.append(figure);
  }

  show({ key, place, total, marked, note, said, prompt }: Standing): void {
    this.element.hidden = false;
    const row =
      place === undefined
        ? "not among the rows shown"
        : `${(place + 1).toLocaleString("en")} of ${total.toLocaleString("en")}`;
    this.#where.textContent = row;
    this.#key.textContent = key;
    this.#previous.setAttribute("aria-disabled", String(place === 0));
    this.#next.setAttribute("aria-disabled", String(place === total - 1 || total === 0));
    this.#mark.setAttribute("aria-pressed", String(marked));
    this.#mark.textContent = marked ? "Marked" : "Mark";
    if (this.#note.value !== note) this.#note.value = note;
    this.#said.textContent = said ?? "";
    this.#said.hidden = said === null;
    this.#prompt.hidden = prompt === null;
    if (this.#whole.textContent !== (prompt ?? "")) {
      this.#whole.textContent = prompt ?? "";
      this.#begins.textContent = (prompt ?? "").slice(0, BEGINNING).replaceAll(/\s+/g, " ");
    }
  }

  /** Shows an explorer in the figure's place, or with null the figure. */
  host(explorer: Element | null): void {
    this.#explorer.replaceChildren(...(explorer === null ? [] : [explorer]));
    this.#explorer.hidden = explorer === null;
    // It keeps its width: a figure that has none does not lay out the rows that come meanwhile.
    this.#figure.classList.toggle("tokenviz-set-away", explorer !== null);
  }

  set exploring(exploring: boolean) {
    this.#explore.setAttribute("aria-pressed", String(exploring));
  }

  /** Brings the figure into view where little of it is seen. */
  intoView(): void {
    const { top } = this.element.getBoundingClientRect();
    if (top > innerHeight - LITTLE) this.element.scrollIntoView({ block: "center" });
  }

  /** Before a row is laid out, which needs a width. */
  unhide(): void {
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
  }

  focusNote(): void {
    this.#note.focus();
    this.element.scrollIntoView({ block: "nearest" });
  }
}
