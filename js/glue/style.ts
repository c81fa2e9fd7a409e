/**
 * The style of live figures, which comes with the renderer: one sheet that the document adopts,
 * and each shadow root or other window's document that a view lies in.
 *
 * A sheet belongs to one document. Hosts show views in shadow roots (marimo, MyST), and move them.
 */

import style from "../tokenviz.css?bundled";

const sheets = new WeakMap<Document, CSSStyleSheet>();

/** Styles what `host` holds, wherever it lies, until the signal aborts; what adopted it keeps it. */
export function dress(host: HTMLElement, signal: AbortSignal): void {
  // The tables beside a view lie in the document, whatever the view lies in.
  adopt(host.ownerDocument);
  // Some hosts render a view before it is in the page; it gets a size when it is, and before it
  // is painted.
  const observer = new ResizeObserver(() => adoptAround(host));
  adoptAround(host);
  observer.observe(host);
  signal.addEventListener("abort", () => observer.disconnect());
}

function adoptAround(host: HTMLElement): void {
  const root = host.getRootNode();
  if ("adoptedStyleSheets" in root) adopt(root as Document | ShadowRoot);
}

function adopt(root: Document | ShadowRoot): void {
  const document = root.ownerDocument ?? (root as Document);
  let sheet = sheets.get(document);
  if (sheet === undefined) {
    sheet = new (document.defaultView ?? window).CSSStyleSheet();
    sheet.replaceSync(style);
    sheets.set(document, sheet);
  }
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}
