/**
 * Yes and no on the path. What a mask leaves out steps back, in a faint colour; what any other flag
 * marks is striped.
 */

import type { TraceData } from "../data/trace.ts";

export interface Flagged {
  /** 1 where a token is dimmed or striped. */
  marked: Uint8Array;
  dims: boolean;
  /** What that means, for the legend and in words. */
  meaning: string;
  /** Of how many tokens that is said: a prompt's are not among them. */
  tokens: number;
}

/** As `is_mask` of `tokenviz.data.flags`. */
const MASK = /mask|trainable/i;

/** Does a flag dim what it leaves out, as a mask does, or stripe what it marks? */
export function dimsBy(name: string): boolean {
  return MASK.test(name);
}

/** What a flag marks; null where the trace has none of that name. */
export function flaggedBy(
  { flags = [], given = 0 }: TraceData,
  name: string | null,
): Flagged | null {
  const flag = flags.find((each) => each.name === name);
  if (flag === undefined) return null;
  const dims = dimsBy(flag.name);
  return {
    marked: dims ? flag.values.map((yes, i) => (i < given ? 0 : 1 - yes)) : flag.values,
    dims,
    meaning: dims ? `not in ${name}` : flag.name,
    tokens: flag.values.length - given,
  };
}

/** What the marks mean, and how many tokens have one. */
export function legendOf({ marked, dims, meaning, tokens }: Flagged): string {
  const count = marked.reduce((sum, each) => sum + each, 0);
  return `${dims ? "dimmed" : "striped"}: ${meaning} (${percent(count / tokens || 0)})`;
}

/** A share as people say it: "38 %", "<1 %". */
export function percent(share: number): string {
  return `${share > 0 && share < 0.01 ? "<1" : Math.round(100 * share)} %`;
}
