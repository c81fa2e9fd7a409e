/** What keys do: on the text, and those that work anywhere in the explorer. */

import { type Commands, keyName } from "../figure/commands.ts";
import type { Change } from "./tree.ts";

export interface Actions {
  /** Says whether there was anything to do: else Enter selects. */
  enter: () => boolean;
  go: () => void;
  type: () => void;
  against: () => void;
  change: (how: Change["how"]) => boolean;
  extend: (by: number) => boolean;
  back: () => void;
  forward: () => void;
  undo: () => void;
  redo: () => void;
}

/** Keys on the text; they are listed with the figure's own. */
export function addCommands(commands: Commands, actions: Actions): void {
  const add = (keys: readonly string[], label: string, run: () => boolean | undefined) =>
    commands.add({ keys, label, run });
  const done = (run: () => void) => () => {
    run();
    return undefined;
  };
  add(["Enter"], "Ask why; on an alternative that is asked about, go on from there", actions.enter);
  add(["Shift+ArrowRight"], "Select more tokens", () => actions.extend(1));
  add(["Shift+ArrowLeft"], "Select fewer tokens, or those before", () => actions.extend(-1));
  add(["x"], "Why the selected token, not this one", done(actions.against));
  add(["b"], "Go on from the selected alternative", done(actions.go));
  add(["t"], "Type what stands here instead", done(actions.type));
  add(["Delete"], "Without the selected tokens of the prompt", () => actions.change("delete"));
  add(["m"], "With them muted", () => actions.change("mute"));
  add(["r"], "With others in their place", () => actions.change("replace"));
  for (const { keys, label, run } of everywhere(actions)) add(keys, label, done(run));
}

function everywhere(actions: Actions) {
  return [
    { keys: ["Alt+ArrowLeft"], label: "Back", run: actions.back },
    { keys: ["Alt+ArrowRight"], label: "Forward", run: actions.forward },
    { keys: ["Ctrl+z"], label: "Undo", run: actions.undo },
    { keys: ["Ctrl+Z", "Ctrl+y"], label: "Redo", run: actions.redo },
  ];
}

/** The keys of back, forward, undo and redo wherever the focus is, but not where one types. */
export function heardEverywhere(root: HTMLElement, actions: Actions, signal: AbortSignal): void {
  const byKey = new Map(
    everywhere(actions).flatMap(({ keys, run }) => keys.map((key) => [key, run])),
  );
  root.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.target instanceof HTMLInputElement) return;
      const run = byKey.get(keyName(event));
      if (run === undefined) return;
      run();
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
}
