/**
 * The tables that stand in for widgets step back where widgets run, and only there.
 *
 * A widget's table is a later output of the same cell, so the mark that hides it (tokenviz.css)
 * goes to the output area: a page may also hold notebooks whose widgets are dead. Hosts without
 * output areas show one cell's outputs in a document of their own, and the document is marked.
 *
 * Views of two versions of tokenviz run two copies of this module: what all know is in the DOM.
 */

const OUTPUT_AREA = ".jp-OutputArea";
const HOST = "tokenviz-host";

/** Hides the tables beside `host`, a live view's element, until the signal aborts. */
export function hideTwins(host: HTMLElement, signal: AbortSignal): void {
  if (signal.aborted) return;
  host.classList.add(HOST);
  let area: HTMLElement | null = null;
  // A view is rendered before it is in the page; it gets a size when it is.
  const observer = new ResizeObserver(() => {
    if (!host.isConnected) return;
    area = host.closest<HTMLElement>(OUTPUT_AREA) ?? document.documentElement;
    area.dataset.tokenvizLive = "";
    observer.disconnect();
  });
  observer.observe(host);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    host.classList.remove(HOST);
    if (area?.querySelector(`.${HOST}`) === null) delete area.dataset.tokenvizLive;
  });
}
