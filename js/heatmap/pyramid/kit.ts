/**
 * What builds pyramids, once in the bundle for both of its users: this page calls it, and a worker
 * is sent its source. So nothing in it may refer to anything outside: js/bundled.mjs sees to that.
 */

import alone from "./worker.ts?alone";

const make = alone as () => typeof import("./worker.ts");

export const { bitsOf, build, buildNow, extreme, extremeBits, gather, halving } = make();

/** The script of a worker. */
export const WORKER = `(${make})().answerIn(self)`;
