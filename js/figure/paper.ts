/**
 * A figure on paper: all of it, where the screen shows a part.
 *
 * Just before the browser prints, the drawing is laid out for a sheet's width and painted in pieces
 * that no sheet is too small for, cut between rows. What is pinned is repeated in each. Columns that
 * find no room go on below.
 */

import { cleared } from "../canvas/clear.ts";
import type { Rect } from "../canvas/geometry.ts";
import { h } from "../dom.ts";
import type { Drawing } from "./drawing.ts";

/** What a sheet of A4 or Letter surely has across, the colour bar included. */
export const SHEET_WIDTH = 680;
/** What any sheet has down: one piece holds a drawing that is no taller. */
const SHEET_HEIGHT = 640;
/** The height of a piece of a taller one, without headers; with them two stand on a sheet. */
const PIECE = 160;
const PIECE_WITH_HEADERS = 450;
const LEAST_BELOW_HEADERS = 200;
/** Height of all pieces at most, about a hundred sheets: more would take the browser's memory. */
const MOST = 90_000;
/** Bitmaps up to this height in all are as fine as print; more are as fine as a screen. */
const FINE = 12_000;

export interface PaperOptions {
  drawing: Pick<Drawing<never>, "cut" | "pinned" | "describeView">;
  /** Of the content, as it was laid out for `width`. */
  content: { width: number; height: number };
  width: number;
  /** Paints a part of the content into a context that is ready for it. */
  paint: (ctx: CanvasRenderingContext2D, part: Rect) => void;
}

/** The pieces, top to bottom, and a line that says what is missing, if anything is. */
export function paper({ drawing, content, width, paint }: PaperOptions): HTMLElement {
  const { left, top } = drawing.pinned ?? { left: 0, top: 0 };
  const across = stretches(left, content.width, width - left, (x) => drawing.cut(x, 0).x);
  const most = MOST / across.length;
  const cut = (y: number) => drawing.cut(0, y).y;
  const height = content.height > most ? cut(most) : content.height;
  let room = top > 0 ? Math.max(LEAST_BELOW_HEADERS, PIECE_WITH_HEADERS - top) : PIECE;
  if (height <= SHEET_HEIGHT) room = height;
  const down = stretches(top, height, room, cut);
  const ratio = height * across.length > FINE ? 1 : 2;
  const element = h("div", { class: "tokenviz-paper", "aria-hidden": "true" });
  for (const [x0, x1] of across) {
    for (const [y0, y1] of down) {
      const part = { x: x0 - left, y: y0 - top, width: left + x1 - x0, height: top + y1 - y0 };
      const canvas = h("canvas");
      const ctx = cleared(canvas, part.width, part.height, ratio);
      ctx.translate(-part.x, -part.y);
      paint(ctx, part);
      element.append(canvas);
    }
  }
  if (height < content.height) {
    const seen = drawing.describeView?.({ x: 0, y: top, width, height: height - top - 1 });
    const share = `${Math.round((100 * height) / content.height)} %`;
    element.append(h("p", {}, `Printed up to here: ${seen ?? share}`));
  }
  return element;
}

/** From start to end in pieces that fill the room they have, cut where it is allowed. */
function stretches(
  start: number,
  end: number,
  room: number,
  cut: (place: number) => number,
): [number, number][] {
  const pieces: [number, number][] = [];
  let from = start;
  while (from < end) {
    let to = from;
    for (let reach = room; to <= from; reach += room) {
      to = from + reach >= end ? end : cut(from + reach);
    }
    pieces.push([from, to]);
    from = to;
  }
  return pieces;
}

/** Calls when the browser is about to print, or shows the page as if, and when it is done. */
export function watchPrint(before: () => void, after: () => void, signal: AbortSignal): void {
  window.addEventListener("beforeprint", before, { signal });
  window.addEventListener("afterprint", after, { signal });
  const print = matchMedia("print");
  print.addEventListener("change", () => (print.matches ? before() : after()), { signal });
}
