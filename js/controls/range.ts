/**
 * The arithmetic of the range slider: what moving one end does, and what the slider spans.
 */

import type { Extent } from "../color/extent.ts";
import { unwarped, warped } from "../color/norm.ts";
import type { ResolvedRange } from "../color/range.ts";

export type End = "vmin" | "vmax";

export interface MoveOptions {
  symmetric: boolean;
  /** As it was asked for: it may lie outside the range as it is now. */
  center: number | null;
  /** The least distance between the ends, and from the centre to either, along the scale. */
  smallest: number;
}

type Span = Pick<ResolvedRange, "lo" | "hi" | "log">;

/** The ends after one of them was moved to `value`; with the lock, the other mirrors it. */
export function moveEnd(
  { log, ...ends }: Span,
  end: End,
  to: number,
  { symmetric, center, smallest }: MoveOptions,
): { vmin: number; vmax: number } {
  if (log && to <= 0) return { vmin: ends.lo, vmax: ends.hi }; // there is no such place
  const [lo, hi, value] = [ends.lo, ends.hi, to].map((v) => warped(v, log));
  const back = (place: number) => tidy(unwarped(place, log));
  if (symmetric) {
    const own = center !== null && (center > 0 || !log) ? warped(center, log) : null;
    const middle = own ?? (lo <= 0 && hi >= 0 ? 0 : (lo + hi) / 2);
    const reach = Math.max(smallest, end === "vmax" ? value - middle : middle - value);
    return { vmin: back(middle - reach), vmax: back(middle + reach) };
  }
  return end === "vmin"
    ? { vmin: back(Math.min(value, hi - smallest)), vmax: ends.hi }
    : { vmin: ends.lo, vmax: back(Math.max(value, lo + smallest)) };
}

/** Along the scale: of a logarithmic one, in logarithms. */
export interface Domain {
  min: number;
  max: number;
  step: number;
}

/** A span that holds the data and every range given, equally far on both sides of a centre. */
export function sliderDomain(
  finite: Extent["finite"],
  ranges: readonly Pick<ResolvedRange, "lo" | "hi" | "center" | "log">[],
): Domain {
  const log = ranges[0]?.log;
  const ends = [...(finite ?? []), ...ranges.flatMap(({ lo, hi }) => [lo, hi])]
    .map((end) => warped(end, log))
    .filter(Number.isFinite);
  let min = Math.min(...ends);
  let max = Math.max(...ends);
  const middle = ranges[0]?.center ?? null;
  if (middle !== null) {
    const center = warped(middle, log);
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
