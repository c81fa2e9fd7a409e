/** What is known of all labels of a heatmap, measured once: none of it changes with the layout. */

import { font, SIZE } from "../canvas/fonts.ts";
import { LabelFitter } from "../canvas/label.ts";
import type { TextMeasure } from "../canvas/text.ts";
import type { TokenTable } from "../data/tokens.ts";

/** Of more labels than this, only those with the most characters are measured. */
const MEASURED = 1000;

export interface Labelling {
  rows: LabelFitter;
  columns: LabelFitter;
  /** Widths of the widest label of each side, on one line. */
  widestRow: number;
  widestColumn: number;
}

export function labelling(rows: TokenTable, columns: TokenTable, measure: TextMeasure): Labelling {
  const fitters = {
    rows: new LabelFitter(rows, measure, true),
    columns: new LabelFitter(columns, measure, true),
  };
  const columnWidth = (index: number) =>
    columns.kind[index] === "expression"
      ? measure.width(columns.label[index], font(SIZE))
      : fitters.columns.naturalWidth(index);
  return {
    ...fitters,
    widestRow: widest(rows.label, (index) => fitters.rows.naturalWidth(index)),
    widestColumn: widest(columns.label, columnWidth),
  };
}

function widest(labels: readonly string[], width: (index: number) => number): number {
  let most = 0;
  for (const index of longest(labels)) most = Math.max(most, width(index));
  return most;
}

/** The indices of all labels, or of about so many with the most characters. */
function longest(labels: readonly string[]): number[] {
  const all = Array.from(labels, (_, index) => index);
  if (labels.length <= MEASURED) return all;
  return all.sort((a, b) => labels[b].length - labels[a].length).slice(0, MEASURED);
}
