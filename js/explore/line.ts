/** The line above the text: what is waited for, what went wrong, and what can be done next. */

import type { Owner } from "../state/owner.ts";
import type { Standing } from "./questions.ts";

export interface Situation {
  /** Said by what was done last. */
  remark: string;
  /** Of what is asked, and is not answered. */
  standing: Standing | null;
  /** What is asked: "why ‘ Paris’", "without ‘ not’". */
  asked: string;
  /** Who is asked. */
  owner: Owner;
  /** Milliseconds since the owner was heard of, and since the question was sent. */
  silence: number;
  waited: number;
  connected: boolean;
  /** What is selected. */
  selected: "nothing" | "token" | "alternative" | "tokens" | "prompt";
  /** Is the answer to it here? */
  answered: boolean;
  writing: string | null;
}

/** Milliseconds after which it is said that something is waited for. */
export const QUIET = 150;
export const BUSY = 2500;
const SILENT = 10_000;
/** When what is said may change. */
export const STEPS: readonly number[] = [QUIET, BUSY, SILENT];

export function lineOf(now: Situation): string {
  if (now.remark !== "") return now.remark;
  return waitingLine(now) ?? nextLine(now);
}

function waitingLine(now: Situation): string | null {
  const { standing, asked, silence, waited, connected, owner } = now;
  switch (standing?.state) {
    case undefined:
      return null;
    case "unreachable":
      return connected
        ? `${asked} was not computed, and ${owner.missing}.`
        : `${asked} was not computed before the page was saved; open it with the model to ask.`;
    case "failed":
      return `${asked}: ${standing?.why ?? "could not be computed"}`;
    case "dropped":
      return `${asked} was not computed: something else was asked. Press Enter to ask again.`;
    case "computing":
      return waited < QUIET ? "" : `${asked}: computing…`;
    default:
      if (waited > SILENT && silence > SILENT) {
        // A kernel that is another one now does not know of the figure, and a page cannot tell.
        return `${asked} waits: ${owner.unheard}`;
      }
      if (waited > BUSY) return `${asked} waits for ${owner.name}.`;
      return waited < QUIET ? "" : `${asked}: asked…`;
  }
}

function nextLine({ selected, answered, connected, writing }: Situation): string {
  if (writing !== null) return writing;
  if (selected === "prompt")
    return "Delete, mute or replace these tokens to see what that changes.";
  if (selected === "nothing" || !connected) return "";
  if (!answered) return "Press Enter to ask why.";
  if (selected === "alternative") {
    return "Enter goes on from it; x on another token of its place asks why this, not that.";
  }
  return "";
}
