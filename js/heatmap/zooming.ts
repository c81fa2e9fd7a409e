/**
 * Zooming and panning a heatmap: wheel with Ctrl or ⌘, pinch, buttons, keys, double click; dragging
 * with the middle button, or with Ctrl or ⌘ held.
 *
 * What is under the pointer stays there. Without one it is the cell that the keys point at, or the
 * middle.
 */

import { scaleOf, toClient, toOwn } from "../canvas/space.ts";
import { icon, toolButton } from "../controls/toolbutton.ts";
import type { Cell } from "../data/cell.ts";
import { h, svg } from "../dom.ts";
import type { Feature, FigureParts } from "../figure/feature.ts";
import { PLACE } from "../figure/toolbar.ts";
import type { Viewport } from "../figure/viewport.ts";
import type { HeatmapState } from "../state/state.ts";
import type { HeatmapDrawing, Spot } from "./drawing.ts";

/** What a button or a key multiplies the zoom by. */
const STEP = 1.5;
/** Of a wheel: zoom per pixel, and how many pixels one event may count as. */
const PER_PIXEL = 0.01;
const MOST_WHEEL = 25;
const LINE = 16;
/** Shift with an arrow pans by this share of what is visible. */
const PAN = 0.25;

/** A point on the screen, in client coordinates. */
interface Point {
  x: number;
  y: number;
}

export function zooming(drawing: HeatmapDrawing): Feature<HeatmapState> {
  return (parts) => {
    const zoom = new Zooming(drawing, parts);
    const { viewport, signal } = parts;
    viewport.element.classList.add("tokenviz-zoomable");
    zoom.buttons();
    zoom.keys();
    wheel(viewport.element, zoom, signal);
    pinch(viewport.element, zoom, signal);
    drag(viewport, signal);
    viewport.element.addEventListener("dblclick", (event) => zoom.toggle(event), { signal });
  };
}

class Zooming {
  readonly #drawing: HeatmapDrawing;
  readonly #parts: FigureParts<HeatmapState>;
  /** The spot that a gesture holds on to, as long as its point stays: rounding does not add up. */
  #held: { spot: Spot; from: Point } | null = null;
  /** Where the last zoom left the scroll bars: elsewhere, someone else has scrolled. */
  #scrolledTo = [0, 0];

  constructor(drawing: HeatmapDrawing, parts: FigureParts<HeatmapState>) {
    this.#drawing = drawing;
    this.#parts = parts;
    const { viewport, signal } = parts;
    const scrolled = () => {
      const { scrollLeft, scrollTop } = viewport.element;
      const [x, y] = this.#scrolledTo;
      if (Math.abs(scrollLeft - x) > 1 || Math.abs(scrollTop - y) > 1) this.#held = null;
    };
    viewport.element.addEventListener("scroll", scrolled, { signal, passive: true });
  }

  get possible(): boolean {
    return this.#drawing.reach.any;
  }

  /** Multiplies the zoom and keeps what is at `from`, moving it to `to`. */
  by(factor: number, from: Point, to = from): void {
    this.#to(this.#drawing.zoom * factor, from, to);
  }

  /** The whole picture; what is whole already comes back to its size at the start. */
  fit(): void {
    const { reach } = this.#drawing;
    this.#toCurrent(this.#fitted ? 1 : reach.least);
  }

