/**
 * The overview: the whole content in a narrow strip beside the viewport, with a frame around the
 * part that is seen.
 *
 * The strip is a bitmap that the drawing paints when data, colours or sizes change; scrolling only
 * moves the frame. Drag or click to go somewhere; the keys scroll it as they scroll a page.
 */

import { cleared } from "../canvas/clear.ts";
import type { Rect } from "../canvas/geometry.ts";
import { density, toOwn } from "../canvas/space.ts";
import type { Theme } from "../canvas/theme.ts";
import type { ColorScale } from "../color/scale.ts";
import { h } from "../dom.ts";
import type { Drawing } from "./drawing.ts";
import type { Viewport } from "./viewport.ts";

/** What the strip takes beside the viewport, its gap included. */
export const OVERVIEW_ROOM = 44;
const WIDTH = 36;
/** The frame stays large enough to be seen and grasped. */
const SMALLEST_FRAME = 8;
/** What an arrow key scrolls, in CSS pixels. */
const LINE = 60;

export interface OverviewOptions {
  viewport: Viewport;
  drawing: Pick<Drawing<never>, "paintOverview" | "describeView">;
  signal: AbortSignal;
}

export class Overview {
  readonly element: HTMLDivElement;
  readonly #canvas = h("canvas", { "aria-hidden": "true" });
  readonly #frame = h("div", { class: "tokenviz-overview-frame" });
  readonly #options: OverviewOptions;
  #colors: { scale: ColorScale; theme: Theme } | null = null;
  /** Does the bitmap show something older than what is asked for? */
  #stale = true;
  /** Where on the frame it was grasped, in pixels of the strip; null while it is not. */
  #grasp: { x: number; y: number } | null = null;

  constructor(options: OverviewOptions) {
    this.#options = options;
    const { viewport, signal } = options;
    this.element = h(
      "div",
      {
        class: "tokenviz-overview",
        role: "slider",
        tabindex: 0,
        "aria-label": "Overview",
        "aria-orientation": "vertical",
        "data-tokenviz-control": "overview",
        "data-lm-suppress-shortcuts": "true",
      },
      this.#canvas,
      this.#frame,
    );
    this.element.hidden = true;
    const listen = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      listener: (event: HTMLElementEventMap[Name]) => void,
    ) => this.element.addEventListener(name, listener, { signal });
    listen("pointerdown", (event) => this.#down(event));
    listen("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      listen(end, () => {
        this.#grasp = null;
      });
    }
    listen("keydown", (event) => this.#key(event));
    viewport.watch(() => this.#follow());
  }

  /** Colours or data changed: the bitmap is painted anew with the next frame. */
  update(scale: ColorScale, theme: Theme): void {
    this.#colors = { scale, theme };
    this.#stale = true;
  }

  /** Shown only where there is more than the viewport shows. */
  show(shown: boolean): void {
    if (shown === !this.element.hidden) return;
    this.element.hidden = !shown;
    this.#stale = true;
  }

  #follow(): void {
    if (this.element.hidden || this.#colors === null) return;
    const { viewport, drawing } = this.#options;
    const { visible, contentSize: content } = viewport;
    const height = visible.height;
    if (this.#stale || this.#canvas.height !== Math.round(height * density(this.#canvas))) {
      this.#paint(height, this.#colors);
      this.#stale = false;
    }
    const { style } = this.#frame;
    const [left, width] = span(visible.x, visible.width, content.width, WIDTH);
    const [top, tall] = span(visible.y, visible.height, content.height, height);
    style.translate = `${left}px ${top}px`;
    style.width = `${width}px`;
    style.height = `${tall}px`;
    const { element } = this;
    const most = Math.max(0, Math.round(content.height - visible.height));
    element.ariaValueMin = "0";
    element.ariaValueMax = String(most);
    element.ariaValueNow = String(Math.min(most, Math.round(visible.y)));
    element.ariaValueText =
      drawing.describeView?.(visible) ??
      `${Math.round((100 * visible.y) / Math.max(1, content.height))} %`;
  }

  #paint(height: number, { scale, theme }: { scale: ColorScale; theme: Theme }): void {
    const ctx = cleared(this.#canvas, WIDTH, height);
    this.element.style.height = `${height}px`;
    this.#options.drawing.paintOverview?.({ ctx, width: WIDTH, height, scale, theme });
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    const { x, y } = this.#place(event);
    const frame = this.#framed();
    const inside =
      x >= frame.x && x < frame.x + frame.width && y >= frame.y && y < frame.y + frame.height;
    // Elsewhere the frame comes to the pointer, by its middle.
    this.#grasp = inside
      ? { x: x - frame.x, y: y - frame.y }
      : { x: frame.width / 2, y: frame.height / 2 };
    this.element.setPointerCapture(event.pointerId);
    this.element.focus({ preventScroll: true });
    this.#drag(x, y);
    event.preventDefault();
  }

  #move(event: PointerEvent): void {
    if (this.#grasp === null) return;
    const { x, y } = this.#place(event);
    this.#drag(x, y);
  }

  #drag(x: number, y: number): void {
    if (this.#grasp === null) return;
    const { viewport } = this.#options;
    const { visible, contentSize: content } = viewport;
    const frame = this.#framed();
    const across = share(x - this.#grasp.x, WIDTH - frame.width);
    const down = share(y - this.#grasp.y, visible.height - frame.height);
    viewport.scrollTo(
      across * (content.width - visible.width),
      down * (content.height - visible.height),
    );
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { viewport } = this.#options;
    const { x, y, width, height } = viewport.visible;
    const page = 0.9 * height;
    const to = {
      ArrowUp: [x, y - LINE],
      ArrowDown: [x, y + LINE],
      ArrowLeft: [x - LINE, y],
      ArrowRight: [x + LINE, y],
      PageUp: [x, y - page],
      PageDown: [x, y + page],
      Home: [0, 0],
      End: [x + width, viewport.contentSize.height],
    }[event.key];
    if (to === undefined) return;
    viewport.scrollTo(to[0], to[1]);
    event.preventDefault();
    event.stopPropagation();
  }

  #place({ clientX, clientY }: PointerEvent): { x: number; y: number } {
    return toOwn(this.element, { x: clientX, y: clientY });
  }

  #framed(): Rect {
    const { visible, contentSize: content } = this.#options.viewport;
    const [x, width] = span(visible.x, visible.width, content.width, WIDTH);
    const [y, height] = span(visible.y, visible.height, content.height, visible.height);
    return { x, y, width, height };
  }
}

/** Start and length, in the strip, of what is seen from `offset` on. */
function span(offset: number, seen: number, all: number, strip: number): [number, number] {
  if (seen >= all) return [0, strip];
  const length = Math.max(SMALLEST_FRAME, (seen / all) * strip);
  return [(offset / (all - seen)) * (strip - length), length];
}

function share(place: number, room: number): number {
  return room <= 0 ? 0 : Math.min(1, Math.max(0, place / room));
}
