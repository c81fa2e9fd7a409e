/**
 * What keys do while the figure's body has the focus, besides moving and selecting (pointing.ts).
 *
 * One list, so that no two parts of a figure claim the same key and the help can show them all.
 */

export interface Command {
  /** As written by `keyName`: "+", "Shift+ArrowLeft", "Ctrl+f". The first one is shown. */
  keys: readonly string[];
  /** For the help: "Zoom in"; "" for one that others tell of. */
  label: string;
  /** Returns false when there was nothing to do, and the key is left to others. */
  run: () => boolean | undefined;
}

export class Commands {
  readonly #byKey = new Map<string, Command>();

  constructor(target: HTMLElement, signal: AbortSignal) {
    target.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  add(command: Command): void {
    for (const key of command.keys) {
      if (this.#byKey.has(key)) throw new Error(`the key ${key} is taken`);
      this.#byKey.set(key, command);
    }
  }

  /** In the order in which they were added. */
  get all(): readonly Command[] {
    return [...new Set(this.#byKey.values())];
  }

  #key(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget) return;
    const command = this.#byKey.get(keyName(event));
    if (command === undefined || command.run() === false) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}

type Pressed = Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">;

/** The key with its modifiers; ⌘ counts as Ctrl, and Shift only where the key does not show it. */
export function keyName({ key, altKey, ctrlKey, metaKey, shiftKey }: Pressed): string {
  const modifiers = [
    ctrlKey || metaKey ? "Ctrl+" : "",
    altKey ? "Alt+" : "",
    shiftKey && key.length > 1 ? "Shift+" : "",
  ];
  // With Ctrl it is Shift that counts, whatever Caps Lock makes of the letter.
  const letter = shiftKey ? key.toUpperCase() : key.toLowerCase();
  return modifiers.join("") + ((ctrlKey || metaKey) && key.length === 1 ? letter : key);
}
