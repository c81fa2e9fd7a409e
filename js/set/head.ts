/** The head of a column: its name, which sorts, and how its values are spread, which filters. */

import { h } from "../dom.ts";
import type { Bars } from "./source.ts";
import { written } from "./written.ts";

export interface Column {
  name: string;
  label: string;
  unit: string;
  kind: "number" | "bool" | "text";
}

export interface HeadOptions {
  column: Column;
  id: string;
  sort: () => void;
  /** Keep to a range; both null for all. */
  range: (low: number | null, high: number | null) => void;
  /** Open what filters by keys and numbers. */
  filter: () => void;
  signal: AbortSignal;
}

const HEIGHT = 26;
/** Pixels that a press may stray and still be one. */
const SLACK = 3;

export class Head {
  readonly element: HTMLDivElement;
  readonly #label: HTMLSpanElement;
  readonly #canvas = h("canvas", { class: "tokenviz-set-bars", "aria-hidden": "true" });
  readonly #options: HeadOptions;
  #bars: Bars | null = null;
  #range: readonly [number | null, number | null] = [null, null];
  /** Where a drag began and where it is, as shares of the width. */
  #drag: [number, number] | null = null;

  constructor(options: HeadOptions) {
    this.#options = options;
    const { column, id, signal } = options;
    this.#label = h("span", { class: "tokenviz-set-label" }, column.label);
    const unit = column.unit === "" ? "" : ` (${column.unit})`;
    this.element = h(
      "div",
      { ...{ class: "tokenviz-set-head", role: "columnheader", id }, "aria-sort": "none" },
      h("span", { class: "tokenviz-set-name", title: `${column.name}${unit}` }, this.#label),
      this.#canvas,
    );
    this.element.dataset.tokenvizColumn = column.name;
    this.element.dataset.tokenvizKind = column.kind;
    const until = { signal };
    this.element.firstElementChild?.addEventListener("click", () => options.sort(), until);
    if (column.kind === "number") this.#listen(signal);
    else this.#canvas.addEventListener("click", () => options.filter(), until);
  }

  sorted(descending: boolean | null): void {
    const order = descending === null ? "none" : descending ? "descending" : "ascending";
    this.element.setAttribute("aria-sort", order);
  }

  show(bars: Bars | null, range: readonly [number | null, number | null]): void {
    this.#bars = bars;
    this.#range = range;
    const [low, high] = range;
    const kept = low !== null || high !== null;
    this.element.toggleAttribute("data-tokenviz-kept", kept);
    const spread =
      bars === null ? "" : `from ${written(bars.low)} to ${written(bars.high)}, F filters`;
    this.element.setAttribute("aria-description", spread);
    this.#canvas.title =
      bars === null
        ? ""
        : `${written(bars.low)} … ${written(bars.high)}: drag to keep a range, click for numbers`;
    this.paint();
  }

  paint(): void {
    const canvas = this.#canvas;
    const width = canvas.clientWidth;
    if (width === 0) return;
    const ratio = devicePixelRatio;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(HEIGHT * ratio);
    const ctx = canvas.getContext("2d");
    if (ctx === null || this.#bars === null) return;
    ctx.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    const { counts, now } = this.#bars;
    const [muted, accent] = ["--tokenviz-hairline", "--tokenviz-accent"].map((name) => {
      const value = style.getPropertyValue(name).trim();
      return value === "" ? style.color : value;
    });
    const draw = (values: readonly number[], color: string) => {
      // By the root: a single tall bar hides no others.
      const most = Math.sqrt(Math.max(1, ...counts));
      ctx.fillStyle = color;
      const step = width / values.length;
      values.forEach((count, i) => {
        const tall = count === 0 ? 0 : Math.max(1, (Math.sqrt(count) / most) * (HEIGHT - 3));
        ctx.fillRect(i * step, HEIGHT - 1 - tall, Math.max(1, step - 1), tall);
      });
    };
    draw(counts, muted);
    draw(now ?? counts, now === null ? style.color : accent);
    const kept = this.#shares();
    if (kept !== null) {
      ctx.globalAlpha = 0.22;
      ctx.fillStyle = accent;
      ctx.fillRect(kept[0] * width, 0, Math.max(2, (kept[1] - kept[0]) * width), HEIGHT - 1);
      ctx.globalAlpha = 1;
    }
    ctx.fillStyle = style.color;
    ctx.fillRect(0, HEIGHT - 1, width, 1);
  }

  /** What is kept, or being dragged over, as shares of the width. */
  #shares(): [number, number] | null {
    if (this.#drag !== null) return [Math.min(...this.#drag), Math.max(...this.#drag)];
    const bars = this.#bars;
    const [low, high] = this.#range;
    if (bars === null || (low === null && high === null)) return null;
    const share = (value: number) =>
      Math.min(1, Math.max(0, (value - bars.low) / (bars.high - bars.low)));
    return [low === null ? 0 : share(low), high === null ? 1 : share(high)];
  }

  #listen(signal: AbortSignal): void {
    const canvas = this.#canvas;
    const until = { signal };
    const at = (event: PointerEvent) => {
      const { left, width } = canvas.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - left) / width));
    };
    canvas.addEventListener(
      "pointerdown",
      (event) => {
        if (event.button !== 0 || this.#bars === null) return;
        canvas.setPointerCapture(event.pointerId);
        this.#drag = [at(event), at(event)];
      },
      until,
    );
    canvas.addEventListener(
      "pointermove",
      (event) => {
        if (this.#drag === null) return;
        this.#drag = [this.#drag[0], at(event)];
        this.paint();
      },
      until,
    );
    canvas.addEventListener(
      "pointerup",
      () => {
        const [drag, bars] = [this.#drag, this.#bars];
        this.#drag = null;
        if (drag === null || bars === null) return;
        if (Math.abs(drag[1] - drag[0]) * canvas.clientWidth < SLACK) {
          this.#options.filter();
          return;
        }
        const value = (share: number) => bars.low + share * (bars.high - bars.low);
        const [from, to] = [Math.min(...drag), Math.max(...drag)];
        this.#options.range(from <= 0 ? null : value(from), to >= 1 ? null : value(to));
      },
      until,
    );
    const stop = () => {
      this.#drag = null;
      this.paint();
    };
    canvas.addEventListener("pointercancel", stop, until);
  }
}
