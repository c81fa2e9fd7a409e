/** Where the colour bar has ticks, and how they are written: all with the same decimals. */

import { tickStep, ticks } from "d3-array";
import { fixed, scientific } from "./numbers.ts";

export interface Tick {
  value: number;
  text: string;
}

export function colorTicks(lo: number, hi: number, count: number): Tick[] {
  const step = tickStep(lo, hi, count);
  const magnitude = Math.max(Math.abs(lo), Math.abs(hi));
  const plain = magnitude < 1e6 && step >= 1e-5;
  const decimals = plain ? Math.max(0, -exponent(step)) : 0;
  const digits = Math.max(0, exponent(magnitude) - exponent(step));
  return ticks(lo, hi, count).map((value) => ({
    value,
    text: plain || value === 0 ? fixed(value, decimals) : scientific(value, digits),
  }));
}

/** Of ten, in scientific notation. */
function exponent(value: number): number {
  return Math.floor(Math.log10(value) + 1e-9);
}
