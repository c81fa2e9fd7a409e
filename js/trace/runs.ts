/** Boxes side by side as one: what is outlined together on a row or a line. */

import type { Rect } from "../canvas/geometry.ts";

/** Neighbours in the list that stand on one row, joined; a run of right-to-left text may go back. */
export function runsOf(boxes: Iterable<Rect>): Rect[] {
  const runs: Rect[] = [];
  for (const { x, y, width, height } of boxes) {
    const last = runs[runs.length - 1];
    if (last?.y !== y || last.height !== height) {
      runs.push({ x, y, width, height });
      continue;
    }
    const right = Math.max(last.x + last.width, x + width);
    last.x = Math.min(last.x, x);
    last.width = right - last.x;
  }
  return runs;
}
