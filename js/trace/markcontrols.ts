/** What is seen of a trace beside its colours: what is written, flags, bands; where it has any. */

import type { Control, ControlView, Settings } from "../controls/control.ts";
import { type Choice, checkbox, type Field, group, select } from "../controls/fields.ts";
import { channelNamed, channelNames, isKnown } from "../data/channels.ts";
import { h } from "../dom.ts";
import type { FigureParts } from "../figure/feature.ts";
import type { TraceState } from "../state/state.ts";
import { dimsBy } from "./flagged.ts";

export function markControls({ store, addControl, signal }: FigureParts<TraceState>): void {
  addControl(() => new MarkControls(store, signal));
}

class MarkControls implements Control {
  readonly element = h("div", { class: "tokenviz-groups" });
  readonly #menus;
  readonly #rest: Field<boolean>;
  readonly #restGroup: HTMLElement;

  constructor(settings: Settings, signal: AbortSignal) {
    const menu = (
      trait: "written" | "flag" | "category",
      heading: string,
      none: string,
      choices: (data: TraceState["data"]) => Choice[],
    ) => {
      const label = `${heading}: ${HINTS[trait]}`;
      const change = (value: string) => settings.set({ [trait]: value || null });
      const { element, show } = select({ control: trait, label, change, signal });
      const whole = group(heading, element);
      let shown: readonly Choice[] = [];
      return {
        element: whole,
        update(state: TraceState) {
          const now = [{ value: "", label: none }, ...choices(state.data)];
          whole.hidden = now.length === 1;
          // An open menu is left alone.
          if (JSON.stringify(now) !== JSON.stringify(shown)) shown = now;
          show(state[trait] ?? "", shown);
        },
      };
    };
    this.#menus = [
      menu("written", "Written", "As coloured", (data) =>
        channelNames(data)
          .filter((name) => isKnown(data, name))
          .map((value) => ({ value, label: channelNamed(value).name })),
      ),
      menu("flag", "Flag", "None", ({ flags = [] }) =>
        flags.map(({ name }) => ({
          value: name,
          label: `${name} (${dimsBy(name) ? "dims" : "stripes"})`,
        })),
      ),
      menu("category", "Bands", "None", ({ categories = [] }) =>
        categories.map(({ name }) => ({ value: name, label: name })),
      ),
    ];
    this.#rest = checkbox({
      ...{ control: "show_rest", label: "Show", signal },
      change: (show_rest) => settings.set({ show_rest }),
    });
    this.#restGroup = group("Other tokens", this.#rest.element);
    this.element.append(...this.#menus.map(({ element }) => element), this.#restGroup);
  }

  update({ state }: ControlView): void {
    for (const menu of this.#menus) menu.update(state as TraceState);
    const { show_rest, data } = state as TraceState;
    this.#rest.show(show_rest);
    this.#restGroup.hidden = data.alternative_index.length === 0;
  }
}

const HINTS = {
  written: "the numbers in the cells",
  flag: "which tokens are dimmed or striped",
  category: "what stands over the tokens",
};
