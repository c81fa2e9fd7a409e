/**
 * All that a worker needs to build a pyramid. The renderer calls some of it itself: kit.ts holds
 * the one copy of both.
 */

import { type BuildOptions, buildNow } from "./build.ts";

export { build, buildNow, gather, halving } from "./build.ts";
export { bitsOf, extreme, extremeBits } from "./extreme.ts";

/** A worker's global scope. */
export interface Scope {
  onmessage: (event: { data: BuildOptions }) => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** The worker's end: builds what it is asked for, answers once. */
export function answerIn(scope: Scope): void {
  scope.onmessage = ({ data }) => {
    const built = buildNow(data);
    scope.postMessage(
      built,
      built.levels.map(({ values }) => values.buffer as ArrayBuffer),
    );
  };
}
