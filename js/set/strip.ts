/** The tokens of a row as a strip of colours. As `tokenviz.browse.strips` thins a long text. */

import type { ColorScale } from "../color/scale.ts";
import { CHANNELS, channelNamed } from "../data/channels.ts";

const CELLS = 96;

export function thinned(values: Float32Array, channel: string): Float32Array {
  const n = values.length;
  if (n <= CELLS) return values;
  const out = new Float32Array(CELLS);
  const own = !Object.hasOwn(CHANNELS, channel);
  const low = channelNamed(channel).notable === "low";
  for (let i = 0; i < CELLS; i++) {
    const [start, end] = [Math.floor((i * n) / CELLS), Math.floor(((i + 1) * n) / CELLS)];
    let [least, most] = [Number.NaN, Number.NaN];
    for (let j = start; j < end; j++) {
      if (!(values[j] >= least)) least = Number.isNaN(values[j]) ? least : values[j];
      if (!(values[j] <= most)) most = Number.isNaN(values[j]) ? most : values[j];
    }
    out[i] = own ? (-least > most ? least : most) : low ? least : most;
  }
  return out;
}

/** Paints a strip over all of its canvas: a stretch for each token; what is not known stays bare. */
export function paintStrip(
  canvas: HTMLCanvasElement,
  values: Float32Array,
  scale: ColorScale,
  ratio: number,
  size = { width: canvas.clientWidth, height: canvas.clientHeight },
): void {
  const width = Math.round(size.width * ratio) || 1;
  const height = Math.round(size.height * ratio) || 1;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const ctx = canvas.getContext("2d");
  if (ctx === null) return;
  ctx.clearRect(0, 0, width, height);
  const n = values.length;
  // Tokens of a short text are no wider than can be told apart.
  const step = Math.min(width / n, 8 * ratio);
  const gap = step >= 4 * ratio ? Math.round(ratio) : 0;
  for (let i = 0; i < n; i++) {
    if (Number.isNaN(values[i])) continue;
    const left = Math.round(i * step);
    ctx.fillStyle = scale.css(values[i]);
    ctx.fillRect(left, 0, Math.max(1, Math.round((i + 1) * step) - left - gap), height);
  }
}
