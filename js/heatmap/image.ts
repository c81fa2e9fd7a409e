/**
 * Small cells as a picture: pixels written straight from values.
 *
 * Where a pixel stands for several cells it shows the extreme among them, taken from the coarsest
 * level whose texels are no larger than a pixel, so that what is read depends on the pixels and not
 * on the data. Values by pixel outlive a change of colours, and pixels a change of neither.
 */

import { hatchPixels } from "../canvas/hatch.ts";
import type { Theme } from "../canvas/theme.ts";
import { lookupOf } from "../color/lookup.ts";
import type { ColorScale } from "../color/scale.ts";
import { bitsOf, extremeBits } from "./pyramid/kit.ts";
import type { Level, LevelSource } from "./pyramid/source.ts";
import { coarsest, type Runs, runsOf, type Side } from "./runs.ts";

export interface ImageOptions {
  source: LevelSource;
  /** What is visible, across and down. */
  across: Side;
  down: Side;
  scale: ColorScale;
  theme: Theme;
}

/** The first and the last index. */
type Stretch = readonly [number, number];

export class CellImage {
  /** What the values were gathered for, and what the pixels were coloured by. */
  #source: LevelSource | null = null;
  #place = "";
  #look: readonly unknown[] = [];
  #across: Runs | null = null;
  #down: Runs | null = null;
  #level: Level | null = null;
  #ratio = 1;
  /** By runs, row-major. */
  #values = new Float32Array(0);
  /** Whether every value was there. */
  #complete = true;
  #image: ImageData | null = null;

