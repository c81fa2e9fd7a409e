/**
 * What the kernel says of a text while it is written, heard once for all views of a model.
 *
 * The model hears it (`listen`, from anywidget's `initialize`), so that nothing is lost while no
 * view is open. Views hear the same message, after it or, where a host has no `initialize`, first:
 * whoever is first merges it.
 */

import type { LiveStatus, TraceData } from "../data/trace.ts";
import { growingFrom, type News, type Piece } from "../live/growing.ts";
import type { TraceWire } from "../wire/codec.ts";
import type { Model } from "./model.ts";

/** Milliseconds before the kernel is asked again for what is missing. */
const PATIENCE = 1000;

const merged = new WeakSet<object>();
/** When each trace last asked. */
const asked = new WeakMap<TraceWire, number>();

/** Hears of a text as long as the model lives. */
export function listen(model: Model, signal: AbortSignal | undefined): void {
  if (model.get("_kind") !== "trace") return;
  const hearing = (content: unknown, buffers: unknown) => {
    hear(model, content, buffers);
  };
  model.on("msg:custom", hearing);
  signal?.addEventListener("abort", () => model.off("msg:custom", hearing));
}

/** Merges a message, unless that is done; gives what there is now, or null if it is not for us. */
export function hear(
  model: Model,
  content: unknown,
  buffers: unknown,
): { status: LiveStatus; data: TraceData } | null {
  if (!isNews(content)) return null;
  const wire = model.get("_data") as TraceWire | null;
  if (wire === null) return null; // the model was closed
  const growing = growingFrom(wire);
  if (isPiece(content) && !merged.has(content)) {
    merged.add(content);
    if (!growing.take(content, (buffers as DataView[])[0])) askFor(model, wire, growing.known);
  }
  return { status: content.live, data: growing.data };
}

function askFor(model: Model, wire: TraceWire, known: object): void {
  const now = performance.now();
  if (now - (asked.get(wire) ?? -Infinity) < PATIENCE) return;
  asked.set(wire, now);
  model.send?.({ tokenviz: "missing", ...known });
}

function isNews(content: unknown): content is News {
  return (content as Partial<News> | null)?.tokenviz === "grown";
}

function isPiece(news: News): news is News & Piece {
  return news.positions !== undefined;
}
