/** The messages of a chat, as stretches of the prompt's positions. */

import type { Prompt } from "../data/trace.ts";
import { stretches, type Turn } from "../trace/bands.ts";

/** What a chat's template adds around the messages. */
const TEMPLATE = "template";

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
