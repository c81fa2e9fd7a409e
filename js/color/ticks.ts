/**
 * Where the colour bar has ticks, and how they are written; paired with `tokenviz.color.ticks`.
 *
 * Both ends are ticks, so that the range can be read, however short the bar; between them stand
 * round numbers, on a logarithmic scale powers of two, of wide ones of ten. All are written alike,
 * with as many digits as tell where on the bar they stand.
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
/** How many times its lower end a logarithmic range reaches that has powers of two, of ten. */
const OCTAVES = 4;
const DECADES = 100;
const FRACTIONS: Record<number, string> = {
  ...{ 2: "½", 4: "¼", 8: "⅛" },
  ...{ 16: "1/16", 32: "1/32", 64: "1/64" },
};

export function colorTicks(lo: number, hi: number, count: number, log?: boolean): Tick[] {
  if (log && hi >= OCTAVES * lo) return powers(lo, hi, count);
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

/** The ends, and between them powers of two or of ten, every so many. */
function powers(lo: number, hi: number, count: number): Tick[] {
  const base = hi < DECADES * lo ? 2 : 10;
  const span = Math.log(hi / lo);
  const stride = Math.ceil(span / Math.log(base) / count - 1e-9);
  const near = (NEAR * span) / count;
  const [first, last] = [lo, hi].map((v) => Math.floor(Math.log(v) / Math.log(base) / stride));
  const values = [lo];
  for (let k = first; k <= last; k++) {
    const value = base ** (stride * k);
    if (Math.log(value / lo) >= near && Math.log(hi / value) >= near) values.push(value);
  }
  return [...values, hi].map((value) => ({ value, text: threeDigits(value, base) }));
}

/** As many significant digits at most; a power of two below 1 as a fraction. */
function threeDigits(value: number, base: number): string {
  const fraction = base === 2 && FRACTIONS[1 / value];
  if (fraction) return fraction;
  const plain = value >= 1e-5 && value < 1e6;
  const text = plain ? fixed(value, Math.max(0, 2 - exponent(value))) : scientific(value, 2);
  return text.replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "");
}

/** Of ten, in scientific notation. */
function exponent(value: number): number {
  return Math.floor(Math.log10(value) + 1e-9);
}
