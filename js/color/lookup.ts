/**
 * Values to pixels, a million at a time: the colour scale as a table of stretches of values.
 *
 * The range is cut into equal stretches. Where a whole stretch has one colour the table holds it;
 * where it holds an edge between two colours, the scale itself is asked. So the answer is always
 * the scale's own, and mostly costs a multiplication and a look into a table.
 */

import type { ColorScale } from "./scale.ts";

/** Prime, so that edges between colours lie inside stretches and not between two. */
const STRETCHES = 4099;
/** Of a stretch: how far beyond its ends one colour must reach for rounding not to matter. */
const MARGIN = 1 / 64;
/** In the table: ask the scale. */
const ASK = -1;

export class ColorLookup {
  readonly #scale: ColorScale;
  readonly #indices = new Int16Array(STRETCHES + 1).fill(ASK);
  /** Pixels by index, as they lie in an ImageData on a little-endian machine. */
  readonly #pixels = new Uint32Array(256);
  /** The same by stretch; 0, which is no pixel of the scale's, where the scale is to be asked. */
  readonly #byStretch = new Uint32Array(STRETCHES + 1);
  readonly #below: number;
  readonly #above: number;
  readonly #perUnit: number;

  constructor(scale: ColorScale) {
    this.#scale = scale;
    const { lo, hi } = scale.range;
    this.#perUnit = STRETCHES / (hi - lo);
    this.#below = scale.index(-Infinity);
    this.#above = scale.index(Infinity);
    const { table } = scale;
    for (let i = 0; i < 256; i++) {
      this.#pixels[i] =
        (0xff000000 | (table[3 * i + 2] << 16) | (table[3 * i + 1] << 8) | table[3 * i]) >>> 0;
    }
    const at = (stretch: number) =>
      scale.index(Math.min(hi, Math.max(lo, lo + (hi - lo) * (stretch / STRETCHES))));
    for (let s = 0; s < STRETCHES; s++) {
      const first = at(s - MARGIN);
      if (first !== at(s + 1 + MARGIN)) continue;
      this.#indices[s] = first;
      this.#byStretch[s] = this.#pixels[first];
    }
  }

  /** What `ColorScale.index` says: 0 to 255, or -1 for NaN. */
  index(v: number): number {
    const { lo, hi } = this.#scale.range;
    if (v < lo) return this.#below;
    if (v > hi) return this.#above;
    const stretch = (v - lo) * this.#perUnit;
    // NaN, and a range so narrow that the product overflows, fail this comparison.
    const index = stretch <= STRETCHES ? this.#indices[stretch | 0] : ASK;
    return index === ASK ? this.#scale.index(v) : index;
  }

  /**
   * Pixels of `count` values from `values[from]` on into `out`. NaN is transparent black; returns
   * whether there was one.
   */
  paint(values: Float32Array, from: number, count: number, out: Uint32Array): boolean {
    const { lo, hi } = this.#scale.range;
    const [below, above] = [this.#pixels[this.#below], this.#pixels[this.#above]];
    const perUnit = this.#perUnit;
    const byStretch = this.#byStretch;
    let nan = false;
    for (let i = 0; i < count; i++) {
      const v = values[from + i];
      if (v < lo) out[i] = below;
      else if (v > hi) out[i] = above;
      else {
        const stretch = (v - lo) * perUnit;
        let pixel = stretch <= STRETCHES ? byStretch[stretch | 0] : 0;
        if (pixel === 0) {
          const index = this.#scale.index(v);
          if (index < 0) nan = true;
          else pixel = this.#pixels[index];
        }
        out[i] = pixel;
      }
    }
    return nan;
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
