/**
 * The scrolled window onto the drawing: one canvas the size of what is visible.
 *
 * A spacer as large as the content gives the scroll bars; the canvas sticks to the top left of
 * the scroller and is painted anew when anything moves, so work per frame depends on what is
 * visible and never on the data.
 */

import { cleared } from "../canvas/clear.ts";
import type { Rect } from "../canvas/geometry.ts";
import { density, toClient, toOwn, watchDensity } from "../canvas/space.ts";
import { h } from "../dom.ts";
import { LONGEST_SPACER, ScrollAxis } from "./scrolling.ts";

type Paint = (ctx: CanvasRenderingContext2D, visible: Rect) => void;

/** Room for what is drawn around a cell that is selected. */
const RING = 4;

/** Pixels from the end within which one is at the end. */
const NEAR_END = 24;

interface Size {
  width: number;
  height: number;
}

export class Viewport {
  readonly element: HTMLDivElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #spacer: HTMLDivElement;
  /** Stands beside the element, where a cell is, so that the page can be scrolled to it. */
  readonly here = h("div", { class: "tokenviz-here", "aria-hidden": "true" });
  readonly #paint: Paint;
  /** The visible size in CSS pixels; 0 × 0 until laid out. */
  #size: Size = { width: 0, height: 0 };
  #content: Size = { width: 0, height: 0 };
  readonly #across = new ScrollAxis();
  readonly #down = new ScrollAxis();
  /** Called with each new visible part, before it is painted. */
  readonly #watchers: (() => void)[] = [];
  /** The frame that is to come, while something was painted for it or waits for it. */
  #frame: number | null = null;
  /** Is there something to paint? */
  #due = false;
  /** Where the content was when it was painted last. */
  #place = { x: 0, y: 0 };
  /** Resolved once nothing is due. */
  #waiting: (() => void)[] = [];

