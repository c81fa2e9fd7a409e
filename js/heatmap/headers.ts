/**
 * How column headers are set: on one line, wrapped over the cell's width, or turned upright.
 */

import { font, SIZE } from "../canvas/fonts.ts";
import type { TextMeasure } from "../canvas/text.ts";
import { thinning } from "./thinning.ts";

export type HeaderStyle = "flat" | "wrapped" | "upright";

export const LINE_HEIGHT = 15;
/** Between a header's text and the edges of its column. */
export const SIDE_MARGIN = 4;
/** Between a header and the cells. */
export const FOOT = 7;
const HEAD = 8;
/** Narrower columns turn their headers upright instead of wrapping them. */
const NARROWEST_WRAPPED = 56;
const MOST_LINES = 6;
/** Upright headers may be so high, or take this share of the figure's height. */
const TALLEST = 132;
const TALLEST_SHARE = 1 / 3;
/** Upright headers closer than this would touch: only every k-th is written. */
const PITCH = 14;

export interface Headers {
  style: HeaderStyle;
  height: number;
  /** Every k-th header is written. */
  every: number;
}

/**
 * `widest` is the widest header's width on one line, `lines` what the tallest takes wrapped; beyond
 * the height of the figure it scrolls.
 */
export function headerLayout(
  widest: number,
  lines: number,
  cellWidth: number,
  figureHeight: number,
): Headers {
  if (widest <= cellWidth - 2 * SIDE_MARGIN) {
    return { style: "flat", height: LINE_HEIGHT + FOOT + HEAD, every: 1 };
  }
  if (cellWidth >= NARROWEST_WRAPPED) {
    return { style: "wrapped", height: lines * LINE_HEIGHT + FOOT + HEAD, every: 1 };
  }
  const tallest = Math.max(TALLEST, TALLEST_SHARE * figureHeight);
  const height = Math.ceil(Math.min(widest, tallest)) + FOOT + HEAD;
  return { style: "upright", height, every: thinning(PITCH / cellWidth - 1e-9) };
}

/** Room for an upright header's text. */
export function uprightRoom({ height }: Headers): number {
  return height - FOOT - HEAD;
}

/**
 * The text in lines no wider than `room`, broken at spaces and within words that are longer than a
 * line; what is left over is cut with "…".
 */
export function wrap(text: string, room: number, measure: TextMeasure): string[] {
  const lines: string[] = [];
  const fit = (part: string) => measure.fit(part, font(SIZE), room);
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && measure.width(longer, font(SIZE)) > room) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
    for (let cut = fit(line); cut !== line && cut.length > 1 && lines.length < MOST_LINES; ) {
      lines.push(cut.slice(0, -1));
      line = line.slice(cut.length - 1);
      cut = fit(line);
    }
  }
  lines.push(line);
  if (lines.length > MOST_LINES) {
    lines.splice(MOST_LINES - 1, lines.length, lines.slice(MOST_LINES - 1).join(" "));
  }
  return lines.map(fit);
}
