/** The tools above the table: search, order, colour, groups, columns, what is marked, and the chips. */

import { h } from "../dom.ts";
import type { Column } from "./head.ts";
import { type Filter, isLargestFirst, type Look, without } from "./look.ts";
import { Ramp } from "./ramp.ts";
import { chipText } from "./written.ts";

const TYPED = 250;

export interface BarOptions {
  columns: readonly Column[];
  channels: readonly { name: string; label: string }[];
  /** Whether conditions can be computed. */
  conditions: boolean;
  change: (look: Look) => void;
  channel: (name: string) => void;
  chooseColumns: () => void;
  showMarked: () => void;
  saveMarked: (as: "jsonl" | "csv") => void;
  worst: () => void;
  signal: AbortSignal;
}

export class Bar {
  readonly element: HTMLElement;
  readonly search: HTMLInputElement;
  readonly columnsButton: HTMLButtonElement;
  readonly #options: BarOptions;
  readonly #sort: HTMLSelectElement;
  readonly #direction: HTMLButtonElement;
  readonly #channel: HTMLSelectElement;
  readonly #group: HTMLSelectElement;
  readonly #marked: HTMLButtonElement;
  readonly #save: HTMLButtonElement;
  readonly #table: HTMLButtonElement;
  readonly #worst: HTMLButtonElement;
  readonly ramp = new Ramp();
  readonly #chips = h("ul", { class: "tokenviz-set-filters", "aria-label": "Filters" });
  readonly #labels: ReadonlyMap<string, string>;
  #look!: Look;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(options: BarOptions) {
    this.#options = options;
    const { columns, channels, change, signal } = options;
    const until = { signal };
    this.#labels = new Map([
      ["key", "key"],
      ...columns.map(({ name, label }): [string, string] => [name, label]),
    ]);
    this.search = h("input", {
      ...{ type: "search", "data-tokenviz-control": "find-rows" },
      ...{ placeholder: "Find in the texts", "aria-label": "Find in the texts" },
    });
    this.search.addEventListener(
      "input",
      () => {
        clearTimeout(this.#typing);
        this.#typing = setTimeout(() => this.#find(), TYPED);
      },
      until,
    );
    this.search.addEventListener("change", () => this.#find(), until);
    signal.addEventListener("abort", () => clearTimeout(this.#typing));
    const named = columns.map(({ name, label }) => ({ name, label }));
    this.#sort = this.#select("sort", [{ name: "", label: "own order" }, ...named], (by) =>
      change({
        ...this.#look,
        sort:
          by === "" ? null : { by, descending: this.#look.sort?.descending ?? isLargestFirst(by) },
      }),
    );
    this.#direction = this.#button("direction", "↑", () => {
      const { sort } = this.#look;
      if (sort !== null) change({ ...this.#look, sort: { ...sort, descending: !sort.descending } });
    });
    this.#channel = this.#select("colour", channels, (name) => options.channel(name));
    this.#group = this.#select("group", [{ name: "", label: "nothing" }, ...named], (by) =>
      change({ ...this.#look, group: by === "" ? null : by }),
    );
    this.columnsButton = this.#button("columns", "Columns", () => options.chooseColumns());
    this.#marked = this.#button("show-marked", "Marked", () => options.showMarked());
    this.#save = this.#button("save-marked", "Save marked", () => options.saveMarked("jsonl"));
    this.#save.title = "Keys, notes and the columns shown, a line of JSON each";
    this.#table = this.#button("save-table", "as CSV", () => options.saveMarked("csv"));
    this.#worst = this.#button("worst", "Worst tokens", () => options.worst());
    this.#worst.setAttribute("aria-pressed", "false");
    const label = (text: string, ...content: Node[]) =>
      h("label", { class: "tokenviz-set-tool" }, h("span", {}, text), ...content);
    const tools = h(
      "div",
      { class: "tokenviz-set-tools" },
      this.search,
      h("span", { class: "tokenviz-set-pair" }, label("Sort by", this.#sort), this.#direction),
      h("span", { class: "tokenviz-set-pair" }, label("Colour", this.#channel), this.ramp.element),
      this.#worst,
      label("Group by", this.#group),
      this.columnsButton,
      h("span", { class: "tokenviz-set-pair" }, this.#marked, this.#save, this.#table),
    );
    if (options.conditions) tools.append(this.#condition(signal));
    this.element = h("div", { class: "tokenviz-set-bar" }, tools, this.#chips);
  }

  show(look: Look, channel: string, marked: number): void {
    this.#look = look;
    // What is being typed is not taken back.
    if (this.#typing === undefined && this.search.value !== look.search) {
      this.search.value = look.search;
    }
    const by = look.sort?.by ?? "";
    choose(this.#sort, by);
    this.#direction.disabled = look.sort === null;
    this.#direction.textContent = look.sort?.descending ? "↓" : "↑";
    this.#direction.ariaLabel = look.sort?.descending
      ? "The largest first; turn around"
      : "The least first; turn around";
    choose(this.#channel, channel);
    choose(this.#group, look.group ?? "");
    const only = look.filters.some((one) => "column" in one && one.column === "key");
    this.#marked.textContent = `Marked (${marked.toLocaleString("en")})`;
    this.#marked.setAttribute("aria-pressed", String(only));
    this.#marked.disabled = marked === 0 && !only;
    this.#save.disabled = marked === 0;
    this.#table.disabled = marked === 0;
    this.#chips.replaceChildren(...look.filters.map((one) => this.#chip(one)));
    if (look.filters.length > 1) {
      const all = this.#button("clear", "Clear all", () =>
        this.#options.change({ ...look, filters: [] }),
      );
      this.#chips.append(h("li", {}, all));
    }
    this.#chips.hidden = look.filters.length === 0;
  }

  listing(listed: boolean): void {
    this.#worst.setAttribute("aria-pressed", String(listed));
  }

  focusWorst(): void {
    this.#worst.focus();
  }

  #chip(filter: Filter): HTMLLIElement {
    const text = chipText(filter, (column) => this.#labels.get(column) ?? column);
    const remove = h(
      "button",
      {
        ...{ type: "button", class: "tokenviz-set-chip", "data-tokenviz-control": "chip" },
        "aria-label": `Take back the filter ${text}`,
      },
      h("span", {}, text),
      h("span", { "aria-hidden": "true" }, "×"),
    );
    const press = () => {
      const at = this.#look.filters.indexOf(filter);
      this.#options.change(without(this.#look, filter));
      // The chip is gone: its neighbour is where the keys go on.
      const chips = this.#chips.querySelectorAll<HTMLElement>("button");
      (chips[Math.min(at, chips.length - 1)] ?? this.search).focus();
    };
    remove.addEventListener("click", press);
    remove.addEventListener("keydown", ({ key }) => {
      if (key === "Delete" || key === "Backspace") press();
    });
    return h("li", {}, remove);
  }

  #find(): void {
    clearTimeout(this.#typing);
    this.#typing = undefined;
    const search = this.search.value;
    if (search !== this.#look.search) this.#options.change({ ...this.#look, search });
  }

  #condition(signal: AbortSignal): HTMLElement {
    const input = h("input", {
      ...{ type: "text", "data-tokenviz-control": "condition", spellcheck: "false" },
      ...{ placeholder: "Condition: n_tokens > 50", "aria-label": "Condition, in SQL" },
    });
    input.addEventListener(
      "keydown",
      ({ key }) => {
        if (key !== "Enter" || input.value.trim() === "") return;
        const filters = [...this.#look.filters, { sql: input.value.trim() }];
        input.value = "";
        this.#options.change({ ...this.#look, filters });
      },
      { signal },
    );
    return input;
  }

  #select(
    control: string,
    options: readonly { name: string; label: string }[],
    change: (value: string) => void,
  ): HTMLSelectElement {
    const made = options.map(({ name, label }) => h("option", { value: name }, label));
    const select = h("select", { "data-tokenviz-control": control }, ...made);
    select.addEventListener("change", () => change(select.value), { signal: this.#options.signal });
    return select;
  }

  #button(control: string, text: string, press: () => void): HTMLButtonElement {
    const attributes = { type: "button", class: "tokenviz-set-button" };
    const button = h("button", { ...attributes, "data-tokenviz-control": control }, text);
    button.addEventListener("click", press, { signal: this.#options.signal });
    return button;
  }
}

/** Chooses an option; one that is not among them (an expression, set from Python) is added. */
function choose(select: HTMLSelectElement, value: string): void {
  if (![...select.options].some((option) => option.value === value)) {
    select.append(h("option", { value }, value));
  }
  select.value = value;
}
