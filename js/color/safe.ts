/** The colour-blind-safe map that stands in for one that is not. */

import { baseName, COLORMAPS, isReversed, reversedName } from "./colormaps.ts";

/** Can it be read with a colour-vision deficiency? Of a map from Python that is not known. */
export function isSafe(name: string): boolean {
  return COLORMAPS.some((map) => map.name === baseName(name) && map.safe);
}

/** Diverging for diverging: a map of Python's own is taken for one where the scale has a centre. */
export function safeInstead(name: string, center: number | null): string {
  const kind = COLORMAPS.find((map) => map.name === baseName(name))?.kind;
  const diverging = kind === undefined ? center !== null : kind === "diverging";
  const safe = diverging ? "RdBu" : "viridis";
  return isReversed(name) ? reversedName(safe) : safe;
}
