/**
 * What the kernel says of a tree, heard once for all views of a model, whether or not one is open.
 * Whoever hears a message first merges it; where one was missed, the rest is asked for.
 */

import type { Model } from "../state/model.ts";
import { type GrowingTree, growingFrom } from "./growing.ts";
import { isNews, type Status, statusOf, type TreeWire } from "./wire.ts";

/** Milliseconds before the kernel is asked again for what is missing. */
const PATIENCE = 1000;

const merged = new WeakSet<object>();
/** When each tree last asked. */
const asked = new WeakMap<TreeWire, number>();

/** The tree of a model; null of one that was closed. */
export function treeOf(model: Model): GrowingTree | null {
  const wire = model.get("_data") as TreeWire | null;
  return wire === null ? null : growingFrom(wire);
}

/** Hears as long as the model lives. */
export function listen(model: Model, signal: AbortSignal | undefined): void {
  const hearing = (content: unknown, buffers: unknown) => {
    hear(model, content, buffers);
  };
  model.on("msg:custom", hearing);
  signal?.addEventListener("abort", () => model.off("msg:custom", hearing));
}

/**
 * Merges a message, unless that is done. Says whether it is one of ours, and how it stands with what
 * is being written, where the message says that.
 */
export function hear(
  model: Model,
  content: unknown,
  buffers: unknown,
): { live: Status | null } | null {
  if (!isNews(content)) return null;
  const growing = treeOf(model);
  if (growing === null) return null;
  if (!merged.has(content)) {
    merged.add(content);
    if (!growing.take(content, (buffers ?? []) as DataView[])) askFor(model, growing.known);
  }
  return { live: "live" in content ? statusOf(content.live) : null };
}

function askFor(model: Model, known: object): void {
  const wire = model.get("_data") as TreeWire;
  const now = performance.now();
  if (now - (asked.get(wire) ?? -Infinity) < PATIENCE) return;
  asked.set(wire, now);
  model.send?.({ tokenviz: "missing", ...known });
}