  constructor(paint: Paint, signal: AbortSignal) {
    this.#paint = paint;
    this.#canvas = h("canvas", { class: "tokenviz-canvas", "aria-hidden": "true" });
    this.#spacer = h("div", { class: "tokenviz-spacer" }, this.#canvas);
    this.element = h("div", { class: "tokenviz-viewport", tabindex: 0 }, this.#spacer);
    this.element.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    window.addEventListener("resize", () => this.request(), { signal });
    watchDensity(() => this.request(), signal);
    signal.addEventListener("abort", () => {
      if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    });
  }

  /** What is scrolled. */
  get content(): Element {
    return this.#spacer;
  }

  /** Shows content of this size in a box that is no larger. */
  resize(content: Size, box: Size): void {
    const width = Math.min(content.width, box.width);
    const height = Math.min(content.height, box.height);
    const { style } = this.element;
    style.width = `${width}px`;
    style.height = `${height}px`;
    style.overflowX = content.width > width ? "scroll" : "hidden";
    style.overflowY = content.height > height ? "scroll" : "hidden";
    this.#size = { width: this.element.clientWidth, height: this.element.clientHeight };
    const { x, y } = this.visible;
    this.#across.resize(content.width, this.#size.width);
    this.#down.resize(content.height, this.#size.height);
    this.#spacer.style.width = `${this.#across.spacer}px`;
    this.#spacer.style.height = `${this.#down.spacer}px`;
    this.#content = { ...content };
    // A spacer that is shorter stands for other offsets now: what was seen stays in view.
    if (content.height > LONGEST_SPACER) this.scrollTo(x, y);
    this.request();
  }

  /** The size of the content. */
  get contentSize(): Readonly<Size> {
    return this.#content;
  }

  /** Tells of each new visible part, in the frame that paints it. */
  watch(moved: () => void): void {
    this.#watchers.push(moved);
  }

  /** Scrolls so that a point of the content is at the upper left, as far as there is content. */
  scrollTo(x: number, y: number): void {
    this.element.scrollLeft = this.#across.scrollFor(x);
    this.element.scrollTop = this.#down.scrollFor(y);
    this.request();
  }

  /** The visible part of the content, on whole device pixels. */
  get visible(): Rect {
    const ratio = density(this.#canvas);
    const snap = (length: number) => Math.round(length * ratio) / ratio;
    return {
      x: snap(this.#across.offset(this.element.scrollLeft)),
      y: snap(this.#down.offset(this.element.scrollTop)),
      ...this.#size,
    };
  }

  /**
   * Paints once for all that asks in one turn, at its end: to wait for the frame first would leave
   * the time until it unused. What asks again before the frame is painted with the frame.
   */
  request(): void {
    if (this.#size.width === 0 || this.#due) return;
    this.#due = true;
    if (this.#frame === null) queueMicrotask(() => this.#paintDue());
  }

  /** Settles when everything asked for so far is on the canvas. */
  painted(): Promise<void> {
    if (!this.#due) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The event of a scroll that the figure made itself comes after what it shows was painted. */
  #scrolled(): void {
    const { x, y } = this.visible;
    if (x === this.#place.x && y === this.#place.y) return;
    // It comes as a frame begins: nothing is gained before the frame's other work.
    this.#awaitFrame();
    this.request();
  }

  #awaitFrame(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#paintDue();
    });
  }

  #paintDue(): void {
    if (!this.#due) return;
    this.#awaitFrame();
    this.#due = false;
    this.#paintNow();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** From client to content coordinates. */
  toContent(clientX: number, clientY: number): { x: number; y: number } {
    const at = toOwn(this.element, { x: clientX, y: clientY });
    const { x, y } = this.visible;
    return { x: at.x + x, y: at.y + y };
  }

  /** From content to client coordinates. */
  toClient({ x, y, width, height }: Rect): DOMRect {
    const visible = this.visible;
    return toClient(this.element, { x: x - visible.x, y: y - visible.y, width, height });
  }

  /** Scrolls as little as needed to show the rectangle with some room before it. */
  reveal(
    { x, y, width, height }: Rect,
    padding: { left: number; top: number },
    onPage = true,
  ): void {
    const { x: left, y: top, width: w, height: h } = this.visible;
    const right = overshoot(x, x + width + RING, left + padding.left, left + w);
    const down = overshoot(y, y + height + RING, top + padding.top, top + h);
    if (right !== 0 || down !== 0) this.scrollTo(left + right, top + down);
    if (onPage) this.#revealOnPage({ x, y, width, height });
  }

  /** The figure may be taller than the window: what scrolls around it follows, too. */
  #revealOnPage({ x, y, width, height }: Rect): void {
    const { x: left, y: top } = this.visible;
    const { style } = this.here;
    style.left = `${x - left + this.element.offsetLeft}px`;
    style.top = `${y - top + this.element.offsetTop}px`;
    style.width = `${Math.min(width, this.#size.width)}px`;
    style.height = `${Math.min(height, this.#size.height)}px`;
    this.here.scrollIntoView({ block: "nearest", inline: "nearest" });
    style.top = style.left = "0";
  }

  /** Lays out for content that grew; who read its end goes on reading its end. */
  following(layout: () => void): void {
    const { x, y, height } = this.visible;
    const atEnd = y + height >= this.#content.height - NEAR_END;
    layout();
    if (atEnd) this.scrollTo(x, this.#content.height);
  }

  /** The painted RGBA at a point in content coordinates. */
  pixel(x: number, y: number): Uint8ClampedArray {
    const { x: left, y: top } = this.visible;
    const ratio = this.#canvas.width / this.#size.width;
    const ctx = this.#canvas.getContext("2d") as CanvasRenderingContext2D;
    return ctx.getImageData(Math.floor((x - left) * ratio), Math.floor((y - top) * ratio), 1, 1)
      .data;
  }

  #paintNow(): void {
    const { width, height } = this.#size;
    if (width === 0 || height === 0) return;
    const ctx = cleared(this.#canvas, width, height);
    for (const moved of this.#watchers) moved();
    const visible = this.visible;
    // Scroll bars may be out of sight until they are used.
    const more = visible.x + width < this.#content.width - 1;
    this.element.toggleAttribute("data-tokenviz-more", more);
    this.#place = visible;
    ctx.translate(-visible.x, -visible.y);
    this.#paint(ctx, visible);
  }
}

/** How far to scroll so that [start, end] lies in [low, high]; its start wins when it cannot. */
function overshoot(start: number, end: number, low: number, high: number): number {
  if (start < low) return start - low;
  return end > high ? Math.min(end - high, start - low) : 0;
}
