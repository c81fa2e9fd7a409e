/** How a trace is arranged: wrapped rows of cells, or running text. */

import type { TraceOptions, TraceState } from "../state/state.ts";
import type { Control, ControlView, Settings } from "./control.ts";
import { type Choice, group, select } from "./fields.ts";

const CHOICES: readonly Choice[] = [
  { value: "grid", label: "Grid" },
  { value: "flow", label: "Running text" },
];

export class LayoutControl implements Control {
  readonly element: HTMLElement;
  readonly #menu: ReturnType<typeof select>;

  constructor(settings: Settings, signal: AbortSignal) {
    this.#menu = select({
      ...{ control: "arrangement", label: "Layout", signal },
      change: (value) => settings.set({ arrangement: value as TraceOptions["arrangement"] }),
    });
    this.element = group("Layout", this.#menu.element);
  }

  update({ state }: ControlView): void {
    this.#menu.show((state as TraceState).arrangement, CHOICES);
  }
}
