/** Statistics of each value of a column; a group that is pressed is what the table shows. */

import { h } from "../dom.ts";
import type { Column } from "./head.ts";
import type { Value } from "./look.ts";
import type { Groups } from "./source.ts";
import { written } from "./written.ts";

export class GroupTable {
  readonly element = h("div", {
    ...{ class: "tokenviz-set-groups", tabindex: 0, role: "region" },
    "data-lm-suppress-shortcuts": "true",
  });
  readonly #keep: (by: string, value: Value) => void;

  constructor(keep: (by: string, value: Value) => void) {
    this.#keep = keep;
    this.element.hidden = true;
  }

  hide(): void {
    this.element.hidden = true;
  }

  show(groups: Groups, by: Column, columns: readonly Column[]): void {
    const shown = columns.filter(({ name }) => Object.hasOwn(groups.columns, name));
    const heads = shown.map(({ label }) => h("th", { scope: "col" }, label));
    const rows = groups.value.map((value, i) => {
      const button = h("button", { type: "button" }, written(value) || "none");
      button.addEventListener("click", () => this.#keep(by.name, value));
      const cells = shown.map(({ name }) => {
        const [mean, least, most] = groups.columns[name].map((values) => written(values[i]));
        return h("td", { title: `from ${least} to ${most}` }, mean);
      });
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, button),
        h("td", {}, written(groups.n[i])),
        ...cells,
      );
    });
    const more = groups.total - rows.length;
    const count = `${groups.total.toLocaleString("en")} groups by ${by.label}, means of each`;
    const text = more > 0 ? `${count}; the first ${rows.length} are listed` : count;
    this.element.ariaLabel = `Groups by ${by.label}`;
    this.element.replaceChildren(
      h(
        "table",
        {},
        h("caption", {}, text),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, by.label),
            h("th", { scope: "col" }, "rows"),
            ...heads,
          ),
        ),
        h("tbody", {}, ...rows),
      ),
    );
    this.element.hidden = false;
  }
}
