/** From a model to an explorer in an element. */

import type { Model } from "../state/model.ts";
import type { Core } from "./core.ts";
import { Explorer } from "./explorer.ts";

/** Shows the model's explorer in `parent` until the signal aborts; not at all when it has. */
export function mountExplorer(
  core: Core,
  model: Model,
  parent: Element,
  signal: AbortSignal,
): void {
  if (signal.aborted) return;
  const { element } = new Explorer(core, model, signal);
  parent.append(element);
  signal.addEventListener("abort", () => element.remove());
}
