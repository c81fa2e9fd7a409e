/**
 * Where something that pops up stands: beside its anchor, inside the window.
 *
 * What pops up is in the browser's top layer and fixed to the window, so its place follows from
 * three rectangles.
 */

import type { Rect } from "./drawing.ts";

type Size = Pick<Rect, "width" | "height">;

export interface PlaceOptions {
  side: "above" | "below";
  /** Which edges, or middles, of the two stand over one another. */
  align: "start" | "center" | "end";
  /** Between the anchor and what pops up. */
  gap: number;
}

/** Kept free at the edges of the window. */
const MARGIN = 4;
const SHARE = { start: 0, center: 0.5, end: 1 };

/**
 * The upper left corner, in whole pixels. The other side is taken where less is cut off there; what
 * still does not fit is moved into the window, its beginning first.
 */
export function placed(
  anchor: Rect,
  size: Size,
  window: Size,
  { side, align, gap }: PlaceOptions,
): { x: number; y: number } {
  const above = anchor.y - gap - size.height;
  const below = anchor.y + anchor.height + gap;
  const cut = { above: MARGIN - above, below: below + size.height + MARGIN - window.height };
  const other = side === "above" ? "below" : "above";
  const chosen = cut[side] > 0 && Math.max(0, cut[other]) < cut[side] ? other : side;
  const x = anchor.x + SHARE[align] * (anchor.width - size.width);
  const inside = (at: number, length: number, room: number) =>
    Math.round(Math.max(MARGIN, Math.min(at, room - length - MARGIN)));
  return {
    x: inside(x, size.width, window.width),
    y: inside(chosen === "above" ? above : below, size.height, window.height),
  };
}

/** Puts an open popover beside its anchor. */
export function place(popover: HTMLElement, anchor: Rect, options: PlaceOptions): void {
  const { clientWidth: width, clientHeight: height } = popover.ownerDocument.documentElement;
  const { x, y } = placed(anchor, popover.getBoundingClientRect(), { width, height }, options);
  popover.style.translate = `${x}px ${y}px`;
}

/** Does any of a rectangle inside an element show, or do the element's ancestors cut it all off? */
export function isSeen({ left, right, top, bottom }: DOMRect, within: Element): boolean {
  const { clientWidth, clientHeight } = within.ownerDocument.documentElement;
  let seen = { left: 0, right: clientWidth, top: 0, bottom: clientHeight };
  for (let element: Element | null = within; element !== null; element = parent(element)) {
    const { overflowX, overflowY } = getComputedStyle(element);
    if (overflowX === "visible" && overflowY === "visible") continue;
    // What the page itself cuts off is outside the window.
    if (element === within.ownerDocument.documentElement || element === within.ownerDocument.body) {
      continue;
    }
    const box = element.getBoundingClientRect();
    seen = {
      left: Math.max(seen.left, box.left),
      right: Math.min(seen.right, box.right),
      top: Math.max(seen.top, box.top),
      bottom: Math.min(seen.bottom, box.bottom),
    };
  }
  const overlap = (a: number, b: number, low: number, high: number) =>
    Math.min(b, high) > Math.max(a, low);
  return overlap(left, right, seen.left, seen.right) && overlap(top, bottom, seen.top, seen.bottom);
}

/** The parent, out of a shadow tree too. */
function parent(element: Element): Element | null {
  const root = element.parentNode;
  return root instanceof ShadowRoot ? root.host : element.parentElement;
}

/** Calls back whenever something scrolls under the element, or the window changes its size. */
export function whenMoved(element: Element, callback: () => void, signal: AbortSignal): void {
  // Scrolling does not bubble, and is not heard of outside a shadow tree.
  for (const target of new Set<EventTarget>([window, element.getRootNode()])) {
    target.addEventListener("scroll", callback, { capture: true, passive: true, signal });
  }
  window.addEventListener("resize", callback, { signal });
}
