/**
 * Other numbers over some positions, for as long as something is asked of the text: what they
 * cover is coloured by them, and they are written in it. The rest of the path is plain meanwhile;
 * alternatives keep the trace's colours, and so does the colour bar.
 */

import type { ColorScale } from "../color/scale.ts";

export interface Lens {
  /** One for each position from the beginning, as far as they go; NaN where there is none. */
  values: Float32Array;
  scale: ColorScale;
  write: (value: number) => string;
  /** What the values are, as the tooltip says it. */
  name: string;
}

/** Has a lens a value for the token at a position? Alternatives are never covered. */
export function covers(lens: Lens | null, position: number): lens is Lens {
  // What is not there compares as NaN does.
  return lens !== null && lens.values[position] >= -Infinity;
}
