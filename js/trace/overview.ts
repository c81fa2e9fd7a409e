/**
 * The trace in a few pixels: what stands out is kept where many positions share a pixel.
 *
 * Pooling is done once for each layout and channel; a change of colours only maps what was pooled.
 */

import { hatchColor } from "../canvas/hatch.ts";
import type { Theme } from "../canvas/theme.ts";
import type { ColorScale } from "../color/scale.ts";
import type { Overview } from "../figure/drawing.ts";

/** Which of the values that share a pixel is worth seeing. */
export type Notable = "low" | "high";

const EMPTY = 0;
const UNKNOWN = 1;
const KNOWN = 2;

/** A grid of device pixels, each with the most notable value of what it covers. */
export class Pool {
  readonly width: number;
  readonly height: number;
  readonly #values: Float32Array;
  readonly #state: Uint8Array;
  readonly #low: boolean;

  constructor(width: number, height: number, notable: Notable) {
    this.width = width;
    this.height = height;
    this.#values = new Float32Array(width * height);
    this.#state = new Uint8Array(width * height);
    this.#low = notable === "low";
  }

  /** Adds a value to every pixel of a rectangle (ends excluded), which is cut to the grid. */
  add(x0: number, x1: number, y0: number, y1: number, value: number): void {
    const [right, bottom] = [Math.min(x1, this.width), Math.min(y1, this.height)];
    const unknown = Number.isNaN(value);
    for (let y = Math.max(0, y0); y < bottom; y++) {
      for (let x = Math.max(0, x0); x < right; x++) {
        const i = y * this.width + x;
        const state = this.#state[i];
        if (unknown) {
          if (state === EMPTY) this.#state[i] = UNKNOWN;
          continue;
        }
        const more =
          state !== KNOWN || (this.#low ? value < this.#values[i] : value > this.#values[i]);
        if (!more) continue;
        this.#values[i] = value;
        this.#state[i] = KNOWN;
      }
    }
  }

  /** The value of a pixel: null where nothing is, NaN where none is known. */
  at(x: number, y: number): number | null {
    const i = y * this.width + x;
    if (this.#state[i] === EMPTY) return null;
    return this.#state[i] === UNKNOWN ? Number.NaN : this.#values[i];
  }

  /** RGBA of every pixel, transparent where nothing is. */
  colors(scale: ColorScale, theme: Theme): Uint8ClampedArray<ArrayBuffer> {
    const out = new Uint8ClampedArray(4 * this.#values.length);
    const grey = Number.parseInt(hatchColor(theme).slice(1), 16);
    const { table } = scale;
    for (let i = 0; i < this.#values.length; i++) {
      if (this.#state[i] === EMPTY) continue;
      const entry = this.#state[i] === KNOWN ? 3 * scale.index(this.#values[i]) : -1;
      out[4 * i] = entry < 0 ? grey >> 16 : table[entry];
      out[4 * i + 1] = entry < 0 ? (grey >> 8) & 255 : table[entry + 1];
      out[4 * i + 2] = entry < 0 ? grey & 255 : table[entry + 2];
      out[4 * i + 3] = 255;
    }
    return out;
  }
}

/** The first and last device pixel (excluded) of a stretch: never none. */
export function pixels(start: number, end: number): [number, number] {
  const first = Math.round(start);
  return [first, Math.max(first + 1, Math.round(end))];
}

/** Paints what was pooled, and a tick at the right edge for each marked row of pixels. */
export function paintPool(
  pool: Pool,
  marks: { color: string; rows: Uint8Array } | null,
  { ctx, scale, theme, width }: Overview,
): void {
  const image = new ImageData(pool.colors(scale, theme), pool.width, pool.height);
  ctx.putImageData(image, 0, 0);
  if (marks === null) return;
  const ratio = pool.width / width;
  for (const [mark, tick] of MARK_TICKS) {
    for (let row = 0; row < pool.height; row++) {
      if (marks.rows[row] !== mark) continue;
      const y = row / ratio;
      const left = width - tick;
      ctx.fillStyle = theme.background;
      ctx.fillRect(left - 1, y - 1, tick + 1, 3.5);
      ctx.fillStyle = marks.color;
      ctx.fillRect(left, y - 0.5, tick, 2.5);
    }
  }
}

/** Lengths of the ticks of a match and of the current one, in CSS pixels. */
const MARK_TICKS = [
  [1, 9],
  [2, 36],
] as const;
