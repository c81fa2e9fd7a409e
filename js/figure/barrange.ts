/**
 * What dragging on the colour bar does to the range: pure arithmetic.
 *
 * The bar always spans the range, so it would move under the hand that drags it. Therefore the
 * place of every value is held as it was when the drag began, and what the bar shows meanwhile is
 * that span, stretched where an end leaves it; on release it closes in on the new range.
 */

import { unwarped, warped } from "../color/norm.ts";
import { type End, type MoveOptions, moveEnd, tidy } from "../controls/range.ts";

export interface Span {
  lo: number;
  hi: number;
  /** Of a logarithmic scale. */
  log?: boolean;
}

/** Where values are on the bar: `lo` at the pixel `bottom`, `hi` at `top`. */
export interface Place extends Span {
  top: number;
  bottom: number;
}

/** Around an end, the pixels that take hold of it: with a pointer, and with a finger. */
export const GRIP = 8;
export const FINGER_GRIP = 18;
/** A drag shorter than this is a click. */
const CLICK = 4;

export function pixelOf(value: number, { lo, hi, top, bottom, log }: Place): number {
  const [at, from, to] = [value, lo, hi].map((end) => warped(end, log));
  return bottom - ((at - from) / (to - from)) * (bottom - top);
}

export function valueAt(pixel: number, place: Place): number {
  const { lo, bottom, log } = place;
  return unwarped(warped(lo, log) + (bottom - pixel) * unitOf(place), log);
}

/** What a pixel is worth, along the scale. */
export function unitOf({ lo, hi, top, bottom, log }: Place): number {
  return (warped(hi, log) - warped(lo, log)) / (bottom - top);
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
  const unit = unitOf(place);
  const options = { symmetric, center, smallest: unit };
  if (end !== null) {
    // The distance, not the place: an end that is taken hold of beside its middle does not jump.
    const value = valueAt(pixelOf(end === "vmax" ? place.hi : place.lo, place) + to - from, place);
    return rounded(moveEnd(place, end, value, options), place);
  }
  if (Math.abs(to - from) < CLICK) return null;
  const [a, b] = [valueAt(from, place), valueAt(to, place)];
  const [vmin, vmax] = [Math.min(a, b), Math.max(a, b)];
  if (!symmetric) return rounded({ vmin, vmax }, place);
  // Whichever end reaches further has its way.
  const [down, up] = [moveEnd(place, "vmin", vmin, options), moveEnd(place, "vmax", vmax, options)];
  return rounded(down.vmax > up.vmax ? down : up, place);
}

/** What the bar shows while it is dragged. */
export function shownSpan(place: Place, { lo, hi, log }: Span): Span {
  return { lo: Math.min(place.lo, lo), hi: Math.max(place.hi, hi), log };
}

/** A value with no more digits than a pixel tells apart. */
export function round(value: number, place: Place): number {
  const step = 10 ** Math.floor(Math.log10(unitOf(place) * (place.log ? value : 1)));
  return tidy(Math.round(value / step) * step);
}

function rounded({ vmin, vmax }: { vmin: number; vmax: number }, place: Place) {
  return { vmin: round(vmin, place), vmax: round(vmax, place) };
}
