/**
 * The arithmetic of the range slider: what moving one end does, and what the slider spans.
 */

import type { Extent } from "../color/extent.ts";
import type { ResolvedRange } from "../color/range.ts";

export type End = "vmin" | "vmax";

export interface MoveOptions {
  symmetric: boolean;
  /** As it was asked for: it may lie outside the range as it is now. */
  center: number | null;
  /** The least distance between the ends, and from the centre to either. */
  smallest: number;
}

/** The ends after one of them was moved to `value`; with the lock, the other mirrors it. */
export function moveEnd(
  { lo, hi }: Pick<ResolvedRange, "lo" | "hi">,
  end: End,
  value: number,
  { symmetric, center, smallest }: MoveOptions,
): { vmin: number; vmax: number } {
  if (symmetric) {
    const middle = center ?? (lo <= 0 && hi >= 0 ? 0 : (lo + hi) / 2);
    const reach = Math.max(smallest, end === "vmax" ? value - middle : middle - value);
    return { vmin: tidy(middle - reach), vmax: tidy(middle + reach) };
  }
  return end === "vmin"
    ? { vmin: tidy(Math.min(value, hi - smallest)), vmax: hi }
    : { vmin: lo, vmax: tidy(Math.max(value, lo + smallest)) };
}

export interface Domain {
  min: number;
  max: number;
  step: number;
}

/** A span that holds the data and every range given, equally far on both sides of a centre. */
export function sliderDomain(
  finite: Extent["finite"],
  ranges: readonly Pick<ResolvedRange, "lo" | "hi" | "center">[],
): Domain {
  const ends = [...(finite ?? []), ...ranges.flatMap(({ lo, hi }) => [lo, hi])];
  let min = Math.min(...ends);
  let max = Math.max(...ends);
  const center = ranges[0]?.center ?? null;
  if (center !== null) {
    const reach = Math.max(max - center, center - min);
    [min, max] = [center - reach, center + reach];
  }
  const step = 10 ** Math.floor(Math.log10((max - min) / 100));
  return {
    min: tidy(Math.floor(min / step + 1e-9) * step),
    max: tidy(Math.ceil(max / step - 1e-9) * step),
    step: tidy(step),
  };
}

/** Without the noise that binary arithmetic leaves in decimal numbers. */
export function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
