/**
 * The glue of an exported page: each `.tokenviz-figure` carries its state and shows it.
 *
 * The element holds the traits and, as base64 in elements of their own, their buffers; beside them a static table that is
 * read where no script runs and hidden when the figure stands. A page may carry this script more
 * than once and a figure more than once, so a mark on the element says what is mounted.
 *
 * A figure of another kind is left to the script that knows it, which stands beside this one, builds
 * on what `CORE` holds, and says in `MOUNTERS` how it is mounted: before this script runs, or while
 * the page is still loading.
 */

import { MemoryModel, type Model } from "../state/model.ts";
import { type EmbeddedState, readState } from "../wire/embedded.ts";
import * as core from "./core.ts";
import { mount } from "./mount.ts";

const MOUNTED = Symbol.for("tokenviz.mounted");
const CORE = Symbol.for("tokenviz.core");
const MOUNTERS = Symbol.for("tokenviz.mounters");

/** Shows a model's figure in an element until the signal aborts. */
export type Mounter = (model: Model, element: Element, signal: AbortSignal) => void;

const page = globalThis as { [CORE]?: typeof core; [MOUNTERS]?: Map<unknown, Mounter> };
page[CORE] = core;

function mountAll(): void {
  for (const element of document.querySelectorAll<HTMLElement>(".tokenviz-figure")) {
    if (MOUNTED in element) continue;
    // A figure that cannot be drawn keeps its table, and does not stop the others.
    const controller = new AbortController();
    try {
      mountFigure(element, controller.signal);
    } catch (error) {
      controller.abort();
      console.error("tokenviz: a figure could not be drawn", error);
    }
  }
}

function mountFigure(element: HTMLElement, signal: AbortSignal): void {
  const script = element.querySelector("script.tokenviz-state");
  const embedded = JSON.parse(script?.textContent ?? "null") as EmbeddedState | null;
  if (embedded === null) return;
  const kind = embedded.state._kind;
  const known = kind === "heatmap" || kind === "trace";
  const show = known ? mount : page[MOUNTERS]?.get(kind);
  if (show === undefined) return;
  Object.defineProperty(element, MOUNTED, { value: true });
  const buffers = element.querySelectorAll<HTMLElement>("script.tokenviz-buffer");
  const state = readState(embedded, buffers);
  // A page saved from a browser holds the last figure's remains.
  for (const remains of element.querySelectorAll(":scope > .tokenviz")) remains.remove();
  show(new MemoryModel(state), element, signal);
  for (const table of element.querySelectorAll<HTMLElement>(":scope > .tokenviz-static")) {
    table.hidden = true;
  }
}

mountAll();
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
