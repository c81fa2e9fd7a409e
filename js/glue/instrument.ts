/**
 * An instrument: a kind of figure with a bundle of its own, which builds on the renderer's parts
 * (core.ts) and holds none of them. Here is what all of them are to anywidget and to pages.
 */

import type { InitializeProps, RenderProps } from "@anywidget/types";
import type { Model } from "../state/model.ts";
import type * as Core from "./core.ts";
import type { Dress } from "./dresser.ts";
import type { Mounter } from "./page.ts";

import type * as Base from "./widget.ts";

/** What it needs of the renderer is a part of that, which each says for itself. */
export type Instrument = new (
  core: typeof Core,
  model: Model,
  signal: AbortSignal,
) => { readonly element: HTMLElement };

const CORE = Symbol.for("tokenviz.core");
const MOUNTERS = Symbol.for("tokenviz.mounters");

/** Shows a model in `parent` until the signal aborts; not at all when it has. */
function mount(
  Of: Instrument,
  core: typeof Core,
  model: Model,
  parent: Element,
  signal: AbortSignal,
): void {
  if (signal.aborted) return;
  const { element } = new Of(core, model, signal);
  parent.append(element);
  signal.addEventListener("abort", () => element.remove());
}

/** For anywidget: what makes its module of the renderer's. `listen` hears a model that has no view. */
export function forWidgets(
  Of: Instrument,
  dress: Dress,
  listen: (model: Model, signal: AbortSignal) => void = () => {},
) {
  return (base: typeof Base) => ({
    initialize({ model, signal }: InitializeProps): void {
      listen(model, signal);
    },

    render({ model, el, signal }: RenderProps): void {
      base.dress(el, signal);
      dress(el, signal);
      mount(Of, base, model, el, signal);
      base.hideTwins(el, signal);
    },
  });
}

/**
 * For exported pages: says how its kind of figure is mounted, with what the renderer's script
 * (page.ts) holds. It may stand before that one or after it.
 */
export function forPages(kind: string, Of: Instrument): void {
  const page = globalThis as { [CORE]?: typeof Core; [MOUNTERS]?: Map<unknown, Mounter> };
  page[MOUNTERS] ??= new Map();
  page[MOUNTERS].set(kind, (model, element, signal) => {
    mount(Of, page[CORE] as typeof Core, model, element, signal);
  });
}
