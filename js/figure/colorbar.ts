/**
 * The colour bar: the scale as a vertical gradient, linear in the value, with ticks and a label.
 *
 * An arrow at an end says that values lie beyond it; a hatched key appears when a value is NaN.
 * The gradient is a canvas painted through the very scale that colours the cells; all text is DOM.
 */

import { font, SMALL } from "../canvas/fonts.ts";
import { hatch } from "../canvas/hatch.ts";
import type { TextMeasure } from "../canvas/text.ts";
import type { Extent } from "../color/extent.ts";
import type { ColorScale } from "../color/scale.ts";
import { colorTicks, type Tick } from "../color/ticks.ts";
import { h } from "../dom.ts";
import type { Theme } from "./drawing.ts";

const BAR_WIDTH = 14;
const ARROW = 11;
const TICK_LENGTH = 4;
const TICK_GAP = 5;
const LABEL_WIDTH = 20;
const PIXELS_PER_TICK = 70;
/** What the key for NaN takes below the bar. */
const NAN_KEY = 26;

export interface ColorBarState {
  scale: ColorScale;
  extent: Extent;
  label: string;
  height: number;
  theme: Theme;
}

export class ColorBar {
  readonly element: HTMLDivElement;
  readonly #canvas = h("canvas", { "aria-hidden": "true" });
  readonly #ticks = h("div", { class: "tokenviz-ticks", "aria-hidden": "true" });
  readonly #label = h("div", { class: "tokenviz-colorbar-label", "aria-hidden": "true" });
  readonly #nan = h("div", { class: "tokenviz-nan-key", "aria-hidden": "true" });
  readonly #nanSwatch = h("canvas");
  readonly #measure: TextMeasure;

  constructor(measure: TextMeasure) {
    this.#measure = measure;
    this.#nan.append(this.#nanSwatch, "NaN");
    this.element = h("div", { class: "tokenviz-colorbar", role: "img" });
    this.element.append(this.#canvas, this.#ticks, this.#label, this.#nan);
  }

  /** The width it will take, which depends on the tick labels. */
  width({ lo, hi }: ColorScale["range"], height: number): number {
    const widths = ticksFor(lo, hi, height).map((t) => this.#measure.width(t.text, font(SMALL)));
    return BAR_WIDTH + TICK_LENGTH + TICK_GAP + Math.ceil(Math.max(0, ...widths)) + LABEL_WIDTH;
  }

  update({ scale, extent, label, height, theme }: ColorBarState): void {
    const { lo, hi } = scale.range;
    const above = extent.most > hi;
    const below = extent.least < lo;
    const top = above ? ARROW : 0;
    const bottom = height - (below ? ARROW : 0);
    const ticks = ticksFor(lo, hi, height);
    const y = (v: number) => bottom - ((v - lo) / (hi - lo)) * (bottom - top);
    const { style } = this.element;
    style.width = `${this.width(scale.range, height)}px`;
    style.height = `${height}px`;
    this.#paint({ scale, theme, height, top, bottom, at: ticks.map((t) => y(t.value)) });
    this.#ticks.replaceChildren(
      ...ticks.map(({ value, text }) => {
        const element = h("span", { class: "tokenviz-tick" }, text);
        element.style.top = `${y(value)}px`;
        return element;
      }),
    );
    this.#label.textContent = label;
    this.#nan.hidden = !extent.hasNaN;
    style.marginBottom = extent.hasNaN ? `${NAN_KEY}px` : "";
    if (extent.hasNaN) this.#paintNaN(theme);
    this.element.dataset.tokenvizExtend = extend(above, below);
    this.element.ariaLabel = describe(label, ticks, above, below);
  }

  #paint(bar: {
    scale: ColorScale;
    theme: Theme;
    height: number;
    top: number;
    bottom: number;
    at: number[];
  }): void {
    const { scale, theme, height, top, bottom, at } = bar;
    const ctx = prepare(this.#canvas, BAR_WIDTH + TICK_LENGTH + 1, height);
    const { lo, hi } = scale.range;
    const ratio = ctx.getTransform().a;
    ctx.save();
    outline(ctx, height, top, bottom);
    ctx.clip();
    for (let row = 0; row < height * ratio; row++) {
      const y = (row + 0.5) / ratio;
      const inside = Math.min(1, Math.max(0, (bottom - y) / (bottom - top)));
      ctx.fillStyle = scale.css(lo + inside * (hi - lo));
      ctx.fillRect(0, row / ratio, BAR_WIDTH, 1 / ratio);
    }
    ctx.restore();
    ctx.strokeStyle = theme.hairline;
    outline(ctx, height, top, bottom);
    ctx.stroke();
    ctx.fillStyle = theme.muted;
    for (const y of at) ctx.fillRect(BAR_WIDTH, Math.round(y - 0.5), TICK_LENGTH, 1);
  }

  #paintNaN(theme: Theme): void {
    const ctx = prepare(this.#nanSwatch, BAR_WIDTH, BAR_WIDTH);
    hatch(ctx, { x: 0, y: 0, width: BAR_WIDTH, height: BAR_WIDTH }, theme);
  }
}

function ticksFor(lo: number, hi: number, height: number): Tick[] {
  return colorTicks(lo, hi, Math.min(6, Math.max(2, Math.round(height / PIXELS_PER_TICK))));
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

/** Sizes a canvas for the screen's pixels and gives its context, scaled to CSS pixels. */
function prepare(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d") as CanvasRenderingContext2D;
  ctx.scale(ratio, ratio);
  return ctx;
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
