/**
 * Once a cell is chosen, its tooltip would cover what is then said of the tokens around it: it is away
 * until one points at another cell.
 */

import type { Cell } from "../data/cell.ts";
import type { Viewport } from "../figure/viewport.ts";

export interface UncoverOptions {
  /** What says by an attribute that tooltips are away. */
  root: HTMLElement;
  viewport: Viewport;
  hit: (x: number, y: number) => Cell | null;
  signal: AbortSignal;
}

export function uncover({ root, viewport, hit, signal }: UncoverOptions): void {
  let chosen: Cell | null = null;
  const away = (is: boolean) => root.toggleAttribute("data-tokenviz-uncovered", is);
  const at = ({ clientX, clientY }: MouseEvent) => {
    const { x, y } = viewport.toContent(clientX, clientY);
    return hit(x, y);
  };
  const listen = <Name extends "click" | "pointermove" | "keydown">(
    name: Name,
    heard: (event: HTMLElementEventMap[Name]) => void,
  ) => viewport.element.addEventListener(name, heard, { signal, capture: true });
  listen("click", (event) => {
    chosen = at(event);
    away(true);
  });
  listen("pointermove", (event) => {
    const cell = at(event);
    if (cell?.[0] === chosen?.[0] && cell?.[1] === chosen?.[1]) return;
    chosen = null;
    away(false);
  });
  listen("keydown", ({ key }) => away(key === "Enter" || key === " "));
}
