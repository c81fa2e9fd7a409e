/**
 * The colour scale: a number to one of 256 colours.
 *
 * Paired with `tokenviz.color.scale.ColorScale`: for the same float the two give the same index.
 */

import { bestTextOn } from "./contrast.ts";
import { warped } from "./norm.ts";
import type { ResolvedRange } from "./range.ts";

export { type ResolvedRange, resolveRange } from "./range.ts";

export type Side = "below" | "inside" | "above" | "nan";

export class ColorScale {
  /** 256 RGB triples. */
  readonly table: Uint8Array;
  readonly range: ResolvedRange;
  /** Those of the range, as they are spread along the scale. */
  readonly #ends: Pick<ResolvedRange, "lo" | "hi" | "center">;
  /** CSS colours by index, made when first asked for. */
  #css: string[] = [];
  #text: ("#000000" | "#ffffff")[] = [];

  constructor(table: Uint8Array, range: ResolvedRange) {
    if (table.length !== 768) {
      throw new RangeError(`a colormap table has 768 bytes (256 × RGB), got ${table.length}`);
    }
    this.table = table;
    this.range = range;
    const { lo, hi, center, log } = range;
    this.#ends = {
      lo: warped(lo, log),
      hi: warped(hi, log),
      center: center === null ? null : warped(center, log),
    };
  }

  /** The place in [0, 1] along the colormap; NaN stays NaN. */
  place(v: number): number {
    const { gamma, log } = this.range;
    const { lo, hi, center } = this.#ends;
    const at = warped(v, log);
    if (center === null) return Math.min(1, Math.max(0, (at - lo) / (hi - lo))) ** gamma;
    const away = at - center;
    const reach = away >= 0 ? hi - center : center - lo;
    const d = reach > 0 ? Math.min(1, Math.max(-1, away / reach)) : Math.sign(away);
    return 0.5 + 0.5 * Math.sign(d) * Math.abs(d) ** gamma;
  }

  /** The index into the table, or -1 for NaN. */
  index(v: number): number {
    if (Number.isNaN(v)) return -1;
    return Math.min(255, Math.floor(this.place(v) * 256));
  }

  /** The colour as CSS. NaN has no colour of its own: ask `side` first. */
  css(v: number): string {
    const i = this.index(v);
    if (i < 0) return "transparent";
    this.#css[i] ??= `rgb(${this.#rgb(i).join(" ")})`;
    return this.#css[i];
  }

  rgb(v: number): readonly [number, number, number] {
    return this.#rgb(Math.max(0, this.index(v)));
  }

  /** Black or white, whichever reads better on the value's colour. */
  textOn(v: number): "#000000" | "#ffffff" {
    const i = Math.max(0, this.index(v));
    this.#text[i] ??= bestTextOn(this.#rgb(i));
    return this.#text[i];
  }

  /** Where a value lies: infinities are below or above, whatever the range. */
  side(v: number): Side {
    if (Number.isNaN(v)) return "nan";
    if (v > this.range.hi) return "above";
    return v < this.range.lo ? "below" : "inside";
  }

  #rgb(i: number): [number, number, number] {
    return [this.table[3 * i], this.table[3 * i + 1], this.table[3 * i + 2]];
  }
}
