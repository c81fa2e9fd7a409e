/** Values as the trace writes them: with a dash where none is known, "≥" before a lower bound. */

import { type Notation, write } from "../color/notation.ts";
import { type ChannelValues, PLAIN_DECIMALS } from "../data/channels.ts";
import type { TraceData } from "../data/trace.ts";

export const UNKNOWN = "–";

/** Of probabilities, where the channel says nothing. */
export const PLAIN: Notation = { decimals: PLAIN_DECIMALS, scientific: false };

/** A value in a cell. */
export function cellValue(value: number, notation: Notation): string {
  return Number.isNaN(value) ? UNKNOWN : write(value, notation);
}

/** What is written in the cells: the numbers of a channel. */
export interface Numbers {
  channel: string;
  values: ChannelValues;
  notation: Notation;
}

export interface Written {
  data: TraceData;
  /** Of all alternatives: under those that the channel says nothing of. */
  alternativeProbabilities: Float32Array;
  numbers: Numbers;
}

/** The number in a cell, or a dash. */
export function written(source: Written, position: number, slot: number): string {
  const { data, alternativeProbabilities, numbers } = source;
  const { values, notation } = numbers;
  if (slot === 0) {
    const bound = values.bounds?.[position] ? AT_LEAST : "";
    return bound + cellValue(values.chosen[position], notation);
  }
  const j = data.offsets[position] + slot - 1;
  return values.alternatives === null
    ? cellValue(alternativeProbabilities[j], PLAIN)
    : cellValue(values.alternatives[j], notation);
}

/** Before a lower bound. */
export const AT_LEAST = "≥ ";

/** Four significant digits, so that 0.9996 and 0.0000123 both say something. */
export function significant(value: number): string {
  return value === 0 ? "0" : value.toPrecision(4).replaceAll("-", "−");
}
