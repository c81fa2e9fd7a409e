/**
 * The state as a page or a saved output carries it: JSON, and the binary leaves in base64.
 *
 * Paired with `tokenviz.export.embed`. A page holds each leaf as the text of a script element, in
 * the order of the paths; a saved output has them in the JSON, beside their paths.
 */

import { fromBase64 } from "./base64.ts";

export interface EmbeddedState {
  state: Record<string, unknown>;
  buffers: { path: (string | number)[]; base64?: string }[];
}

/** An element whose text is a leaf. */
export type TextHolder = Pick<HTMLElement, "textContent" | "dataset">;

/** Characters beyond which a leaf's text is not kept beside what it was decoded to. */
const LARGE = 2 ** 20;

type Branch = Record<string | number, unknown>;

/**
 * The traits, with each buffer put back as a DataView where it belongs. The text of large elements
 * is dropped, which leaves a mark on them; throws when one that is needed was dropped before.
 */
export function readState(
  { state, buffers }: EmbeddedState,
  elements: ArrayLike<TextHolder> = [],
): Record<string, unknown> {
  buffers.forEach(({ path, base64 }, i) => {
    let branch = state as Branch;
    for (const key of path.slice(0, -1)) branch = branch[key] as Branch;
    const bytes = fromBase64(base64 ?? take(elements[i]));
    branch[path[path.length - 1]] = new DataView(bytes.buffer);
  });
  return state;
}

function take(element: TextHolder | undefined): string {
  if (element === undefined || element.dataset.tokenvizTaken !== undefined) {
    throw new Error("the page was saved without this figure's data");
  }
  const text = element.textContent ?? "";
  if (text.length > LARGE) {
    element.textContent = "";
    element.dataset.tokenvizTaken = "";
  }
  return text;
}
