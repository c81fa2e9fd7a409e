/** The small buttons of a figure. */

import { h, svg } from "../dom.ts";

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
  element.addEventListener("click", press, { signal });
  return element;
}

/** A picture of 16 × 16, stroked in the text's colour. */
export function icon(...shapes: Node[]): SVGElement {
  const box = { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" };
  return svg("svg", box, ...shapes);
}
