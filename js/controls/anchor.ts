/**
 * Popovers stand beside what they are about.
 *
 * The browser places them and keeps them in place while anything scrolls (CSS anchor positioning:
 * `position-area` in tokenviz.css says where). Where it cannot, they are placed once, here.
 */

import { uniqueId } from "../dom.ts";

/** Between a popover and its anchor, and between a popover and the edges of the window. */
const GAP = 8;
const EDGE = 4;

/** Ties a popover to the element that it stands beside. */
export function anchorTo(popover: HTMLElement, anchor: HTMLElement): void {
  const name = `--${uniqueId("anchor")}`;
  anchor.style.setProperty("anchor-name", name);
  popover.style.setProperty("position-anchor", name);
}

/** Places an open popover where the browser does not. */
export function settle(popover: HTMLElement, anchor: HTMLElement, side: "above" | "below"): void {
  if (CSS.supports("position-area", "top")) return;
  const { left, top, bottom, width } = anchor.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = popover;
  const above = top - GAP - offsetHeight;
  const below = bottom + GAP;
  const fits = side === "above" ? above >= EDGE : below + offsetHeight > innerHeight - EDGE;
  const x = clamp(left + width / 2 - offsetWidth / 2, EDGE, innerWidth - EDGE - offsetWidth);
  popover.style.translate = `${Math.round(x)}px ${Math.round(fits ? above : below)}px`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
