/**
 * One width for all cells, chosen from the labels.
 *
 * There are two wishes: the longest label in full, and all columns in the width there is. With
 * room for both, the longest label decides. With less, cells shrink, but only to where nearly all
 * labels still fit at their smallest size and every probability is whole. Where even that is too
 * wide the figure scrolls, and a figure that scrolls need not be cramped. The choice does not depend on which alternatives are shown just now: moving a
 * threshold must not move the columns.
 */

import type { TraceData } from "../data/trace.ts";
import { PROBABILITY_TOLERANCE } from "./alternatives.ts";
import { COLUMN_GAP, MARGIN } from "./layout.ts";

/** Between a label and either edge of its cell, with room and without. */
const PADDING = 3;
export const LEAST_PADDING = 2;
const NARROWEST_CELL = 36;
const WIDEST_CELL = 110;
/** The share of labels that must fit, whether cramped or scrolling … */
const NEARLY_ALL = 0.95;
/** … but not labels so long that they are better cut. */
const WIDEST_CRAMPED_CELL = 44;
const WIDEST_SCROLLING_CELL = 64;
/** The smallest label size over the preferred one, with the condensing that is allowed. */
const SMALLEST = 0.665;

export interface CellWidthOptions {
  /** Widths of labels at their preferred size, ascending. */
  labelWidths: Float32Array;
  /** Width of the widest probability. */
  valueWidth: number;
  columns: number;
  availableWidth: number;
}

/** Whole pixels, so that cells lie on the device's grid. */
export function cellWidth(options: CellWidthOptions): number {
  const { labelWidths, valueWidth, columns, availableWidth } = options;
  const least = Math.max(NARROWEST_CELL, Math.ceil(valueWidth) + 2 * PADDING);
  const atLeast = (width: number) => Math.max(least, Math.ceil(width));
  const longest = atLeast(Math.min(WIDEST_CELL, (labelWidths.at(-1) ?? 0) + 2 * PADDING));
  const nearly = labelWidths[Math.floor(NEARLY_ALL * (labelWidths.length - 1))] ?? 0;
  const cramped = Math.min(WIDEST_CRAMPED_CELL, nearly * SMALLEST + 2 * LEAST_PADDING);
  const scrolling = Math.min(WIDEST_SCROLLING_CELL, nearly + 2 * PADDING);
  const room = Math.floor((availableWidth - 2 * MARGIN + COLUMN_GAP) / columns) - COLUMN_GAP;
  return room >= atLeast(cramped) ? Math.min(longest, room) : atLeast(scrolling);
}

/** Positions to a row where nobody asked for a number: the most of these that fit. */
const LENGTHS = [20, 15, 10, 5, 4, 3, 2];

/** The longest row of so many positions whose cells all stand in the width there is. */
export function fittingLength(options: Omit<CellWidthOptions, "columns">, positions: number) {
  const fits = (length: number) => {
    const columns = Math.max(1, Math.min(length, positions));
    const pitch = cellWidth({ ...options, columns }) + COLUMN_GAP;
    return 2 * MARGIN + columns * pitch - COLUMN_GAP <= options.availableWidth;
  };
  return LENGTHS.find(fits) ?? 1;
}

/** Positions looked at: enough for a share, and few enough to measure at once. */
const SAMPLED_POSITIONS = 4000;
/** An alternative below this does not widen the columns; the default of `min_probability`. */
const NOTABLE_PROBABILITY = 0.05;

/** The vocabulary indices whose labels the width is for: the path and its notable alternatives. */
export function labelsToFit(data: TraceData, alternativeProbabilities: Float32Array): number[] {
  const stride = Math.ceil(data.index.length / SAMPLED_POSITIONS);
  const indices: number[] = [];
  for (let position = 0; position < data.index.length; position += stride) {
    indices.push(data.index[position]);
    for (let j = data.offsets[position]; j < data.offsets[position + 1]; j++) {
      if (alternativeProbabilities[j] < NOTABLE_PROBABILITY - PROBABILITY_TOLERANCE) break;
      indices.push(data.alternative_index[j]);
    }
  }
  return indices;
}
