/**
 * The glue of an exported page: each `.tokenviz-figure` carries its state and shows it.
 *
 * The element holds the traits and, as base64 in elements of their own, their buffers; beside them a static table that is
 * read where no script runs and hidden when the figure stands. A page may carry this script more
 * than once and a figure more than once, so a mark on the element says what is mounted.
 */

import { MemoryModel } from "../state/model.ts";
import { type EmbeddedState, readState } from "../wire/embedded.ts";
import { mount } from "./mount.ts";

const MOUNTED = Symbol.for("tokenviz.mounted");

function mountAll(): void {
  for (const element of document.querySelectorAll<HTMLElement>(".tokenviz-figure")) {
    if (MOUNTED in element) continue;
    Object.defineProperty(element, MOUNTED, { value: true });
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
  if (script === null) return;
  const state = readState(
    JSON.parse(script.textContent ?? "") as EmbeddedState,
    element.querySelectorAll<HTMLElement>("script.tokenviz-buffer"),
  );
  // A page saved from a browser holds the last figure's remains.
  for (const remains of element.querySelectorAll(":scope > .tokenviz")) remains.remove();
  mount(new MemoryModel(state), element, signal);
  for (const table of element.querySelectorAll<HTMLElement>(":scope > .tokenviz-static")) {
    table.hidden = true;
  }
}

mountAll();
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
