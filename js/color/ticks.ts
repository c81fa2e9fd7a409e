/** Where the colour bar has ticks, and how they are written: all with the same decimals. */

import { tickStep, ticks } from "d3-array";
import { fixed } from "../numbers.ts";

export interface Tick {
  value: number;
  text: string;
}

export function colorTicks(lo: number, hi: number, count: number): Tick[] {
  const step = tickStep(lo, hi, count);
  const magnitude = Math.max(Math.abs(lo), Math.abs(hi));
  const plain = magnitude < 1e6 && step >= 1e-5;
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const digits = Math.max(0, Math.floor(Math.log10(magnitude / step) + 1e-9));
  return ticks(lo, hi, count).map((value) => ({
    value,
    text: plain ? fixed(value, decimals) : scientific(value, digits),
  }));
}

function scientific(value: number, digits: number): string {
  if (value === 0) return "0";
  return value.toExponential(digits).replaceAll("-", "−").replace("e+", "e");
}