  /** The picture of what is visible; where values are still to come, it is transparent. */
  render({ source, across, down, scale, theme }: ImageOptions): ImageData {
    const place = JSON.stringify([source.version, across, down]);
    const moved = place !== this.#place || source !== this.#source;
    if (moved) this.#gather(source, across, down);
    const look = [scale, theme.dark];
    const recoloured = look.some((part, i) => part !== this.#look[i]);
    if (this.#image?.width !== across.length || this.#image.height !== down.length) {
      this.#image = new ImageData(across.length, down.length);
    }
    if (moved || recoloured) this.#color(this.#image, { across, down, scale, theme });
    [this.#source, this.#place, this.#look] = [source, place, look];
    return this.#image;
  }

  /** The cells that the pixel at a point stands for, in CSS pixels from the picture's corner. */
  under(x: number, y: number): { rows: Stretch; columns: Stretch } | null {
    if (this.#level === null || this.#across === null || this.#down === null) return null;
    const { rowFactor, columnFactor } = this.#level;
    const rows = cellsAt(this.#down, Math.floor(y * this.#ratio), rowFactor);
    const columns = cellsAt(this.#across, Math.floor(x * this.#ratio), columnFactor);
    return rows === null || columns === null ? null : { rows, columns };
  }

  #gather(source: LevelSource, across: Side, down: Side): void {
    const level = levelFor(source, across, down);
    const columns = runsOf(across, level.columnFactor);
    const rows = runsOf(down, level.rowFactor);
    const size = columns.count * rows.count;
    if (this.#values.length < size) this.#values = new Float32Array(size);
    this.#complete = gatherRuns(level, columns, rows, this.#values);
    [this.#level, this.#across, this.#down, this.#ratio] = [level, columns, rows, across.ratio];
  }

  #color(image: ImageData, { across, down, scale, theme }: Omit<ImageOptions, "source">): void {
    const lookup = lookupOf(scale);
    const hatch = this.#complete ? hatchPixels(theme, across.ratio) : null;
    const pixels = new Uint32Array(image.data.buffer);
    const { width } = image;
    if (this.#across === null || this.#down === null) return;
    const { count, end } = this.#across;
    const colors = new Uint32Array(count);
    const line = count === width ? colors : new Uint32Array(width);
    let y = 0;
    for (let i = 0; i < this.#down.count; i++) {
      const hasNaN = lookup.paint(this.#values, i * count, count, colors);
      if (line !== colors) spread(colors, end, count, line);
      for (; y < this.#down.end[i]; y++) {
        const at = y * width;
        pixels.set(line, at);
        if (!hasNaN || hatch === null) continue;
        const phase = across.start + down.start + y;
        for (let x = 0; x < width; x++) {
          if (pixels[at + x] === 0) pixels[at + x] = hatch[(phase + x) % hatch.length];
        }
      }
    }
  }
}

/** The coarsest level whose texels are no larger than a device pixel. */
export function levelFor({ levels }: Pick<LevelSource, "levels">, across: Side, down: Side): Level {
  const [most, mostRows] = [coarsest(across), coarsest(down)];
  let best = levels[0];
  for (const level of levels) {
    if (level.columnFactor <= most && level.rowFactor <= mostRows) best = level;
  }
  return best;
}

/** The extremes of all runs, row-major into `out`; returns whether all values were there. */
export function gatherRuns(level: Level, across: Runs, down: Runs, out: Float32Array): boolean {
  const { count } = across;
  if (count === 0) return true;
  const texels = new TexelRows(level, across.from[0], across.to[count - 1]);
  const to = bitsOf(out);
  for (let i = 0; i < down.count; i++) {
    const [first, last] = [down.from[i], down.to[i]];
    for (let row = first; row <= last; row += 2) {
      const upper = texels.at(row, 0);
      const lower = row < last ? texels.at(row + 1, 1) : upper;
      poolRuns(texels.bits, [upper, lower], across, to, { at: i * count, join: row > first });
    }
  }
  return texels.complete;
}

/** Rows of texels as bits: where they lie, or else copied. */
class TexelRows {
  readonly bits: Int32Array;
  complete = true;
  readonly #level: Level;
  readonly #first: number;
  readonly #last: number;
  readonly #copy: Float32Array | null;

  constructor(level: Level, first: number, last: number) {
    [this.#level, this.#first, this.#last] = [level, first, last];
    this.#copy = level.texels === undefined ? new Float32Array(2 * (last - first + 1)) : null;
    this.bits = bitsOf(level.texels ?? (this.#copy as Float32Array));
  }

  /** Where the texel of a row in column 0 is, or would be. One row is kept in each of two slots. */
  at(row: number, slot: 0 | 1): number {
    if (this.#copy === null) return row * this.#level.columns;
    const length = this.#last - this.#first + 1;
    const line = this.#copy.subarray(slot * length, (slot + 1) * length);
    this.complete = this.#level.read(row, this.#first, this.#last, line) && this.complete;
    return slot * length - this.#first;
  }
}

/**
 * Two rows of texels (or one twice) into one row of runs: alone, or with what is there already.
 * The ends of a run are met first: mostly that is all of it.
 */
function poolRuns(
  texels: Int32Array,
  [upper, lower]: readonly [number, number],
  { count, from, to }: Runs,
  out: Int32Array,
  { at, join }: { at: number; join: boolean },
): void {
  for (let j = 0; j < count; j++) {
    let t = from[j];
    const end = to[j];
    let most = extremeBits(texels[upper + t], texels[upper + end]);
    if (lower !== upper) {
      most = extremeBits(most, extremeBits(texels[lower + t], texels[lower + end]));
    }
    for (t += 1; t < end; t++) {
      most = extremeBits(most, extremeBits(texels[upper + t], texels[lower + t]));
    }
    out[at + j] = join ? extremeBits(out[at + j], most) : most;
  }
}

function spread(colors: Uint32Array, end: Int32Array, count: number, line: Uint32Array): void {
  let x = 0;
  for (let j = 0; j < count; j++) {
    const color = colors[j];
    for (; x < end[j]; x++) line[x] = color;
  }
}

function cellsAt({ count, from, to, end }: Runs, pixel: number, factor: number): Stretch | null {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (end[middle] > pixel) high = middle;
    else low = middle + 1;
  }
  return low < count && pixel >= 0 ? [from[low] * factor, (to[low] + 1) * factor - 1] : null;
}
