/**
 * The two ends of the colour bar, and a threshold on it, as handles: dragged with the pointer, moved with the keys.
 *
 * Each is a slider to keys and to screen readers. The pointer may take hold of an end anywhere
 * across the bar, or draw a new range between them; a double click fits the range to the data.
 */

import { toOwn } from "../canvas/space.ts";
import type { Extent } from "../color/extent.ts";
import { unwarped, warped } from "../color/norm.ts";
import { compact } from "../color/numbers.ts";
import type { ResolvedRange } from "../color/range.ts";
import type { Settings } from "../controls/control.ts";
import { type Domain, type End, moveEnd, tidy } from "../controls/range.ts";
import { Reach } from "../controls/reach.ts";
import { h } from "../dom.ts";
import {
  type Drag,
  dragged,
  FINGER_GRIP,
  GRIP,
  gripped,
  type Place,
  pixelOf,
  round,
  valueAt,
} from "./barrange.ts";

export interface Ends {
  place: Place;
  range: ResolvedRange;
  finite: Extent["finite"];
  threshold: number | null;
}

type Handle = End | "threshold";

const LABELS: Record<Handle, string> = {
  vmin: "Lower end of the colour range",
  vmax: "Upper end of the colour range",
  threshold: "Threshold",
};
/** Steps of PageUp and PageDown. */
const PAGE = 10;

export class BarEnds {
  readonly elements: readonly HTMLElement[];
  readonly #handles: Record<Handle, HTMLElement>;
  readonly #bar: HTMLElement;
  readonly #settings: Settings;
  readonly #changed: () => void;
  readonly #reach = new Reach();
  #ends!: Ends;
  #domain: Domain = { min: 0, max: 1, step: 0.01 };
  #drag: Drag | null = null;
  /** Is the threshold what is dragged? */
  #threshold = false;

  /** `changed` is called when a drag begins or ends, and the bar shows another span. */
  constructor(bar: HTMLElement, settings: Settings, changed: () => void, signal: AbortSignal) {
    this.#bar = bar;
    this.#settings = settings;
    this.#changed = changed;
    const [vmin, vmax, threshold] = (["vmin", "vmax", "threshold"] as const).map((handle) =>
      this.#handle(handle, signal),
    );
    this.#handles = { vmin, vmax, threshold };
    this.elements = [vmin, vmax, threshold];
    threshold.hidden = true;
    bar.addEventListener("pointerdown", (event) => this.#press(event), { signal });
    bar.addEventListener("pointermove", (event) => this.#move(event), { signal });
    for (const name of ["pointerup", "pointercancel"] as const) {
      bar.addEventListener(name, () => this.#release(), { signal });
    }
    const fit = () => {
      if (this.#ends.finite !== null) settings.set({ vmin: null, vmax: null });
    };
    bar.addEventListener("dblclick", fit, { signal });
  }

  /** The bar as the drag found it; null while nobody drags. */
  get held(): Place | null {
    return this.#drag?.place ?? null;
  }

  update(ends: Ends): void {
    this.#ends = ends;
    const { range, finite } = ends;
    const domain = this.#reach.domain(this.#settings.state, range, finite);
    this.#domain = domain;
    this.#handles.threshold.hidden = ends.threshold === null;
    for (const [end, handle] of Object.entries(this.#handles)) {
      const value = this.#value(end as Handle);
      if (value === null) continue;
      handle.style.top = `${this.#pixelOf(value)}px`;
      handle.ariaValueMin = String(unwarped(domain.min, range.log));
      handle.ariaValueMax = String(unwarped(domain.max, range.log));
      handle.ariaValueNow = String(value);
      const text = compact(value).replaceAll("-", "−").replace("e+", "e");
      handle.ariaValueText = text;
      (handle.firstChild as HTMLElement).textContent = text;
    }
  }

  #value(handle: Handle): number {
    const { range, threshold } = this.#ends;
    if (handle === "threshold") return threshold as number;
    return handle === "vmin" ? range.lo : range.hi;
  }

  /** A threshold may lie beyond the ends of the bar. */
  #pixelOf(value: number): number {
    const { place } = this.#ends;
    return Math.min(place.bottom, Math.max(place.top, pixelOf(value, place)));
  }

  #handle(end: Handle, signal: AbortSignal): HTMLElement {
    const handle = h(
      "div",
      {
        class: `tokenviz-bar-end tokenviz-bar-${end}`,
        role: "slider",
        tabindex: 0,
        "aria-label": LABELS[end],
        "aria-orientation": "vertical",
        "data-tokenviz-control": `colorbar-${end}`,
      },
      h("span", { class: "tokenviz-bar-value" }),
    );
    handle.addEventListener("keydown", (event) => this.#key(event, end), { signal });
    return handle;
  }

  #key(event: KeyboardEvent, end: Handle): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { range } = this.#ends;
    const { min, max, step } = this.#domain;
    const value = warped(this.#value(end), range.log);
    const to = {
      ArrowUp: value + step,
      ArrowRight: value + step,
      ArrowDown: value - step,
      ArrowLeft: value - step,
      PageUp: value + PAGE * step,
      PageDown: value - PAGE * step,
      Home: min,
      End: max,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const moved = unwarped(to, range.log);
    if (end === "threshold") {
      this.#settings.set({ threshold: tidy(moved) });
      return;
    }
    const { symmetric, center } = this.#settings.state;
    this.#settings.set(moveEnd(range, end, moved, { symmetric, center, smallest: step }));
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0) return;
    const { place } = this.#ends;
    const from = this.#pixel(event);
    const end = this.#gripped(from, event.pointerType === "touch");
    this.#threshold = end === "threshold";
    this.#drag = { place, from, end: end === "threshold" ? null : end };
    this.#bar.setPointerCapture(event.pointerId);
    this.#bar.classList.add("tokenviz-held");
    if (end !== null) this.#handles[end].focus({ preventScroll: true });
    // Neither the focus taken away again, nor text selected on the way.
    event.preventDefault();
  }

  #move(event: PointerEvent): void {
    const pixel = this.#pixel(event);
    if (this.#drag === null) {
      const over = this.#gripped(pixel) === null;
      this.#bar.style.cursor = over ? "crosshair" : "ns-resize";
      return;
    }
    if (this.#threshold) {
      const { place } = this.#drag;
      this.#settings.set({ threshold: round(valueAt(pixel, place), place) });
      return;
    }
    const { symmetric, center } = this.#settings.state;
    const ends = dragged(this.#drag, pixel, { symmetric, center });
    if (ends !== null) this.#settings.set(ends);
  }

  /** A threshold is taken hold of where it is nearer than the ends. */
  #gripped(pixel: number, touched = false): Handle | null {
    const { place, threshold } = this.#ends;
    if (threshold !== null) {
      const { top, bottom } = place;
      const away = Math.abs(pixel - this.#pixelOf(threshold));
      const ends = Math.min(Math.abs(pixel - top), Math.abs(pixel - bottom));
      if (away <= (touched ? FINGER_GRIP : GRIP) && away < ends) return "threshold";
    }
    return gripped(pixel, place, touched);
  }

  #release(): void {
    if (this.#drag === null) return;
    this.#drag = null;
    this.#bar.classList.remove("tokenviz-held");
    this.#changed();
  }

  #pixel({ clientX, clientY }: PointerEvent): number {
    return toOwn(this.#bar, { x: clientX, y: clientY }).y;
  }
}
