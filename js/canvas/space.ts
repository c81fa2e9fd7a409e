/**
 * How a host scales what it shows (CSS transforms, `zoom`, slides): the one place that knows.
 *
 * Events and `getBoundingClientRect` speak in client coordinates, the window's. An element's own
 * are those that it is laid out and painted in, from its upper left.
 */

import type { Rect } from "./geometry.ts";

interface Point {
  x: number;
  y: number;
}

/** Client pixels for each pixel of the element's own; 1 while it is not shown. */
export function scaleOf(element: HTMLElement): Point {
  const { width, height } = element.getBoundingClientRect();
  const { style, offsetWidth, offsetHeight } = element;
  // The offset sizes are whole numbers; where a size was set, it is exact.
  return {
    x: scale(width, Number.parseFloat(style.width) || offsetWidth),
    y: scale(height, Number.parseFloat(style.height) || offsetHeight),
  };
}

/** What is less than rounding is none. */
function scale(seen: number, own: number): number {
  return seen > 0 && own > 0 && Math.abs(seen - own) > 0.5 ? seen / own : 1;
}

/** From client to the element's own coordinates. */
export function toOwn(element: HTMLElement, { x, y }: Point): Point {
  const { left, top } = element.getBoundingClientRect();
  const by = scaleOf(element);
  return { x: (x - left) / by.x, y: (y - top) / by.y };
}

/** From the element's own to client coordinates. */
export function toClient(element: HTMLElement, { x, y, width, height }: Rect): DOMRect {
  const { left, top } = element.getBoundingClientRect();
  const by = scaleOf(element);
  return new DOMRect(left + x * by.x, top + y * by.y, width * by.x, height * by.y);
}

/** Sharper than this nobody sees, and the bitmap grows with its square. */
const MOST_DENSE = 4;

/** Device pixels for each pixel of the element's own. */
export function density(element: HTMLElement): number {
  const { x, y } = scaleOf(element);
  const screen = window.devicePixelRatio || 1;
  return Math.max(screen, Math.min(MOST_DENSE, screen * Math.max(x, y)));
}

/** Calls back when the window's pixels become others: another screen, the browser's zoom. */
export function watchDensity(callback: () => void, signal: AbortSignal): void {
  const again = () => {
    const query = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const changed = () => {
      again();
      callback();
    };
    query.addEventListener("change", changed, { signal, once: true });
  };
  again();
}
