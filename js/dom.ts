/** Elements in one line. Text goes in as text: token text is never markup. */

type Attributes = Record<string, string | number | boolean | null>;

/** An element with attributes (null and false are left out, true is "") and children. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(name: string, attributes: Attributes, ...children: Node[]): SVGElement {
  const element = document.createElementNS(SVG, name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(key, value === true ? "" : String(value));
  }
}

let last = 0;

/** An id that no other view of this page has, to tie labels and controls together. */
export function uniqueId(prefix: string): string {
  last += 1;
  return `tokenviz-${prefix}-${Math.random().toString(36).slice(2, 8)}-${last}`;
}