  /** A double click: the whole picture, or from there to where values can be read. */
  toggle({ clientX, clientY }: MouseEvent): void {
    const { reach } = this.#drawing;
    if (!reach.any) return;
    const from = { x: clientX, y: clientY };
    if (!this.#fitted) this.#to(reach.least, from);
    else this.#to(reach.least < 0.995 ? 1 : reach.readable, from);
    this.#say();
  }

  step(factor: number): void {
    this.#toCurrent(this.#drawing.zoom * factor);
  }

  /** Around the current cell if it is in view, else around the middle. */
  #toCurrent(zoom: number): void {
    const { viewport, current } = this.#parts;
    const cell = current();
    const at = cell === null ? null : this.#inView(cell);
    this.#to(zoom, at ?? this.#middle());
    // With scroll bars and an overview the box is smaller than it was.
    if (cell !== null && at !== null) {
      viewport.reveal(this.#drawing.rect(cell), this.#drawing.scrollPadding);
    }
    this.#say();
  }

  buttons(): void {
    const { toolbar, signal } = this.#parts;
    const tool = (control: string, label: string, key: string, shapes: Node[], press: () => void) =>
      toolButton({
        ...{ control, label, title: `${label} (${key})`, icon: icon(...shapes), press, signal },
      });
    const out = tool("zoom-out", "Zoom out", "−", lens("M5 7h4"), () => this.step(1 / STEP));
    const fit = tool("zoom-fit", "Show the whole picture", "0", frame(), () => this.fit());
    const into = tool("zoom-in", "Zoom in", "+", lens("M5 7h4M7 5v4"), () => this.step(STEP));
    const group = h("div", { class: "tokenviz-tools", role: "group", "aria-label": "Zoom" });
    group.append(out, fit, into);
    toolbar.add(group, PLACE.zoom);
    let shown = "";
    const update = () => {
      const { reach, zoom } = this.#drawing;
      const [least, most] = [zoom <= reach.least * 1.001, zoom >= reach.most / 1.001];
      if (shown === `${reach.any} ${least} ${most}`) return;
      shown = `${reach.any} ${least} ${most}`;
      group.hidden = !reach.any;
      // A button that can do no more would take the focus with it.
      if ((least ? out : into).matches(":focus") && (least || most)) fit.focus();
      out.disabled = least;
      into.disabled = most;
      toolbar.refresh();
    };
    this.#drawing.onLayout = update;
    update();
  }

  keys(): void {
    const { commands, viewport } = this.#parts;
    const when = (run: () => void) => () => {
      if (!this.possible) return false;
      run();
      return true;
    };
    const add = (label: string, keys: string[], run: () => void) =>
      commands.add({ label, keys, run: when(run) });
    add("Zoom in", ["+", "="], () => this.step(STEP));
    add("Zoom out", ["-"], () => this.step(1 / STEP));
    add("Show the whole picture, or the size at the start", ["0"], () => this.fit());
    const pan = (across: number, down: number) => () => {
      const { x, y, width, height } = viewport.visible;
      viewport.scrollTo(x + across * PAN * width, y + down * PAN * height);
      return true;
    };
    commands.add({ label: "Pan left", keys: ["Shift+ArrowLeft"], run: pan(-1, 0) });
    commands.add({ label: "Pan right", keys: ["Shift+ArrowRight"], run: pan(1, 0) });
    commands.add({ label: "Pan up", keys: ["Shift+ArrowUp"], run: pan(0, -1) });
    commands.add({ label: "Pan down", keys: ["Shift+ArrowDown"], run: pan(0, 1) });
  }

  get #fitted(): boolean {
    return this.#drawing.zoom <= this.#drawing.reach.least * 1.001;
  }

  #to(zoom: number, from: Point, to = from): void {
    if (!this.possible) return;
    const { viewport, relayout } = this.#parts;
    if (this.#held?.from.x !== from.x || this.#held.from.y !== from.y) {
      const { x, y } = viewport.toContent(from.x, from.y);
      this.#held = { spot: this.#drawing.spot(x, y), from };
    }
    this.#held.from = to;
    this.#drawing.zoomTo(zoom);
    relayout();
    const { x, y } = this.#drawing.point(this.#held.spot);
    const at = toOwn(viewport.element, to);
    viewport.scrollTo(x - at.x, y - at.y);
    this.#scrolledTo = [viewport.element.scrollLeft, viewport.element.scrollTop];
  }

  /** Where a cell's middle is, if it can be seen. */
  #inView(cell: Cell): Point | null {
    const { x, y, width, height } = this.#parts.viewport.toClient(this.#drawing.rect(cell));
    const at = { x: x + width / 2, y: y + height / 2 };
    const { left, top, right, bottom } = this.#cells();
    return at.x >= left && at.x <= right && at.y >= top && at.y <= bottom ? at : null;
  }

  #middle(): Point {
    const { left, top, right, bottom } = this.#cells();
    return { x: (left + right) / 2, y: (top + bottom) / 2 };
  }

  /** The part of the screen where cells are seen. */
  #cells(): DOMRect {
    const { element } = this.#parts.viewport;
    const { left, top } = this.#drawing.scrollPadding;
    const { clientWidth, clientHeight } = element;
    const inside = { x: left, y: top, width: clientWidth - left, height: clientHeight - top };
    return toClient(element, inside);
  }

  #say(): void {
    const zoom = `Zoom ${Math.round(100 * this.#drawing.zoom)} %`;
    this.#parts.say(this.#fitted ? "The whole picture" : zoom);
  }
}

