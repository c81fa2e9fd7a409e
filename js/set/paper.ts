/** The table on paper: its first rows one below the other, where the screen shows those in view. */

import type { ColorScale } from "../color/scale.ts";
import { h } from "../dom.ts";
import type { Column } from "./head.ts";
import type { Row } from "./pages.ts";
import { paintStrip } from "./strip.ts";
import { written } from "./written.ts";

/** Rows that are printed at most: three or four sheets. */
export const PRINTED = 96;
/** Columns that a sheet has room for. */
const COLUMNS = 6;
const STRIP = { width: 240, height: 6, ratio: 2 };

export interface Printed {
  rows: readonly Row[];
  total: number;
  columns: readonly Column[];
  scale: ColorScale | null;
  marked: (key: string) => boolean;
  note: (key: string) => string | null;
}

export function paper({ rows, total, columns, scale, marked, note }: Printed): HTMLElement {
  const some = columns.slice(0, COLUMNS);
  const lines = rows.map((row) => {
    const canvas = h("canvas", { class: "tokenviz-set-strip" });
    if (scale !== null) paintStrip(canvas, row.strip, scale, STRIP.ratio, STRIP);
    const said = note(row.key);
    const cells = some.map(({ name, kind }) => {
      const spot = row.spots(name);
      const token = spot === null ? [] : [h("span", { class: "tokenviz-set-token" }, spot[1])];
      return h("td", { class: `tokenviz-set-${kind}` }, written(row.values(name)), ...token);
    });
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h("bdi", {}, `${marked(row.key) ? "☑ " : ""}${row.key}`),
        ...(said === null ? [] : [h("span", { class: "tokenviz-set-token" }, `✎ ${said}`)]),
      ),
      h("td", {}, h("span", { class: "tokenviz-set-words" }, row.text ?? ""), canvas),
      ...cells,
    );
  });
  const count = rows.length === total ? `${total}` : `The first ${rows.length} of ${total}`;
  const left = columns.length - some.length;
  const others = left === 0 ? "" : `; ${left} more columns are not printed`;
  const heads = ["row", "text", ...some.map(({ label }) => label)];
  return h(
    "table",
    { class: "tokenviz-set-paper", "aria-hidden": "true" },
    h("caption", {}, `${count} rows${others}`),
    h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...lines),
  );
}
