/**
 * The view as this page has it: changed here at once, and in the model a little later; until then what
 * the model says of it is an echo.
 */

import type { Model } from "../state/model.ts";
import { START, type View } from "./view.ts";

const SYNC_DELAY = 150;

export class ViewModel {
  readonly #model: Model;
  readonly #changed: (byKernel: boolean) => void;
  #view: View;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: Model, changed: (byKernel: boolean) => void, signal: AbortSignal) {
    this.#model = model;
    this.#changed = changed;
    this.#view = this.#read();
    const receive = () => {
      if (this.#timer !== undefined || model.get("_view") === this.#view) return;
      this.#view = this.#read();
      changed(true);
    };
    model.on("change:_view", receive);
    signal.addEventListener("abort", () => {
      model.off("change:_view", receive);
      this.flush();
    });
  }

  get view(): View {
    return this.#view;
  }

  set(view: View): void {
    if (view === this.#view) return;
    this.#view = view;
    this.#timer ??= setTimeout(() => this.flush(), SYNC_DELAY);
    this.#changed(false);
  }

  /** Tells the model now: before the kernel is asked anything. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#model.set("_view", this.#view);
    this.#model.save_changes();
  }

  #read(): View {
    return { ...START, ...(this.#model.get("_view") as Partial<View> | null) };
  }
}
