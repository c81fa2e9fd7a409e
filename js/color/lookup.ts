/**
 * Values to pixels, a million at a time: the colour scale as a table of stretches of values.
 *
 * The range is cut into equal stretches. Where a whole stretch has one colour the table holds it;
 * where one edge between two colours lies in it, the table holds both and the first float32 of the
 * second; elsewhere the scale itself is asked. So the answer is always the scale's own, and mostly
 * costs a multiplication, a comparison and a look into a table.
 */

import type { ColorScale } from "./scale.ts";

/** Prime, so that edges between colours lie inside stretches and not between two. */
const STRETCHES = 4099;
/** Of a stretch: how far beyond its ends one colour must reach for rounding not to matter. */
const MARGIN = 1 / 64;

export class ColorLookup {
  readonly #scale: ColorScale;
  /** Pixels by index, as they lie in an ImageData on a little-endian machine. */
  readonly #pixels = new Uint32Array(256);
  /** By stretch: the pixel before the edge, and from it on; 0, where the scale is to be asked. */
  readonly #pairs = new Uint32Array(2 * (STRETCHES + 1));
  readonly #edges = new Float32Array(STRETCHES + 1);
  readonly #perUnit: number;

  constructor(scale: ColorScale) {
    this.#scale = scale;
    const { lo, hi, gamma } = scale.range;
    this.#perUnit = STRETCHES / (hi - lo);
    const { table } = scale;
    for (let i = 0; i < 256; i++) {
      this.#pixels[i] =
        (0xff000000 | (table[3 * i + 2] << 16) | (table[3 * i + 1] << 8) | table[3 * i]) >>> 0;
    }
    const at = (stretch: number) =>
      Math.min(hi, Math.max(lo, lo + (hi - lo) * (stretch / STRETCHES)));
    for (let s = 0; s < STRETCHES; s++) {
      const [start, end] = [at(s - MARGIN), at(s + 1 + MARGIN)];
      const [first, last] = [scale.index(start), scale.index(end)];
      // A power is not monotonic to the last bit: then there is no first value to find.
      if (last - first > 1 || (last > first && gamma !== 1)) continue;
      this.#pairs[2 * s] = this.#pixels[first];
      this.#pairs[2 * s + 1] = this.#pixels[last];
      if (last > first) this.#edges[s] = firstOf(scale, last, start, end);
    }
  }

  /**
   * Pixels of `count` values from `values[from]` on into `out`. NaN is transparent black; returns
   * whether there was one.
   */
  paint(values: Float32Array, from: number, count: number, out: Uint32Array): boolean {
    const scale = this.#scale;
    const { lo, hi } = scale.range;
    const pixels = this.#pixels;
    const [below, above] = [pixels[scale.index(-Infinity)], pixels[scale.index(Infinity)]];
    const perUnit = this.#perUnit;
    const [pairs, edges] = [this.#pairs, this.#edges];
    let nan = false;
    for (let i = 0; i < count; i++) {
      const v = values[from + i];
      if (v < lo) out[i] = below;
      else if (v > hi) out[i] = above;
      else {
        // NaN, and a range so narrow that the product overflows, fail this comparison.
        const exact = (v - lo) * perUnit;
        const stretch = exact <= STRETCHES ? exact | 0 : STRETCHES;
        // A number and no choice: which side of an edge is a guess that a processor loses.
        let pixel = pairs[2 * stretch + Number(v >= edges[stretch])];
        if (pixel === 0) {
          const index = scale.index(v);
          if (index < 0) nan = true;
          else pixel = pixels[index];
        }
        out[i] = pixel;
      }
    }
    return nan;
  }
}

/** The first float32 between two values that has an index; the first of the two has a lower one. */
function firstOf(scale: ColorScale, index: number, start: number, end: number): number {
  // Further apart than rounding to float32 could bring them together.
  const slack = Math.max(Math.abs(start), Math.abs(end)) * 2 ** -22;
  let [low, high] = [Math.fround(start - slack), Math.fround(end + slack)];
  for (;;) {
    const middle = Math.fround((low + high) / 2);
    if (middle === low || middle === high) return high;
    if (scale.index(middle) < index) low = middle;
    else high = middle;
  }
}

const lookups = new WeakMap<ColorScale, ColorLookup>();

/** The lookup of a scale, made once. */
export function lookupOf(scale: ColorScale): ColorLookup {
  let lookup = lookups.get(scale);
  if (lookup === undefined) {
    lookup = new ColorLookup(scale);
    lookups.set(scale, lookup);
  }
  return lookup;
}
