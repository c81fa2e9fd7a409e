/**
 * The colour bar: the scale as a vertical gradient, even along the scale, with ticks and a label,
 * and beside it a histogram of the values. Its ends can be moved (barends.ts).
 *
 * An arrow at an end says that values lie beyond it; a hatched key appears when a value is NaN.
 * The gradient is a canvas painted through the very scale that colours the cells; all text is DOM.
 */

import { cleared } from "../canvas/clear.ts";
import { font, SMALL } from "../canvas/fonts.ts";
import { hatch } from "../canvas/hatch.ts";
import type { TextMeasure } from "../canvas/text.ts";
import type { Theme } from "../canvas/theme.ts";
import type { Distribution } from "../color/distribution.ts";
import type { Extent } from "../color/extent.ts";
import type { ColorScale } from "../color/scale.ts";
import { colorTicks, type Tick } from "../color/ticks.ts";
import type { Settings } from "../controls/control.ts";
import { h } from "../dom.ts";
import { BarEnds } from "./barends.ts";
import { type Place, pixelOf, type Span, shownSpan, valueAt } from "./barrange.ts";

/** What the histogram takes left of the gradient, and the gap between them. */
const HISTOGRAM = 18;
const HISTOGRAM_GAP = 2;
const BAR_LEFT = HISTOGRAM + HISTOGRAM_GAP;
const BAR_WIDTH = 14;
/** The thinnest line of the histogram; of few values there are fewer. Thick ones stand apart. */
const LINE = 3;
const COMB = 6;
const FEWEST_LINES = 24;
/** So many values in one line fill the histogram, if no line has more. */
const FULL = 4;
const ARROW = 11;
const TICK_LENGTH = 4;
const TICK_GAP = 5;
const LABEL_WIDTH = 20;
const PIXELS_PER_TICK = 70;
const HINT =
  "Histogram of the values, logarithmic. Drag an end, or a new range between them; double-click to fit the data";
/** What the key for NaN takes below the bar. */
const NAN_KEY = 26;

export interface ColorBarState {
  scale: ColorScale;
  extent: Extent;
  /** Null while it is not known. */
  distribution: Distribution | null;
  label: string;
  height: number;
  theme: Theme;
  /** A value that is marked on it; null, or nothing, for none. */
  threshold?: number | null;
}

export class ColorBar {
  readonly element: HTMLDivElement;
  readonly #canvas = h("canvas", { "aria-hidden": "true" });
  readonly #ticks = h("div", { class: "tokenviz-ticks", "aria-hidden": "true" });
  readonly #label = h("div", { class: "tokenviz-colorbar-label", "aria-hidden": "true" });
  readonly #nan = h("div", { class: "tokenviz-nan-key", "aria-hidden": "true" });
  readonly #nanSwatch = h("canvas");
  readonly #measure: TextMeasure;
  readonly #ends: BarEnds;
  #state!: ColorBarState;

