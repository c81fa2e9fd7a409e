/**
 * Has documents adopt a style, and each shadow root or other window's document that a view lies in.
 *
 * A sheet belongs to one document. Hosts show views in shadow roots (marimo, MyST), and move them.
 */

export type Dress = (host: HTMLElement, signal: AbortSignal) => void;

/** What styles views with one text: a sheet for each document. */
export function dresser(style: string): Dress {
  const sheets = new WeakMap<Document, CSSStyleSheet>();

  const adopt = (root: Document | ShadowRoot) => {
    const document = root.ownerDocument ?? (root as Document);
    let sheet = sheets.get(document);
    if (sheet === undefined) {
      sheet = new (document.defaultView ?? window).CSSStyleSheet();
      sheet.replaceSync(style);
      sheets.set(document, sheet);
    }
    if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  };
  const adoptAround = (host: HTMLElement) => {
    const root = host.getRootNode();
    if ("adoptedStyleSheets" in root) adopt(root as Document | ShadowRoot);
  };
  return (host, signal) => {
    // The tables beside a view lie in the document, whatever the view lies in.
    adopt(host.ownerDocument);
    // Some hosts render a view before it is in the page; it gets a size when it is, and before it
    // is painted.
    const observer = new ResizeObserver(() => adoptAround(host));
    adoptAround(host);
    observer.observe(host);
    signal.addEventListener("abort", () => observer.disconnect());
  };
}
