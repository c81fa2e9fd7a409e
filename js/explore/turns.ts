/** The messages of a chat, as stretches of the prompt's positions. */

import type { Prompt } from "../data/trace.ts";

/** What a chat's template adds around the messages. */
const TEMPLATE = "template";

export interface Stretch {
  start: number;
  /** The position after the last. */
  stop: number;
}

export interface Turn extends Stretch {
  /** Whose message it is; null where the template alone says so. */
  role: string | null;
  /** Its tokens, in stretches of the message's own and of the template's. */
  parts: readonly (Stretch & { template: boolean })[];
}

/** Positions with the same turn, or where turns are not known the same role, side by side. */
export function turnsOf({ roles, turns }: Prompt): Turn[] {
  if (roles === null) return [];
  const found: Turn[] = [];
  for (const { start, stop } of stretches(turns ?? roles, 0)) {
    const own = roles.slice(start, stop);
    const parts = stretches(
      own.map((role) => role === TEMPLATE),
      start,
    ).map((part) => ({ ...part, template: roles[part.start] === TEMPLATE }));
    found.push({ start, stop, role: own.find((role) => role !== TEMPLATE) ?? null, parts });
  }
  return found;
}

/** Where equal entries stand side by side, counted from `from`. */
function stretches(entries: readonly unknown[], from: number): Stretch[] {
  const found: Stretch[] = [];
  entries.forEach((entry, i) => {
    if (i === 0 || entry !== entries[i - 1]) found.push({ start: from + i, stop: from + i });
    found[found.length - 1].stop = from + i + 1;
  });
  return found;
}
