/**
 * What the mouse does on the text besides choosing a cell: dragging over several tokens, taking a
 * word or a sentence, holding a second alternative beside the first.
 *
 * It hears first, and what it understands the figure does not hear of. Fingers scroll and tap.
 */

import type { Cell } from "../data/cell.ts";
import type { Viewport } from "../figure/viewport.ts";
import type { Unit } from "./words.ts";

export interface PointerOptions {
  viewport: Viewport;
  hit: (x: number, y: number) => Cell | null;
  /** Tokens from one position to another, while the mouse is still down. */
  drag: (from: number, to: number) => void;
  /** The mouse went up. */
  drop: (from: number, to: number) => void;
  /** A click with Shift. */
  extend: (cell: Cell) => void;
  /** A second or third click. */
  take: (position: number, unit: Unit) => void;
  /** A click on a cell; says whether that was all. */
  again: (cell: Cell) => boolean;
  signal: AbortSignal;
}

export function watchPointer(options: PointerOptions): void {
  const { viewport, hit, drag, drop, extend, take, again, signal } = options;
  const { element } = viewport;
  let from: number | null = null;
  let to: number | null = null;
  let dropped = false;

  const at = ({ clientX, clientY }: MouseEvent): Cell | null => {
    const { x, y } = viewport.toContent(clientX, clientY);
    const cell = hit(x, y);
    return cell !== null && cell[0] >= 0 && cell[1] >= 0 ? cell : null;
  };
  const listen = <
    Name extends "pointerdown" | "pointermove" | "pointerup" | "pointercancel" | "click",
  >(
    name: Name,
    listener: (event: HTMLElementEventMap[Name]) => void,
  ) => element.addEventListener(name, listener, { signal, capture: true });

  listen("pointerdown", (event) => {
    dropped = false;
    if (event.button !== 0 || event.pointerType === "touch" || event.shiftKey) return;
    const cell = at(event);
    from = cell !== null && cell[1] === 0 ? cell[0] : null;
    to = null;
  });
  listen("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const cell = at(event);
    element.style.cursor = cell === null ? "" : "pointer";
    if (from === null || (event.buttons & 1) === 0 || cell === null || cell[1] !== 0) return;
    if (to === null && cell[0] === from) return;
    if (to === null) element.setPointerCapture(event.pointerId);
    to = cell[0];
    drag(from, to);
  });
  listen("pointerup", () => {
    if (from !== null && to !== null) {
      dropped = true;
      drop(from, to);
    }
    from = to = null;
  });
  listen("pointercancel", () => {
    from = to = null;
  });
  listen("click", (event) => {
    if (dropped) {
      dropped = false;
      event.stopImmediatePropagation();
      return;
    }
    const cell = at(event);
    if (cell === null) return;
    if (event.shiftKey) {
      event.stopImmediatePropagation();
      extend(cell);
    } else if (event.detail > 1 && cell[1] === 0) {
      event.stopImmediatePropagation();
      take(cell[0], event.detail === 2 ? "word" : "sentence");
    } else if (again(cell)) event.stopImmediatePropagation();
  });
}
