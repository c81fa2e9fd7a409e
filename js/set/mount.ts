/** From a model to a browser of a set in an element. */

import type { Model } from "../state/model.ts";
import { SetBrowser } from "./browser.ts";
import type { Core } from "./core.ts";

/** Shows the model's set in `parent` until the signal aborts; not at all when it has. */
export function mountSet(core: Core, model: Model, parent: Element, signal: AbortSignal): void {
  if (signal.aborted) return;
  const { element } = new SetBrowser(core, model, signal);
  parent.append(element);
  signal.addEventListener("abort", () => element.remove());
}