  constructor(measure: TextMeasure, settings: Settings, signal: AbortSignal) {
    this.#measure = measure;
    this.#nan.append(this.#nanSwatch, "NaN");
    this.element = h("div", { class: "tokenviz-colorbar", role: "group" });
    const track = h("div", { class: "tokenviz-bar-track", title: HINT });
    this.#ends = new BarEnds(track, settings, () => this.update(this.#state), signal);
    track.append(this.#canvas, ...this.#ends.elements);
    this.element.append(track, this.#ticks, this.#label, this.#nan);
  }

  /** The width it will take, which depends on the tick labels. */
  width(range: ColorScale["range"], height: number): number {
    return this.#widthWith(ticksFor(range, height));
  }

  #widthWith(ticks: readonly Tick[]): number {
    const widths = ticks.map(({ text }) => this.#measure.width(text, font(SMALL)));
    return (
      BAR_LEFT +
      BAR_WIDTH +
      TICK_LENGTH +
      TICK_GAP +
      Math.ceil(Math.max(0, ...widths)) +
      LABEL_WIDTH
    );
  }

  update(state: ColorBarState): void {
    this.#state = state;
    const { scale, extent, distribution, label, height, theme } = state;
    const { held } = this.#ends;
    const span = held === null ? scale.range : shownSpan(held, scale.range);
    const { lo, hi, log } = span;
    const above = extent.most > hi;
    const below = extent.least < lo;
    const top = above ? ARROW : 0;
    const bottom = height - (below ? ARROW : 0);
    const place = { lo, hi, log, top, bottom };
    const ticks = ticksFor(span, height);
    const y = (v: number) => pixelOf(v, place);
    const { style } = this.element;
    // Held, the bar shows another span, and keeps its width.
    style.width = `${held === null ? this.#widthWith(ticks) : this.width(scale.range, height)}px`;
    style.height = `${height}px`;
    const at = ticks.map((t) => y(t.value));
    const ctx = cleared(this.#canvas, BAR_LEFT + BAR_WIDTH + TICK_LENGTH + 1, height);
    if (distribution !== null) paintHistogram(ctx, { distribution, theme, height, place });
    ctx.translate(BAR_LEFT, 0);
    paintGradient(ctx, { scale, theme, height, place, at });
    const { threshold = null } = state;
    this.#ends.update({ place, range: scale.range, finite: extent.finite, threshold });
    this.#placeTicks(ticks, at);
    this.#label.textContent = label;
    this.#nan.hidden = !extent.hasNaN;
    style.marginBottom = extent.hasNaN ? `${NAN_KEY}px` : "";
    if (extent.hasNaN) this.#paintNaN(theme);
    const [beyond, beneath] = [extent.most > scale.range.hi, extent.least < scale.range.lo];
    this.element.dataset.tokenvizExtend = extend(beyond, beneath);
    this.element.ariaLabel = describe(label, ticks, beyond, beneath);
  }

  /** Mostly they only move. */
  #placeTicks(ticks: readonly Tick[], at: readonly number[]): void {
    const { children } = this.#ticks;
    while (children.length > ticks.length) children[ticks.length].remove();
    ticks.forEach(({ text }, i) => {
      if (i === children.length) this.#ticks.append(h("span", { class: "tokenviz-tick" }));
      const tick = children[i] as HTMLElement;
      if (tick.textContent !== text) tick.textContent = text;
      tick.style.top = `${at[i]}px`;
    });
  }

  #paintNaN(theme: Theme): void {
    const ctx = cleared(this.#nanSwatch, BAR_WIDTH, BAR_WIDTH);
    hatch(ctx, { x: 0, y: 0, width: BAR_WIDTH, height: BAR_WIDTH }, theme);
  }
}

interface Gradient {
  scale: ColorScale;
  theme: Theme;
  height: number;
  place: Place;
  /** Where the ticks are. */
  at: readonly number[];
}

function paintGradient(ctx: CanvasRenderingContext2D, bar: Gradient): void {
  const { scale, theme, height, place, at } = bar;
  const { top, bottom, lo, hi } = place;
  const ratio = ctx.getTransform().a;
  ctx.save();
  outline(ctx, height, top, bottom);
  ctx.clip();
  for (let row = 0; row < height * ratio; row++) {
    const y = (row + 0.5) / ratio;
    ctx.fillStyle = scale.css(Math.min(hi, Math.max(lo, valueAt(y, place))));
    ctx.fillRect(0, row / ratio, BAR_WIDTH, 1 / ratio);
  }
  ctx.restore();
  ctx.strokeStyle = theme.hairline;
  outline(ctx, height, top, bottom);
  ctx.stroke();
  ctx.fillStyle = theme.muted;
  for (const y of at) ctx.fillRect(BAR_WIDTH, Math.round(y - 0.5), TICK_LENGTH, 1);
}

interface HistogramPlace {
  distribution: Distribution;
  theme: Theme;
  height: number;
  place: Place;
}

/** Logarithmic, so that a single outlier is seen; what lies outside the range, at its arrow. */
function paintHistogram(ctx: CanvasRenderingContext2D, bar: HistogramPlace): void {
  const { distribution, theme, height, place } = bar;
  const { lo, hi, log, top, bottom } = place;
  const wanted = Math.max(FEWEST_LINES, Math.round(2 * Math.sqrt(distribution.size)));
  const lines = Math.max(1, Math.min(wanted, Math.floor((bottom - top) / LINE)));
  const { counts, above, below } = distribution.histogram(lo, hi, lines, log);
  const most = Math.log1p(counts.reduce((a, b) => Math.max(a, b), Math.max(FULL, above, below)));
  const line = (count: number, y: number, thickness: number) => {
    if (count === 0) return;
    const length = Math.max(2, (HISTOGRAM * Math.log1p(count)) / most);
    ctx.fillRect(HISTOGRAM - length, y, length, thickness);
  };
  const pitch = (bottom - top) / lines;
  ctx.save();
  ctx.fillStyle = theme.muted;
  ctx.globalAlpha = 0.6;
  // Many lines stand close: gaps between them would flicker like a comb.
  const gap = pitch < COMB ? 0 : 1;
  counts.forEach((count, i) => {
    const y = Math.round(bottom - (i + 1) * pitch);
    line(count, y, Math.round(bottom - i * pitch) - y - gap);
  });
  ctx.globalAlpha = 1;
  ctx.fillStyle = theme.accent;
  line(above, top - ARROW / 2 - 1, LINE);
  line(below, bottom + (height - bottom) / 2 - 2, LINE);
  ctx.restore();
}

function ticksFor({ lo, hi, log }: Span, height: number): Tick[] {
  return colorTicks(lo, hi, Math.min(6, Math.max(2, Math.round(height / PIXELS_PER_TICK))), log);
}

function outline(ctx: CanvasRenderingContext2D, height: number, top: number, bottom: number): void {
  const [left, right] = [0.5, BAR_WIDTH - 0.5];
  ctx.beginPath();
  ctx.moveTo(left, Math.max(0.5, top));
  if (top > 0) ctx.lineTo((left + right) / 2, 1);
  ctx.lineTo(right, Math.max(0.5, top));
  ctx.lineTo(right, Math.min(height - 0.5, bottom));
  if (bottom < height) ctx.lineTo((left + right) / 2, height - 1);
  ctx.lineTo(left, Math.min(height - 0.5, bottom));
  ctx.closePath();
}

/** In matplotlib's words. */
function extend(above: boolean, below: boolean): string {
  if (above && below) return "both";
  if (above) return "max";
  return below ? "min" : "neither";
}

function describe(label: string, ticks: readonly Tick[], above: boolean, below: boolean): string {
  const span = ticks.length > 0 ? `${ticks[0].text} to ${ticks[ticks.length - 1].text}` : "";
  const beyond = [above && "values above the range", below && "values below the range"];
  return ["Colour bar", label, span, ...beyond.filter((text) => text !== false)].join(", ");
}
