/** What opens between the tools and the table: the filter of a column, or which columns there are. */

import { h, uniqueId } from "../dom.ts";
import type { Column } from "./head.ts";
import type { Value } from "./look.ts";
import type { Bars } from "./source.ts";
import { written } from "./written.ts";

export class Panel {
  readonly element = h("div", { class: "tokenviz-set-panel", role: "group" });
  readonly #closed: (column: string | null) => void;
  #of: string | null = null;

  constructor(closed: (column: string | null) => void, signal: AbortSignal) {
    this.#closed = closed;
    this.element.hidden = true;
    this.element.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        this.close();
      },
      { signal },
    );
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  close(): void {
    if (!this.open) return;
    this.element.hidden = true;
    this.#closed(this.#of);
  }

  /** Numbers between which a column is kept. */
  numbers(
    { name, label, unit }: Column,
    [low, high]: readonly [number | null, number | null],
    bars: Bars | null,
    keep: (low: number | null, high: number | null) => void,
  ): void {
    const field = (text: string, value: number | null, hint: number | undefined) => {
      const input = h("input", {
        ...{ type: "number", step: "any", "data-tokenviz-control": `filter-${text}` },
        ...{ value: value === null ? "" : String(value) },
        placeholder: hint === undefined ? null : String(Number(hint.toPrecision(4))),
      });
      return { input, element: h("label", {}, `${text} `, input) };
    };
    const from = field("from", low, bars?.low);
    const to = field("to", high, bars?.high);
    const number = ({ value }: HTMLInputElement) => (value === "" ? null : Number(value));
    const apply = () => keep(number(from.input), number(to.input));
    for (const { input } of [from, to]) input.addEventListener("change", apply);
    const all = h("button", { type: "button", class: "tokenviz-set-button" }, "All");
    all.addEventListener("click", () => {
      from.input.value = "";
      to.input.value = "";
      keep(null, null);
    });
    const said = unit === "" ? label : `${label} (${unit})`;
    this.#show(name, said, from.element, to.element, all);
  }

  /** Values of a column, some of which are kept. */
  values(
    { name, label }: Column,
    values: readonly (readonly [Value, number])[],
    kept: readonly Value[],
    keep: (values: readonly Value[]) => void,
  ): void {
    const chosen = new Set(kept);
    const boxes = values.map(([value, count]) => {
      const box = h("input", { type: "checkbox", checked: chosen.has(value) });
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(value);
        else chosen.delete(value);
        keep([...chosen]);
      });
      const words = h("span", { class: "tokenviz-set-value" }, written(value) || "none");
      const many = h("span", { class: "tokenviz-set-many" }, count.toLocaleString("en"));
      return h("label", {}, box, words, many);
    });
    this.#show(name, label, h("div", { class: "tokenviz-set-choices" }, ...boxes));
  }

  /** Which columns the table has. */
  columns(
    columns: readonly Column[],
    shown: readonly string[],
    show: (names: readonly string[]) => void,
  ): void {
    const chosen = new Set(shown);
    const boxes = columns.map(({ name, label }) => {
      const box = h("input", { type: "checkbox", checked: chosen.has(name) });
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(name);
        else chosen.delete(name);
        // In the order of the set, but for those that were there already.
        const others = columns.map((one) => one.name).filter((one) => !shown.includes(one));
        show([...shown, ...others].filter((one) => chosen.has(one)));
      });
      return h("label", { title: name }, box, h("span", { class: "tokenviz-set-value" }, label));
    });
    this.#show(null, "Columns", h("div", { class: "tokenviz-set-choices" }, ...boxes));
  }

  #show(of: string | null, title: string, ...content: Node[]): void {
    this.#of = of;
    const id = uniqueId("panel");
    const close = h("button", { type: "button", class: "tokenviz-set-button" }, "Close");
    close.addEventListener("click", () => this.close());
    this.element.setAttribute("aria-labelledby", id);
    this.element.replaceChildren(
      h("span", { class: "tokenviz-set-title", id }, title),
      ...content,
      close,
    );
    this.element.hidden = false;
    this.element.querySelector("input")?.focus();
  }
}
