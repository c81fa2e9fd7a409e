/** Who has a model's data, in a reader's words: a notebook's kernel, or a command of the shell. */

import type { Model } from "./model.ts";

export interface Owner {
  /** Within a sentence. */
  readonly name: string;
  /** When nothing is heard of it. */
  readonly unheard: string;
  /** When it is known to be gone. */
  readonly missing: string;
  /** What makes it anew. */
  readonly again: string;
}

export const KERNEL: Owner = {
  name: "the kernel",
  unheard: "Python has not been heard of for a while. If it was restarted, run the cell again.",
  missing: "no kernel is there to ask",
  again: "run the cell",
};

export const SERVER: Owner = {
  name: "tokenviz",
  unheard: "tokenviz has not been heard of for a while. If it has ended, run the command again.",
  missing: "tokenviz has ended",
  again: "run the command",
};

export const ownerOf = (model: Model): Owner => (model.isServed ? SERVER : KERNEL);
