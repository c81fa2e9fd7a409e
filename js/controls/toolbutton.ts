/** The small buttons of a figure. */

import { h, svg } from "../dom.ts";

/** Pixels that a pointer may stray while it is pressed: about a button. */
const SLACK = 24;

export interface ToolOptions {
  /** The `data-tokenviz-control` attribute. */
  control: string;
  label: string;
  /** What the pointer is told; by default the label. */
  title?: string;
  icon: Node;
  press: () => void;
  signal: AbortSignal;
}

/** A small button with a picture. */
export function toolButton(options: ToolOptions): HTMLButtonElement {
  const { control, label, title = label, icon, press, signal } = options;
  const attributes = { type: "button", class: "tokenviz-tool", title, "aria-label": label };
  const element = h("button", { ...attributes, "data-tokenviz-control": control }, icon);
  // A figure that is written grows, and JupyterLab scrolls it: the button may leave the pointer
  // between press and release. So it keeps hold of the pointer, and what takes a press back is that
  // the pointer itself went elsewhere.
  let pressed: PointerEvent | undefined;
  const until = { signal };
  element.addEventListener(
    "pointerdown",
    (event) => {
      pressed = event;
      element.setPointerCapture(event.pointerId);
    },
    until,
  );
  element.addEventListener(
    "click",
    ({ x, y }) => {
      // A click by key has no press of a pointer before it.
      if (pressed === undefined || Math.hypot(x - pressed.x, y - pressed.y) < SLACK) press();
      pressed = undefined;
    },
    until,
  );
  return element;
}

/** A picture of 16 × 16, stroked in the text's colour. */
export function icon(...shapes: Node[]): SVGElement {
  const box = { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" };
  return svg("svg", box, ...shapes);
}
