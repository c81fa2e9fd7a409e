/**
 * To the kernel that holds the values, over the model's custom messages.
 *
 * The other end is `tokenviz.tiles.answering`. A page that was exported has no other end.
 */

import type { Model } from "../../state/model.ts";
import { type Owner, ownerOf } from "../../state/owner.ts";

export interface Link {
  readonly owner: Owner;
  /** Says something; false when nobody can hear it. */
  send(content: object): boolean;
  /** Calls with what is said to this widget, and when its connection is lost. */
  listen(
    heard: (content: unknown, buffers: unknown) => void,
    lost: () => void,
    signal: AbortSignal,
  ): void;
}

/** What ipywidgets' models tell of their connection. */
const LOST = ["comm:close", "comm_live_update"];

export function linkTo(model: Model): Link | null {
  if (model.send === undefined) return null;
  return {
    owner: ownerOf(model),
    send(content) {
      try {
        model.send?.(content);
        return true;
      } catch {
        return false;
      }
    },
    listen(heard, lost, signal) {
      model.on("msg:custom", heard);
      for (const event of LOST) model.on(event, lost);
      signal.addEventListener("abort", () => {
        model.off("msg:custom", heard);
        for (const event of LOST) model.off(event, lost);
      });
    },
  };
}
