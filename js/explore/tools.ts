/**
 * The buttons above the text: back and forward, undo and redo, what colours the text, and what can be
 * done with what is selected. All are there from the beginning; what makes no sense now is grey.
 */

import { icon, toolButton } from "../controls/toolbutton.ts";
import { h, svg } from "../dom.ts";
import type { Change } from "./tree.ts";

/** What colours the text. */
export type Mode = "probability" | "why" | "without";

const MODES: readonly (readonly [Mode, string, string])[] = [
  ["probability", "Probability", "The trace's own colours"],
  ["why", "Why", "What spoke for the selected token"],
  ["without", "Without", "What a change of the prompt does to each token"],
];

export interface ToolsOptions {
  go: () => void;
  type: () => void;
  change: (how: Change["how"]) => void;
  back: () => void;
  forward: () => void;
  undo: () => void;
  redo: () => void;
  lens: (mode: Mode) => void;
  signal: AbortSignal;
}

/** What can be done now. */
export interface Able {
  mode: Mode;
  why: boolean;
  without: boolean;
  go: boolean;
  prompt: boolean;
  back: boolean;
  forward: boolean;
  undo: boolean;
  redo: boolean;
}

type Pressed = Record<string, HTMLButtonElement>;

export class Tools {
  readonly element: HTMLElement;
  readonly #buttons: Pressed;
  readonly #modes: readonly HTMLButtonElement[];

  constructor(options: ToolsOptions) {
    const { lens, signal } = options;
    const small = (control: string, label: string, keys: string, path: string, press: () => void) =>
      toolButton({
        ...{ control, label, title: `${label} (${keys})`, press, signal },
        icon: icon(svg("path", { d: path })),
      });
    const words = (control: string, label: string, title: string, press: () => void) => {
      const attributes = { type: "button", class: "tokenviz-push", title } as const;
      const button = h("button", { ...attributes, "data-tokenviz-control": control }, label);
      button.addEventListener("click", press, { signal });
      return button;
    };
    const { change } = options;
    this.#buttons = {
      back: small("back", "Back", "Alt+←", "M13 8H3.5M7 4L3 8l4 4", options.back),
      forward: small("forward", "Forward", "Alt+→", "M3 8h9.5M9 4l4 4-4 4", options.forward),
      undo: small(
        "undo",
        "Undo",
        "Ctrl+Z",
        "M4 6h5.5a3.2 3.2 0 010 6.5H6M6.5 3L3.5 6l3 3",
        options.undo,
      ),
      redo: small(
        "redo",
        "Redo",
        "Ctrl+Shift+Z",
        "M12 6H6.5a3.2 3.2 0 000 6.5H10M9.5 3l3 3-3 3",
        options.redo,
      ),
      go: words(
        "go",
        "Go on from here",
        "Write on from the selected alternative, or after the last token (b, or Enter)",
        options.go,
      ),
      type: words("type", "Type…", "Type what stands here instead (t)", options.type),
      delete: words("delete", "Delete", "Score the text without these tokens (Delete)", () =>
        change("delete"),
      ),
      mute: words("mute", "Mute", "Score the text while nothing attends to these tokens (m)", () =>
        change("mute"),
      ),
      replace: words("replace", "Replace…", "Score the text with others in their place (r)", () =>
        change("replace"),
      ),
    };
    this.#modes = MODES.map(([mode, label, title]) => {
      const attributes = { type: "button", class: "tokenviz-explorer-mode", role: "radio", title };
      const button = h("button", { ...attributes, "data-tokenviz-lens": mode }, label);
      button.addEventListener("click", () => lens(mode), { signal });
      return button;
    });
    const { back, forward, undo, redo, go, type } = this.#buttons;
    const modes = h(
      "div",
      {
        ...{
          class: "tokenviz-explorer-modes",
          role: "radiogroup",
          "aria-label": "What colours the text",
        },
        "data-tokenviz-control": "lens",
      },
      ...this.#modes,
    );
    modes.addEventListener("keydown", (event) => this.#key(event), { signal });
    const group = (label: string, ...children: Node[]) =>
      h(
        "div",
        { class: "tokenviz-explorer-group", role: "group", "aria-label": label },
        ...children,
      );
    this.element = h(
      "div",
      { class: "tokenviz-explorer-tools" },
      group("Where one was", back, forward, undo, redo),
      modes,
      group("Write on", go, type),
      group(
        "Tokens of the prompt",
        this.#buttons.delete,
        this.#buttons.mute,
        this.#buttons.replace,
      ),
    );
  }

  update(able: Able): void {
    const enable = (name: keyof Pressed, enabled: boolean) => {
      const button = this.#buttons[name];
      // A disabled button loses the focus, and the next key would go nowhere.
      button.ariaDisabled = enabled ? null : "true";
    };
    for (const name of ["back", "forward", "undo", "redo", "go"] as const) enable(name, able[name]);
    for (const name of ["delete", "mute", "replace"] as const) enable(name, able.prompt);
    const there = { probability: true, why: able.why, without: able.without };
    this.#modes.forEach((button, i) => {
      const [mode] = MODES[i];
      const chosen = mode === able.mode;
      button.ariaChecked = String(chosen);
      button.tabIndex = chosen ? 0 : -1;
      button.ariaDisabled = there[mode] ? null : "true";
    });
  }

  /** As radio buttons do: the arrows choose. */
  #key(event: KeyboardEvent): void {
    const at = this.#modes.indexOf(event.target as HTMLButtonElement);
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (at < 0 || by === undefined || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    for (let i = at + by; i >= 0 && i < this.#modes.length; i += by) {
      if (this.#modes[i].ariaDisabled === "true") continue;
      this.#modes[i].focus();
      this.#modes[i].click();
      return;
    }
  }
}
