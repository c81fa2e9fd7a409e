/**
 * The colormap menu: a button that shows the current map, and a list box of maps with previews.
 *
 * Arrow keys move in the list, a letter jumps, Enter or the space bar chooses, Escape leaves.
 */

import { baseName, COLORMAPS, findTable, isReversed, reversedName } from "../color/colormaps.ts";
import { tableGradient } from "../color/gradient.ts";
import { isSafe, safeInstead } from "../color/safe.ts";
import { h, uniqueId } from "../dom.ts";
import { anchorTo, settle } from "./anchor.ts";
import type { Control, ControlView, Settings } from "./control.ts";
import { button, group } from "./fields.ts";
import { nextOption } from "./listbox.ts";

const HEADINGS: Record<string, string> = {
  diverging: "Diverging",
  sequential: "Sequential",
  own: "From Python",
};

interface Entry {
  name: string;
  kind: string;
  safe: boolean;
}

export class ColormapMenu implements Control {
  readonly element: HTMLElement;
  readonly #settings: Settings;
  readonly #list: HTMLDivElement;
  readonly #button: HTMLButtonElement;
  readonly #reverse: HTMLButtonElement;
  readonly #safe: HTMLButtonElement;
  /** The map that the safe one stands in for, and the safe one. */
  #replaced: { unsafe: string; safe: string } | null = null;
  /** The options in the list, in order. */
  #options: HTMLElement[] = [];
  #active = 0;
  /** The table that the button shows. */
  #shown: Uint8Array | null = null;

  constructor(settings: Settings, signal: AbortSignal) {
    this.#settings = settings;
    this.#list = h("div", {
      class: "tokenviz-menu",
      role: "listbox",
      tabindex: -1,
      popover: "manual",
      "aria-label": "Colormap",
      id: uniqueId("colormaps"),
    });
    this.#button = button("colormap", "", { press: () => this.#toggle(), signal });
    this.#button.classList.add("tokenviz-menu-button");
    this.#button.setAttribute("aria-haspopup", "listbox");
    this.#button.setAttribute("aria-controls", this.#list.id);
    anchorTo(this.#list, this.#button);
    this.#reverse = button("reverse", "⇄", {
      press: () => settings.set({ colormap: reversedName(settings.state.colormap) }),
      signal,
      title: "Reverse the colormap",
    });
    this.#reverse.ariaLabel = "Reverse the colormap";
    this.#safe = button("safe", "Colour-blind safe", { press: () => this.#makeSafe(), signal });
    this.element = group("Colormap", this.#button, this.#reverse, this.#safe, this.#list);
    this.#list.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#list.addEventListener("focusout", () => this.#close(), { signal });
    this.#list.addEventListener("click", (event) => this.#click(event), { signal });
    // The button keeps its click: closing on the way down would open the list again.
    this.#button.addEventListener("pointerdown", (event) => event.preventDefault(), { signal });
  }

  update({ state, scale }: ControlView): void {
    const { colormap, _colormap_table } = state;
    // The name may come before its table does.
    if (scale.table !== this.#shown || this.#button.textContent !== colormap) {
      this.#shown = scale.table;
      this.#button.replaceChildren(preview(scale.table), h("span", {}, colormap));
    }
    this.#button.ariaLabel = `Colormap: ${colormap}`;
    this.#reverse.ariaPressed = String(isReversed(colormap));
    this.#reverse.disabled = findTable(reversedName(colormap), _colormap_table) === null;
    const replaced = this.#replaced;
    if (replaced !== null && baseName(replaced.safe) !== baseName(colormap)) this.#replaced = null;
    const safe = isSafe(colormap);
    this.#safe.ariaPressed = String(safe);
    this.#safe.disabled = safe && this.#replaced === null;
    this.#safe.title = safe
      ? (this.#replaced && `Back to ${this.#replaced.unsafe}`) || `${colormap} is safe as it is`
      : "Change to colours that a colour-blind reader can tell apart";
  }

  /** To the safe map that fits, and back. */
  #makeSafe(): void {
    const { colormap, center } = this.#settings.state;
    if (this.#replaced !== null) {
      const { unsafe, safe } = this.#replaced;
      this.#settings.set({ colormap: safe === colormap ? unsafe : reversedName(unsafe) });
      return;
    }
    const safe = safeInstead(colormap, center);
    this.#replaced = { unsafe: colormap, safe };
    this.#settings.set({ colormap: safe });
  }

  #entries(): Entry[] {
    const own = this.#settings.state._colormap_table;
    if (own === null || COLORMAPS.some(({ name }) => name === baseName(own.name))) {
      return [...COLORMAPS];
    }
    return [...COLORMAPS, { name: own.name, kind: "own", safe: false }];
  }

  #toggle(): void {
    if (this.#list.matches(":popover-open")) {
      this.#button.focus();
      return;
    }
    const { colormap, _colormap_table } = this.#settings.state;
    const entries = this.#entries();
    this.#options = entries.map(({ name, safe }) =>
      h(
        "div",
        {
          class: "tokenviz-option",
          role: "option",
          id: uniqueId("option"),
          "data-tokenviz-colormap": name,
          "aria-selected": String(baseName(name) === baseName(colormap)),
        },
        preview(findTable(name, _colormap_table) as Uint8Array),
        h("span", { class: "tokenviz-option-name" }, name),
        ...(safe ? [h("span", { class: "tokenviz-safe" }, "colour-blind safe")] : []),
      ),
    );
    const groups = Object.keys(HEADINGS).map((kind) => {
      const id = uniqueId("kind");
      const options = this.#options.filter((_, i) => entries[i].kind === kind);
      return h(
        "div",
        { role: "group", "aria-labelledby": id, hidden: options.length === 0 },
        h("div", { class: "tokenviz-heading", id }, HEADINGS[kind]),
        ...options,
      );
    });
    this.#list.replaceChildren(...groups);
    this.#open();
  }

  #open(): void {
    this.#list.showPopover();
    this.#button.ariaExpanded = "true";
    this.#activate(
      Math.max(
        0,
        this.#options.findIndex((o) => o.ariaSelected === "true"),
      ),
    );
    this.#list.focus({ preventScroll: true });
    settle(this.#list, this.#button, "below");
  }

  #close(): void {
    this.#button.ariaExpanded = "false";
    if (this.#list.matches(":popover-open")) this.#list.hidePopover();
  }

  #activate(index: number): void {
    this.#active = index;
    this.#options.forEach((option, i) => {
      option.classList.toggle("tokenviz-active", i === index);
    });
    const { id } = this.#options[index];
    this.#list.setAttribute("aria-activedescendant", id);
    this.#options[index].scrollIntoView({ block: "nearest" });
  }

  #choose(name: string): void {
    this.#button.focus();
    this.#settings.set({ colormap: name });
  }

  #click({ target }: MouseEvent): void {
    const option = (target as Element).closest<HTMLElement>("[data-tokenviz-colormap]");
    if (option !== null) this.#choose(option.dataset.tokenvizColormap as string);
  }

  #key(event: KeyboardEvent): void {
    const names = this.#options.map((option) => option.dataset.tokenvizColormap as string);
    if (event.key === "Escape" || event.key === "Tab") this.#button.focus();
    else if (event.key === "Enter" || event.key === " ") this.#choose(names[this.#active]);
    else {
      const next = nextOption(names, this.#active, event.key);
      if (next === null) return;
      this.#activate(next);
    }
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  }
}

function preview(table: Uint8Array): HTMLElement {
  const element = h("span", { class: "tokenviz-preview" });
  element.style.background = tableGradient(table);
  return element;
}
