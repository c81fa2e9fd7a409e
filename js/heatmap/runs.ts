/**
 * Which texels stand at which device pixels along one side of the picture.
 *
 * A run is a stretch of pixels of one colour, or one pixel that stands for several texels. Runs
 * follow the content, not the viewport: a picture that is scrolled shows the same pixels elsewhere.
 */

import { cellEdge } from "./layout.ts";

export interface Runs {
  count: number;
  /** The first and the last texel of each run. */
  from: Int32Array;
  to: Int32Array;
  /** Where each run ends, in device pixels from the visible start. */
  end: Int32Array;
}

export interface Side {
  /** Size of a cell in CSS pixels, and how many there are. */
  cell: number;
  count: number;
  /** Device pixels per CSS pixel. */
  ratio: number;
  /** What is visible of the cells, in device pixels from the first cell's edge. */
  start: number;
  length: number;
}

/** How many cells at most a texel may stand for, so that none is larger than a pixel. */
export function coarsest({ cell, ratio }: Pick<Side, "cell" | "ratio">): number {
  return Math.max(1, 1 / (cell * ratio));
}

/** `factor` is how many cells a texel stands for: no more than `coarsest`. */
export function runsOf(side: Side, factor: number): Runs {
  return side.cell * side.ratio < 1 ? pooled(side, factor) : whole(side);
}

/** A pixel for each run: every texel belongs to exactly one. */
function pooled({ cell, count, ratio, start, length }: Side, factor: number): Runs {
  const runs = empty(length);
  const perPixel = 1 / (cell * ratio * factor);
  const last = Math.ceil(count / factor) - 1;
  for (let i = 0; i < length; i++) {
    const from = Math.min(last, Math.floor((start + i) * perPixel));
    const next = Math.floor((start + i + 1) * perPixel);
    runs.from[i] = from;
    runs.to[i] = Math.min(last, Math.max(from, next - 1));
    runs.end[i] = i + 1;
  }
  // The last pixel of all may have been rounded away from the last texel.
  if (length > 0 && start + length >= cellEdge(count, cell, ratio)) runs.to[length - 1] = last;
  runs.count = length;
  return runs;
}

/** A cell for each run. */
function whole({ cell, count, ratio, start, length }: Side): Runs {
  const runs = empty(Math.min(count, length));
  const edge = (index: number) => cellEdge(index, cell, ratio) - start;
  let index = Math.min(count - 1, Math.max(0, Math.floor((start / ratio - 1) / cell)));
  while (index < count - 1 && edge(index + 1) <= 0) index += 1;
  for (; index < count && edge(index) < length; index++) {
    const end = Math.min(length, edge(index + 1));
    const at = runs.count;
    runs.from[at] = index;
    runs.to[at] = index;
    runs.end[at] = end;
    runs.count += 1;
  }
  return runs;
}

function empty(size: number): Runs {
  const list = () => new Int32Array(size);
  return { count: 0, from: list(), to: list(), end: list() };
}
