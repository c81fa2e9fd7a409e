/** What tests of several folders need: an even font, and the same random numbers in every run. */

import { TextMeasure } from "./canvas/text.ts";

/** Text half an em wide per UTF-16 unit: what a real font gives is the browser tests' matter. */
export function evenMeasure(): TextMeasure {
  const context = {
    font: "",
    measureText: (text: string) => ({
      width: text.length * 0.5 * Number.parseFloat(context.font.replace("bold ", "")),
    }),
  };
  return new TextMeasure(context);
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
