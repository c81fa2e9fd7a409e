/**
 * What dragging on the colour bar does to the range: pure arithmetic.
 *
 * The bar always spans the range, so it would move under the hand that drags it. Therefore the
 * place of every value is held as it was when the drag began, and what the bar shows meanwhile is
 * that span, stretched where an end leaves it; on release it closes in on the new range.
 */

import { type End, type MoveOptions, moveEnd, tidy } from "../controls/range.ts";

export interface Span {
  lo: number;
  hi: number;
}

/** Where values are on the bar: `lo` at the pixel `bottom`, `hi` at `top`. */
export interface Place extends Span {
  top: number;
  bottom: number;
}

/** Around an end, the pixels that take hold of it: with a pointer, and with a finger. */
const GRIP = 8;
const FINGER_GRIP = 18;
/** A drag shorter than this is a click. */
const CLICK = 4;

export function pixelOf(value: number, { lo, hi, top, bottom }: Place): number {
  return bottom - ((value - lo) / (hi - lo)) * (bottom - top);
}

export function valueAt(pixel: number, { lo, hi, top, bottom }: Place): number {
  return lo + ((bottom - pixel) / (bottom - top)) * (hi - lo);
}

/** Which end a pixel takes hold of, or null between them. */
export function gripped(pixel: number, { top, bottom }: Place, touched = false): End | null {
  const grip = touched ? FINGER_GRIP : GRIP;
  const [fromTop, fromBottom] = [Math.abs(pixel - top), Math.abs(pixel - bottom)];
  if (pixel <= top + grip && fromTop <= fromBottom) return "vmax";
  return pixel >= bottom - grip ? "vmin" : null;
}

export interface Drag {
  /** As the drag found the bar. */
  place: Place;
  from: number;
  /** The end that is dragged; null draws a new range. */
  end: End | null;
}

/** The ends when the pointer has come to a pixel; null while it is no drag yet. */
export function dragged(
  { place, from, end }: Drag,
  to: number,
  { symmetric, center }: Omit<MoveOptions, "smallest">,
): { vmin: number; vmax: number } | null {
  const unit = (place.hi - place.lo) / (place.bottom - place.top);
  const options = { symmetric, center, smallest: unit };
  if (end !== null) {
    // The distance, not the place: an end that is taken hold of beside its middle does not jump.
    const value = (end === "vmax" ? place.hi : place.lo) + (from - to) * unit;
    return rounded(moveEnd(place, end, value, options), unit);
  }
  if (Math.abs(to - from) < CLICK) return null;
  const [a, b] = [valueAt(from, place), valueAt(to, place)];
  const [vmin, vmax] = [Math.min(a, b), Math.max(a, b)];
  if (!symmetric) return rounded({ vmin, vmax }, unit);
  const middle = center ?? (place.lo <= 0 && place.hi >= 0 ? 0 : (place.lo + place.hi) / 2);
  const reach = Math.max(Math.abs(vmin - middle), Math.abs(vmax - middle));
  return rounded(moveEnd(place, "vmax", middle + reach, options), unit);
}

/** What the bar shows while it is dragged. */
export function shownSpan(place: Place, { lo, hi }: Span): Span {
  return { lo: Math.min(place.lo, lo), hi: Math.max(place.hi, hi) };
}

/** No more digits than a pixel tells apart. */
function rounded({ vmin, vmax }: { vmin: number; vmax: number }, unit: number) {
  const step = 10 ** Math.floor(Math.log10(unit));
  const round = (v: number) => tidy(Math.round(v / step) * step);
  return { vmin: round(vmin), vmax: round(vmax) };
}
