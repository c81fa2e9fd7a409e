/** Positions whose token was less probable than a threshold. */

import { PROBABILITY_TOLERANCE } from "../alternatives.ts";

/** Ascending. Where no probability is known there is no surprise. */
export function positionsUnder(logprobs: Float32Array, threshold: number): Uint32Array {
  const most = Math.log(Math.max(0, threshold - PROBABILITY_TOLERANCE));
  const found = new Uint32Array(logprobs.length);
  let count = 0;
  for (let position = 0; position < logprobs.length; position++) {
    if (logprobs[position] < most) found[count++] = position;
  }
  return found.slice(0, count);
}

/**
 * Index of the entry of an ascending list that comes next after a value (or before it), around the
 * ends; -1 when the list is empty.
 */
export function neighbour(list: ArrayLike<number>, value: number, direction: 1 | -1): number {
  if (list.length === 0) return -1;
  const after = firstAtLeast(list, direction === 1 ? value + 1 : value);
  const at = direction === 1 ? after : after - 1;
  return (at + list.length) % list.length;
}

/** Index of the first entry that is at least a value; the length when none is. */
export function firstAtLeast(list: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
