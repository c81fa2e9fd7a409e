/**
 * Values to pixels, a million at a time: the colour scale as a table of stretches of values.
 *
 * The range is cut into equal stretches. Where a whole stretch has one colour the table holds it;
 * where one edge between two colours lies in it, the table holds both and the first float32 of the
 * second; elsewhere the scale itself is asked. So the answer is always the scale's own, and mostly
 * costs a multiplication, a comparison and a look into a table.
 */

import type { ColorScale } from "./scale.ts";

/** Of the range. Prime, so that edges between colours lie inside stretches and not between two. */
const STRETCHES = 4099;
/** As many again on either side: there a value is looked up like any other. */
const ALL = 3 * STRETCHES;
/** Edges further from 0 are not looked for: float32 ends soon after. */
const FARTHEST = 3e38;
/** Of a stretch: how far beyond its ends one colour must reach for rounding not to matter. */
const MARGIN = 1 / 64;

export class ColorLookup {
  readonly #scale: ColorScale;
  /** Pixels by index, as they lie in an ImageData on a little-endian machine. */
  readonly #pixels = new Uint32Array(256);
  /** By stretch: the pixel before the edge, and from it on; 0, where the scale is to be asked. */
  readonly #pairs = new Uint32Array(2 * ALL);
  readonly #edges = new Float32Array(ALL);
  readonly #start: number;
  readonly #perUnit: number;
  /** The pixels of what lies further away. */
  readonly #below: number;
  readonly #above: number;

  constructor(scale: ColorScale) {
    this.#scale = scale;
    const { lo, hi, gamma, log } = scale.range;
    const span = hi - lo;
    this.#start = lo - span;
    this.#perUnit = STRETCHES / span;
    const { table } = scale;
    for (let i = 0; i < 256; i++) {
      this.#pixels[i] =
        (0xff000000 | (table[3 * i + 2] << 16) | (table[3 * i + 1] << 8) | table[3 * i]) >>> 0;
    }
    this.#below = this.#pixels[scale.index(-Infinity)];
    this.#above = this.#pixels[scale.index(Infinity)];
    // The stretches next to the range are looked at with it: its ends may be edges, too.
    const [first, end] = [STRETCHES - 1, 2 * STRETCHES + 1];
    this.#pairs.fill(this.#below, 0, 2 * first).fill(this.#above, 2 * end);
    const at = (stretch: number) => lo + span * (stretch / STRETCHES - 1);
    for (let s = first; s < end; s++)
      this.#fill(s, at(s - MARGIN), at(s + 1 + MARGIN), gamma === 1 && !log);
  }

  #fill(stretch: number, start: number, end: number, exact: boolean): void {
    const scale = this.#scale;
    const [first, last] = [scale.index(start), scale.index(end)];
    // A power, or a logarithm, is not monotonic to the last bit: there is no first value to find.
    const findable = exact && start > -FARTHEST && end < FARTHEST;
    if (last - first > 1 || (last > first && !findable)) return;
    this.#pairs[2 * stretch] = this.#pixels[first];
    this.#pairs[2 * stretch + 1] = this.#pixels[last];
    if (last > first) this.#edges[stretch] = firstOf(scale, last, start, end);
  }

  /**
   * Pixels of `count` values from `values[from]` on into `out`. NaN is transparent black; returns
   * whether there was one.
   */
  paint(values: Float32Array, from: number, count: number, out: Uint32Array): boolean {
    const scale = this.#scale;
    const { lo, hi } = scale.range;
    const pixels = this.#pixels;
    const [below, above] = [this.#below, this.#above];
    const [start, perUnit] = [this.#start, this.#perUnit];
    const [pairs, edges] = [this.#pairs, this.#edges];
    let nan = false;
    for (let i = 0; i < count; i++) {
      const v = values[from + i];
      // Of values inside and outside of a range no order can be guessed, but few are far outside.
      const exact = (v - start) * perUnit;
      let pixel = 0;
      if (exact >= 0 && exact < ALL) {
        const stretch = exact | 0;
        // A number and no choice: which side of an edge is a guess that a processor loses.
        pixel = pairs[2 * stretch + Number(v >= edges[stretch])];
      } else if (v < lo) pixel = below;
      else if (v > hi) pixel = above;
      if (pixel === 0) {
        const index = scale.index(v);
        if (index < 0) nan = true;
        else pixel = pixels[index];
      }
      out[i] = pixel;
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
