/**
 * What a colour says in numbers: the strongest tokens, a bar for each (to the right for, to the left
 * against), and how the numbers came about.
 *
 * Its room is there from the beginning, so that nothing moves when an answer comes.
 */

import { h } from "../dom.ts";

/** Rows that are shown, and that room is kept for. */
export const ROWS = 8;

export interface Row {
  /** Of the whole text. */
  position: number;
  label: string;
  value: number;
  /** The value as it is written. */
  written: string;
  /** Where it stands, in words; and in short, beside it. */
  place: string;
  at: string;
  color: string;
}

export interface Listed {
  heading: string;
  rows: readonly Row[];
  /** How much the strongest value is on the bars. */
  reach: number;
  caption: string;
  /** Is it what was asked before, while the next answer is waited for? */
  old: boolean;
}

export interface AnswerListOptions {
  /** The colour bar of the values, which stands beside the rows. */
  scale: HTMLElement;
  /** A row is pointed at, or with null none any longer. */
  ring: (position: number | null) => void;
  /** A row was chosen. */
  jump: (position: number) => void;
  signal: AbortSignal;
}

export class AnswerList {
  readonly element: HTMLElement;
  readonly #heading = h("div", {
    class: "tokenviz-explorer-heading",
    role: "heading",
    "aria-level": 3,
  });
  readonly #list = h("ol", { class: "tokenviz-explorer-rows" });
  readonly #caption = h("div", { class: "tokenviz-explorer-facts" });
  readonly #buttons: HTMLButtonElement[] = [];
  #rows: readonly Row[] = [];

  constructor({ scale, ring, jump, signal }: AnswerListOptions) {
    for (let i = 0; i < ROWS; i++) {
      const button = h(
        "button",
        { type: "button", class: "tokenviz-explorer-row", tabindex: i === 0 ? 0 : -1 },
        h("span", { class: "tokenviz-explorer-value" }),
        " ",
        h("span", { class: "tokenviz-explorer-bar" }, h("span")),
        h("span", { class: "tokenviz-explorer-token" }),
        " ",
        h("span", { class: "tokenviz-explorer-at" }),
      );
      const on = (name: string, run: () => void) => button.addEventListener(name, run, { signal });
      on("pointerenter", () => ring(this.#rows[i]?.position ?? null));
      on("pointerleave", () => ring(null));
      on("focus", () => ring(this.#rows[i]?.position ?? null));
      on("blur", () => ring(null));
      on("click", () => {
        if (this.#rows[i] !== undefined) jump(this.#rows[i].position);
      });
      this.#buttons.push(button);
      this.#list.append(h("li", {}, button));
    }
    this.#list.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.element = h(
      "section",
      { class: "tokenviz-explorer-answer", role: "group", "aria-label": "What spoke for it" },
      this.#heading,
      h(
        "div",
        { class: "tokenviz-explorer-said" },
        h("div", { class: "tokenviz-explorer-scale" }, scale),
        this.#list,
      ),
      this.#caption,
    );
  }

  show({ heading, rows, reach, caption, old }: Listed): void {
    this.#rows = rows;
    this.#heading.textContent = heading;
    this.#heading.title = heading;
    this.#caption.textContent = caption;
    this.#caption.title = caption;
    this.element.toggleAttribute("data-tokenviz-old", old);
    const within = this.#buttons.findIndex((button) => button.matches(":focus"));
    this.#buttons.forEach((button, i) => {
      const row = rows[i];
      button.disabled = row === undefined;
      const [value, bar, token, at] = button.children as unknown as HTMLElement[];
      value.textContent = row?.written ?? "";
      token.textContent = row?.label ?? "";
      at.textContent = row?.at ?? "";
      const fill = bar.firstElementChild as HTMLElement;
      const share = row === undefined || reach === 0 ? 0 : Math.min(1, Math.abs(row.value) / reach);
      fill.style.width = `${50 * share}%`;
      fill.style.left = row !== undefined && row.value < 0 ? `${50 - 50 * share}%` : "50%";
      fill.style.background = row?.color ?? "";
      bar.hidden = row === undefined;
      // Begins as what is seen, so that it can be called by that.
      button.ariaLabel =
        row === undefined ? null : `${row.written} ${row.label} ${row.at}, ${row.place}`;
      button.title = row === undefined ? "" : `${row.place}: ${row.label} ${row.written}`;
    });
    this.#rove(Math.min(Math.max(0, within), Math.max(0, rows.length - 1)));
  }

  /** One stop of the Tab key. */
  #rove(to: number): void {
    this.#buttons.forEach((button, i) => {
      button.tabIndex = i === to ? 0 : -1;
    });
  }

  #key(event: KeyboardEvent): void {
    const at = this.#buttons.indexOf(event.target as HTMLButtonElement);
    const last = this.#rows.length - 1;
    const to = {
      ArrowDown: Math.min(last, at + 1),
      ArrowUp: Math.max(0, at - 1),
      Home: 0,
      End: last,
    }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#rove(to);
    this.#buttons[to].focus();
  }
}
