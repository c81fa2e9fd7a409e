/**
 * Where the colour bar has ticks, and how they are written; paired with `tokenviz.color.ticks`.
 *
 * Both ends are ticks, so that the range can be read, however short the bar; between them stand
 * round numbers. All are written alike, with as many digits as tell where on the bar they stand.
 */

import { tickStep, ticks } from "d3-array";
import { fixed, scientific } from "./numbers.ts";

export interface Tick {
  value: number;
  text: string;
}

/** Round numbers nearer than this to an end, in shares of a tick's room, give way to it. */
const NEAR = 0.6;
/** A tick is written to this share of the range. */
const READ = 1 / 200;
const MOST_DIGITS = 17;

export function colorTicks(lo: number, hi: number, count: number): Tick[] {
  const step = tickStep(lo, hi, count);
  const near = (NEAR * (hi - lo)) / count;
  const inner = ticks(lo, hi, count).filter((value) => value - lo >= near && hi - value >= near);
  const magnitude = Math.max(Math.abs(lo), Math.abs(hi));
  const plain = magnitude < 1e6 && step >= 1e-5;
  const text = (value: number, digits: number) =>
    plain ? fixed(value, digits) : value === 0 ? "0" : scientific(value, digits);
  const values = [lo, ...inner, hi];
  let digits = Math.max(0, (plain ? 0 : exponent(magnitude)) - exponent(step));
  const unread = (value: number) =>
    Math.abs(Number(text(value, digits).replaceAll("−", "-")) - value) > READ * (hi - lo);
  while (digits < MOST_DIGITS && values.some(unread)) digits++;
  return values.map((value) => ({ value, text: text(value, digits) }));
}

/** Of ten, in scientific notation. */
function exponent(value: number): number {
  return Math.floor(Math.log10(value) + 1e-9);
}
