/** A widget of its own inside a view: the model that a trait refers to, shown by the host. */

import type { Model } from "../state/model.ts";

interface HostedView {
  el: HTMLElement;
  remove(): void;
}

/** What a notebook gives beside a model; a page has none. */
export interface Managed extends Model {
  widget_manager?: {
    get_model(id: string): Promise<unknown>;
    create_view(model: unknown, options?: object): Promise<HostedView>;
  };
}

const REFERENCE = "IPY_MODEL_";

/** Shows a model; `shown` is given its element, unless it was removed before. */
export function hosted(
  { widget_manager: manager }: Managed,
  reference: string,
  shown: (element: HTMLElement) => void,
): { remove: () => void; failed: Promise<void> } {
  let view: HostedView | null = null;
  let gone = false;
  const show = async () => {
    if (manager === undefined) throw new Error("this host shows no widget inside another");
    const model = await manager.get_model(reference.slice(REFERENCE.length));
    if (gone) return;
    const made = await manager.create_view(model, {});
    if (gone) {
      made.remove();
      return;
    }
    view = made;
    shown(made.el);
  };
  return {
    remove: () => {
      gone = true;
      view?.remove();
    },
    failed: show(),
  };
}
