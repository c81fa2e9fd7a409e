/** What is known of all labels of a heatmap, measured once: none of it changes with the layout. */

import { font, SIZE } from "../canvas/fonts.ts";
import { LabelFitter } from "../canvas/label.ts";
import type { TextMeasure } from "../canvas/text.ts";
import type { TokenTable } from "../state.ts";

/** How many labels are measured: of more, an even sample. A wider one is cut when it is seen. */
const SAMPLE = 2000;

export interface Labelling {
  rows: LabelFitter;
  columns: LabelFitter;
  /** Widths of the widest label of each side, on one line. */
  widestRow: number;
  widestColumn: number;
}

export function labelling(rows: TokenTable, columns: TokenTable, measure: TextMeasure): Labelling {
  const fitters = {
    rows: new LabelFitter(rows, measure),
    columns: new LabelFitter(columns, measure),
  };
  const columnWidth = (index: number) =>
    columns.kind[index] === "expression"
      ? measure.width(columns.label[index], font(SIZE))
      : fitters.columns.naturalWidth(index);
  return {
    ...fitters,
    widestRow: widest(rows.label.length, (index) => fitters.rows.naturalWidth(index)),
    widestColumn: widest(columns.label.length, columnWidth),
  };
}

function widest(count: number, width: (index: number) => number): number {
  const every = Math.ceil(count / SAMPLE);
  let most = 0;
  for (let i = 0; i < count; i += every) most = Math.max(most, width(i));
  return most;
}
