/**
 * The two ends of the colour bar as handles: dragged with the pointer, moved with the keys.
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
import { type Domain, type End, moveEnd } from "../controls/range.ts";
import { Reach } from "../controls/reach.ts";
import { h } from "../dom.ts";
import { type Drag, dragged, gripped, type Place, pixelOf } from "./barrange.ts";

export interface Ends {
  place: Place;
  range: ResolvedRange;
  finite: Extent["finite"];
}

const LABELS: Record<End, string> = {
  vmin: "Lower end of the colour range",
  vmax: "Upper end of the colour range",
};
/** Steps of PageUp and PageDown. */
const PAGE = 10;

export class BarEnds {
  readonly elements: readonly HTMLElement[];
  readonly #handles: Record<End, HTMLElement>;
  readonly #bar: HTMLElement;
  readonly #settings: Settings;
  readonly #changed: () => void;
  readonly #reach = new Reach();
  #ends!: Ends;
  #domain: Domain = { min: 0, max: 1, step: 0.01 };
  #drag: Drag | null = null;

  /** `changed` is called when a drag begins or ends, and the bar shows another span. */
  constructor(bar: HTMLElement, settings: Settings, changed: () => void, signal: AbortSignal) {
    this.#bar = bar;
    this.#settings = settings;
    this.#changed = changed;
    this.#handles = { vmin: this.#handle("vmin", signal), vmax: this.#handle("vmax", signal) };
    this.elements = [this.#handles.vmin, this.#handles.vmax];
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
    const { place, range, finite } = ends;
    const domain = this.#reach.domain(this.#settings.state, range, finite);
    this.#domain = domain;
    for (const end of ["vmin", "vmax"] as const) {
      const handle = this.#handles[end];
      const value = end === "vmin" ? range.lo : range.hi;
      handle.style.top = `${pixelOf(value, place)}px`;
      handle.ariaValueMin = String(unwarped(domain.min, range.log));
      handle.ariaValueMax = String(unwarped(domain.max, range.log));
      handle.ariaValueNow = String(value);
      const text = compact(value).replaceAll("-", "−").replace("e+", "e");
      handle.ariaValueText = text;
      (handle.firstChild as HTMLElement).textContent = text;
    }
  }

  #handle(end: End, signal: AbortSignal): HTMLElement {
    const handle = h(
      "div",
      {
        class: "tokenviz-bar-end",
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

  #key(event: KeyboardEvent, end: End): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { range } = this.#ends;
    const { min, max, step } = this.#domain;
    const value = warped(end === "vmin" ? range.lo : range.hi, range.log);
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
    const { symmetric, center } = this.#settings.state;
    const moved = unwarped(to, range.log);
    this.#settings.set(moveEnd(range, end, moved, { symmetric, center, smallest: step }));
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0) return;
    const { place } = this.#ends;
    const from = this.#pixel(event);
    const end = gripped(from, place, event.pointerType === "touch");
    this.#drag = { place, from, end };
    this.#bar.setPointerCapture(event.pointerId);
    this.#bar.classList.add("tokenviz-held");
    if (end !== null) this.#handles[end].focus({ preventScroll: true });
    // Neither the focus taken away again, nor text selected on the way.
    event.preventDefault();
  }

  #move(event: PointerEvent): void {
    const pixel = this.#pixel(event);
    if (this.#drag === null) {
      const over = gripped(pixel, this.#ends.place) === null;
      this.#bar.style.cursor = over ? "crosshair" : "ns-resize";
      return;
    }
    const { symmetric, center } = this.#settings.state;
    const ends = dragged(this.#drag, pixel, { symmetric, center });
    if (ends !== null) this.#settings.set(ends);
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
