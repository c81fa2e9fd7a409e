/**
 * Text widths and ellipsis, cached: measuring is the dearest thing a painter does.
 */

import { type Ink, inkOf, isPlain, type Metrics } from "./ink.ts";

/** The part of a 2D context that measuring needs. */
export interface TextMeasurer {
  font: string;
  measureText(text: string): Metrics;
}

const ELLIPSIS = "…";
const CACHE_LIMIT = 20_000;

export class TextMeasure {
  readonly #context: TextMeasurer;
  /** Widths by font and text. */
  readonly #widths = new Map<string, number>();
  /** Of texts whose paint does not follow from their width. */
  readonly #inks = new Map<string, Ink>();

  constructor(context: TextMeasurer) {
    this.#context = context;
  }

  /** The advance width in CSS pixels of `text` in the CSS font `font`. */
  width(text: string, font: string): number {
    const key = `${font}\n${text}`;
    let width = this.#widths.get(key);
    if (width === undefined) {
      if (this.#context.font !== font) this.#context.font = font;
      width = this.#context.measureText(text).width;
      if (this.#widths.size >= CACHE_LIMIT) this.#widths.clear();
      this.#widths.set(key, width);
    }
    return width;
  }

  /** What `text` paints: as wide as its advance, or wider where a mark or a flourish reaches out. */
  ink(text: string, font: string): Ink {
    if (isPlain(text)) return { left: 0, width: this.width(text, font), ascent: 0, descent: 0 };
    const key = `${font}\n${text}`;
    let ink = this.#inks.get(key);
    if (ink === undefined) {
      if (this.#context.font !== font) this.#context.font = font;
      ink = inkOf(this.#context.measureText(text));
      if (this.#inks.size >= CACHE_LIMIT) this.#inks.clear();
      this.#inks.set(key, ink);
    }
    return ink;
  }

  /** `text`, or as much of its beginning as fits with an ellipsis, or "" when not even that. */
  fit(text: string, font: string, maxWidth: number): string {
    if (this.width(text, font) <= maxWidth) return text;
    if (this.width(ELLIPSIS, font) > maxWidth) return "";
    const characters = Array.from(text);
    let kept = 0;
    let tooMany = characters.length;
    while (tooMany - kept > 1) {
      const middle = (kept + tooMany) >> 1;
      const candidate = characters.slice(0, middle).join("") + ELLIPSIS;
      if (this.width(candidate, font) <= maxWidth) kept = middle;
      else tooMany = middle;
    }
    return characters.slice(0, kept).join("").trimEnd() + ELLIPSIS;
  }
}