function wheel(element: HTMLElement, zoom: Zooming, signal: AbortSignal): void {
  element.addEventListener(
    "wheel",
    (event) => {
      if (!(event.ctrlKey || event.metaKey) || !zoom.possible) return;
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE);
      const steady = Math.min(MOST_WHEEL, Math.max(-MOST_WHEEL, pixels));
      zoom.by(Math.exp(-PER_PIXEL * steady), { x: event.clientX, y: event.clientY });
    },
    { signal, passive: false },
  );
}

/** Two fingers; one scrolls as everywhere. */
function pinch(element: HTMLElement, zoom: Zooming, signal: AbortSignal): void {
  let last: { middle: Point; apart: number } | null = null;
  const fingers = ({ touches: [a, b] }: TouchEvent) => ({
    middle: { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2 },
    apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY),
  });
  const start = (event: TouchEvent) => {
    last = event.touches.length === 2 && zoom.possible ? fingers(event) : null;
    if (last !== null && event.cancelable) event.preventDefault();
  };
  const move = (event: TouchEvent) => {
    if (last === null || event.touches.length !== 2) return;
    if (event.cancelable) event.preventDefault();
    const now = fingers(event);
    if (last.apart > 0 && now.apart > 0) zoom.by(now.apart / last.apart, last.middle, now.middle);
    last = now;
  };
  const options = { signal, passive: false };
  element.addEventListener("touchstart", start, options);
  element.addEventListener("touchmove", move, options);
  element.addEventListener("touchend", start, options);
  element.addEventListener("touchcancel", start, options);
}

/** The picture follows the pointer while the button is down. */
function drag(viewport: Viewport, signal: AbortSignal): void {
  const { element } = viewport;
  let held: { pointer: number; x: number; y: number; moved: boolean } | null = null;
  const listen = <Name extends keyof HTMLElementEventMap>(
    name: Name,
    listener: (event: HTMLElementEventMap[Name]) => void,
  ) => element.addEventListener(name, listener, { signal, capture: true });
  listen("pointerdown", (event) => {
    panned = false; // the middle button's drag ends without a click
    const modified = event.button === 0 && (event.ctrlKey || event.metaKey);
    if (event.pointerType === "touch" || !(modified || event.button === 1)) return;
    // On the scroll bars, the pointer has other things to do.
    if (event.offsetX >= element.clientWidth && event.target === element) return;
    if (event.offsetY >= element.clientHeight && event.target === element) return;
    held = { pointer: event.pointerId, x: event.clientX, y: event.clientY, moved: false };
    element.setPointerCapture(event.pointerId);
    element.classList.add("tokenviz-panning");
    if (event.button === 1) event.preventDefault();
  });
  // The browser's own scrolling with the middle button begins here.
  listen("mousedown", (event) => {
    if (event.button === 1) event.preventDefault();
  });
  listen("pointermove", (event) => {
    if (held?.pointer !== event.pointerId) return;
    const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
    if (!held.moved && Math.hypot(dx, dy) < 3) return;
    held = { ...held, x: event.clientX, y: event.clientY, moved: true };
    const { x, y } = viewport.visible;
    const by = scaleOf(element);
    viewport.scrollTo(x - dx / by.x, y - dy / by.y);
    event.stopPropagation();
  });
  let panned = false;
  const release = (event: PointerEvent) => {
    if (held?.pointer !== event.pointerId) return;
    panned = held.moved;
    held = null;
    element.classList.remove("tokenviz-panning");
  };
  listen("pointerup", release);
  listen("pointercancel", release);
  // What ends a drag is no click on a cell.
  listen("click", (event) => {
    if (panned) event.stopPropagation();
    panned = false;
  });
}

function lens(sign: string): Node[] {
  return [svg("circle", { cx: 7, cy: 7, r: 4.5 }), svg("path", { d: `M10.3 10.3 14 14${sign}` })];
}

function frame(): Node[] {
  return [svg("path", { d: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" })];
}
