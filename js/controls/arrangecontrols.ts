/** The order of a heatmap's rows and columns, and which of them are shown. */

import type { Order } from "../data/arrange.ts";
import type { TokenTable } from "../data/tokens.ts";
import { h } from "../dom.ts";
import type { HeatmapState } from "../state/state.ts";
import type { Control, ControlView, Settings } from "./control.ts";
import { button, type Choice, checkbox, type Field, group, numberField, select } from "./fields.ts";

/** Entries of a menu or a list: of longer ones, the first, and those in use. */
const MOST_ENTRIES = 500;

export class ArrangeControls implements Control {
  readonly element: HTMLElement;
  readonly #settings: Settings;
  readonly #signal: AbortSignal;
  readonly #rowOrder: ReturnType<typeof select>;
  readonly #columnOrder: ReturnType<typeof select>;
  readonly #topRows: Field<number>;
  readonly #summary = h("summary", { "data-tokenviz-control": "columns" });
  readonly #list = h("div", { class: "tokenviz-columns-list" });
  readonly #details = h("details", { class: "tokenviz-columns" }, this.#summary, this.#list);
  #boxes: { index: number; field: Field<boolean> }[] = [];
  /** Ends the boxes of the data before. */
  #listed = new AbortController();
  #of: HeatmapState["data"] | null = null;
  #choices: Record<"rows" | "columns", Choice[]> = { rows: [], columns: [] };

  constructor(settings: Settings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
    const set = (patch: Partial<HeatmapState>) => settings.set(patch as never);
    this.#rowOrder = select({
      ...{ control: "row_order", label: "Order of rows", signal },
      change: (order) => set({ row_order: toOrder(order) }),
    });
    this.#topRows = numberField({
      ...{ control: "top_rows", label: "at most", min: 1, step: 1, signal },
      change: (count) => set({ top_rows: count >= this.#state.data.shape[0] ? null : count }),
    });
    this.#columnOrder = select({
      ...{ control: "column_order", label: "Order of columns", signal },
      change: (order) => set({ column_order: toOrder(order) }),
    });
    const all = button("all_columns", "All", {
      ...{ title: "Show all columns", signal },
      press: () => set({ hidden_columns: [] }),
    });
    this.#details.addEventListener("toggle", () => this.#fill(), { signal });
    this.#details.append(all);
    this.element = h(
      "div",
      { class: "tokenviz-groups" },
      group("Rows", this.#rowOrder.element, this.#topRows.element),
      group("Columns", this.#columnOrder.element, this.#details),
    );
  }

  get #state(): HeatmapState {
    return this.#settings.state as unknown as HeatmapState;
  }

  update({ state }: ControlView): void {
    const { data, row_order, column_order, top_rows, hidden_columns } = state as HeatmapState;
    // What stays with a kernel is shown as it is.
    this.element.hidden = data.tiles !== undefined;
    if (data !== this.#of) {
      this.#of = data;
      this.#choices = {
        rows: choices(data.columns, row_order),
        columns: choices(data.rows, column_order),
      };
      this.#topRows.input.max = String(data.shape[0]);
      this.#clear();
    }
    this.#rowOrder.show(
      String(row_order),
      withCurrent(this.#choices.rows, data.columns, row_order),
    );
    this.#columnOrder.show(
      String(column_order),
      withCurrent(this.#choices.columns, data.rows, column_order),
    );
    this.#topRows.show(Math.min(top_rows ?? data.shape[0], data.shape[0]));
    const count = data.columns.label.length;
    this.#summary.textContent = `${count - hidden_columns.length} of ${count} shown`;
    this.#fill();
    const hidden = new Set(hidden_columns);
    for (const { index, field } of this.#boxes) {
      field.show(!hidden.has(index));
      field.input.disabled = !hidden.has(index) && count - hidden.size === 1;
    }
  }

  /** A list that is closed holds nothing. */
  #fill(): void {
    if (!this.#details.open || this.#boxes.length > 0) return;
    const { columns } = this.#state.data;
    const hidden = new Set(this.#state.hidden_columns);
    this.#listed = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#listed.signal]);
    this.#boxes = columns.label.slice(0, MOST_ENTRIES).map((label, index) => {
      const field = checkbox({
        ...{ control: "column", label, signal },
        change: (shown) => this.#toggle(index, shown),
      });
      field.show(!hidden.has(index));
      return { index, field };
    });
    this.#list.replaceChildren(...this.#boxes.map(({ field }) => field.element));
  }

  #clear(): void {
    this.#listed.abort();
    this.#boxes = [];
    this.#list.replaceChildren();
  }

  #toggle(index: number, shown: boolean): void {
    const others = this.#state.hidden_columns.filter((each) => each !== index);
    const hidden_columns = shown ? others : [...others, index].sort((a, b) => a - b);
    this.#settings.set({ hidden_columns } as never);
  }
}

function toOrder(value: string): Order {
  return value === "original" || value === "magnitude" ? value : Number(value);
}

function choices({ label }: TokenTable, order: Order): Choice[] {
  const entries = label.slice(0, MOST_ENTRIES).map((text, index) => choice(text, index));
  return withCurrent(
    [
      { value: "original", label: "original order" },
      { value: "magnitude", label: "by sum of magnitudes" },
      ...entries,
    ],
    { label },
    order,
  );
}

/** The same list, unless the order in use is not in it. */
function withCurrent(all: Choice[], { label }: Pick<TokenTable, "label">, order: Order): Choice[] {
  if (typeof order !== "number" || order < MOST_ENTRIES || order >= label.length) return all;
  return [...all, choice(label[order], order)];
}

function choice(label: string, index: number): Choice {
  return { value: String(index), label: `by ${index + 1}: ${label}` };
}
