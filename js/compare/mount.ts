/** From a model to a comparison in an element. */

import type { Model } from "../state/model.ts";
import { Comparison } from "./comparison.ts";
import type { Core } from "./core.ts";

/** Shows the model's comparison in `parent` until the signal aborts; not at all when it has. */
export function mountComparison(
  core: Core,
  model: Model,
  parent: Element,
  signal: AbortSignal,
): void {
  if (signal.aborted) return;
  const { element } = new Comparison(core, model, signal);
  parent.append(element);
  signal.addEventListener("abort", () => element.remove());
}
