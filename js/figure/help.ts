/**
 * The keys that a figure knows, listed: opened by the "?" key and by a button of the toolbar.
 *
 * What is listed is what is there: movement, and every command that some part of the figure added.
 */

import { anchorTo, settle } from "../controls/anchor.ts";
import { icon, toolButton } from "../controls/toolbutton.ts";
import { h, svg, uniqueId } from "../dom.ts";
import type { FigureState } from "../state/state.ts";
import type { Command, Commands } from "./commands.ts";

type Row = Pick<Command, "keys" | "label">;

/** What pointing.ts and the drawings' `step` do, which are no commands. */
const MOVES: Record<FigureState["_kind"], readonly Row[]> = {
  heatmap: [
    { keys: ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"], label: "Move by a cell" },
    { keys: ["Ctrl+arrow"], label: "To the edge" },
    { keys: ["PageUp", "PageDown"], label: "Move by a page" },
    { keys: ["Home", "End"], label: "First and last column" },
    { keys: ["Ctrl+Home", "Ctrl+End"], label: "First and last cell" },
  ],
  trace: [
    { keys: ["ArrowLeft", "ArrowRight"], label: "Previous and next position" },
    { keys: ["ArrowUp", "ArrowDown"], label: "Alternatives, then the next row or line" },
    { keys: ["PageUp", "PageDown"], label: "Previous and next row or page" },
    { keys: ["Home", "End"], label: "Start and end of the row or line" },
    { keys: ["Ctrl+Home", "Ctrl+End"], label: "First and last position" },
    { keys: ["Enter"], label: "In running text, open the alternatives" },
  ],
};
const CHOOSING: readonly Row[] = [
  { keys: ["Enter", "Space"], label: "Select" },
  { keys: ["Escape"], label: "Clear the selection, close" },
  { keys: ["Ctrl+c"], label: "Copy as tab-separated values" },
];

const SIGNS: Record<string, string> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  PageUp: "Page ↑",
  PageDown: "Page ↓",
  Escape: "Esc",
};
/** Read aloud an arrow says nothing. */
const NAMES: Record<string, string> = {
  ArrowUp: "up arrow",
  ArrowDown: "down arrow",
  ArrowLeft: "left arrow",
  ArrowRight: "right arrow",
  PageUp: "page up",
  PageDown: "page down",
  "?": "question mark",
  "/": "slash",
  "+": "plus",
  "-": "minus",
};

export interface HelpOptions {
  kind: FigureState["_kind"];
  commands: Commands;
  /** Where the keys act. */
  viewport: HTMLElement;
  signal: AbortSignal;
}

export class Help {
  readonly button: HTMLButtonElement;
  /** Stands in the browser's top layer while it is open. */
  readonly element: HTMLDivElement;
  readonly #options: HelpOptions;
  readonly #list = h("dl", { class: "tokenviz-keys" });
  /** What gets the focus back. */
  #opener: HTMLElement;

  constructor(options: HelpOptions) {
    this.#options = options;
    const { commands, viewport, signal } = options;
    const heading = h("div", { class: "tokenviz-heading", id: uniqueId("keys") }, "Keys");
    this.element = h(
      "div",
      {
        ...{ class: "tokenviz-help", role: "dialog", popover: "manual", tabindex: -1 },
        "aria-labelledby": heading.id,
      },
      heading,
      this.#list,
    );
    this.button = toolButton({
      ...{ control: "help", label: "Keys", title: "Keys (?)", icon: keyboard(), signal },
      press: () => this.#toggle(this.button),
    });
    anchorTo(this.element, this.button);
    this.#opener = this.button;
    this.button.setAttribute("aria-haspopup", "dialog");
    this.button.ariaExpanded = "false";
    // The list keeps the focus: losing it closes, and the click would open anew.
    this.button.addEventListener("pointerdown", (event) => event.preventDefault(), { signal });
    commands.add({
      ...{ keys: ["?"], label: "Show the keys" },
      run: () => this.#toggle(viewport),
    });
    this.element.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.element.addEventListener("focusout", () => this.#close(), { signal });
  }

  #toggle(opener: HTMLElement): undefined {
    if (this.element.matches(":popover-open")) {
      this.#opener.focus();
      return;
    }
    this.#opener = opener;
    const { kind, commands } = this.#options;
    const others = commands.all
      .filter(({ label }) => label)
      .map(({ keys, label }) => ({ keys: keys.slice(0, 1), label }));
    const rows = [...MOVES[kind], ...CHOOSING, ...others];
    this.#list.replaceChildren(...rows.flatMap(({ keys, label }) => [names(keys), meaning(label)]));
    this.element.showPopover();
    this.button.ariaExpanded = "true";
    this.element.focus({ preventScroll: true });
    settle(this.element, this.button, "below");
  }

  #close(): void {
    this.button.ariaExpanded = "false";
    if (this.element.matches(":popover-open")) this.element.hidePopover();
  }

  #key(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key !== "Escape" && event.key !== "?") return;
    event.preventDefault();
    this.#opener.focus();
  }
}

function names(keys: readonly string[]): HTMLElement {
  return h("dt", {}, ...keys.flatMap((key, i) => (i > 0 ? [" ", cap(key)] : [cap(key)])));
}

function meaning(label: string): HTMLElement {
  return h("dd", {}, label);
}

/** A key as the keyboard writes it, and in words where that is a sign. */
function cap(key: string): HTMLElement {
  const parts = key.length > 1 && !key.endsWith("+") ? key.split("+") : [key];
  // With Ctrl a capital is a key of its own: it takes Shift.
  if (parts.length > 1 && /^[A-Z]$/.test(parts[parts.length - 1])) parts.splice(-1, 0, "Shift");
  const written = parts.map((part) => SIGNS[part] ?? letter(part, parts.length > 1)).join(" ");
  const said = parts.map((part) => NAMES[part] ?? part).join(" ");
  const kbd = (...children: (Node | string)[]) => h("kbd", { class: "tokenviz-key" }, ...children);
  if (parts.every((part) => !(part in NAMES))) return kbd(written);
  return kbd(
    h("span", { "aria-hidden": "true" }, written),
    h("span", { class: "tokenviz-unseen" }, said),
  );
}

/** With Ctrl, letters are written large, as everywhere; alone, "n" and "N" are two keys. */
function letter(part: string, held: boolean): string {
  return held && part.length === 1 ? part.toUpperCase() : part;
}

/** A keyboard: its frame, keys and space bar. */
function keyboard(): SVGElement {
  return icon(
    svg("rect", { x: 1.5, y: 3.5, width: 13, height: 9, rx: 1.5 }),
    svg("path", { d: "M4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5.5 9.7h5" }),
  );
}
