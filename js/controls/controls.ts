/**
 * The control panel, and the small button that opens it.
 *
 * Every control changes one or two traits of the view's store and is told the state after each
 * change, its own included. The kernel is not needed for any of it.
 */

import { channelLook } from "../data/channels.ts";
import { h, svg, uniqueId } from "../dom.ts";
import type { FigureOptions, HeatmapOptions, TraceOptions } from "../state/state.ts";
import { ArrangeControls } from "./arrangecontrols.ts";
import { CellControls } from "./cellcontrols.ts";
import { ChannelControl } from "./channelcontrol.ts";
import { ColormapMenu } from "./colormapmenu.ts";
import type { Control, ControlView, Settings } from "./control.ts";
import { button } from "./fields.ts";
import { LayoutControl } from "./layoutcontrol.ts";
import { RangeSlider } from "./rangeslider.ts";
import { ScaleControls } from "./scalecontrols.ts";
import { icon, toolButton } from "./toolbutton.ts";

/** What "Reset" brings back. */
const RESETTABLE: readonly (keyof FigureOptions | keyof HeatmapOptions | keyof TraceOptions)[] = [
  "colormap",
  "vmin",
  "vmax",
  "center",
  "gamma",
  "norm",
  "symmetric",
  "show_values",
  "decimals",
  "row_length",
  "top_k",
  "min_probability",
  "border",
  "arrangement",
  "written",
  "show_rest",
  "flag",
  "category",
  "threshold",
  "beyond",
  "label",
  "row_order",
  "column_order",
  "top_rows",
  "hidden_columns",
];

export class Controls {
  readonly button: HTMLButtonElement;
  readonly panel: HTMLDivElement;
  readonly #settings: Settings;
  readonly #signal: AbortSignal;
  /** Made when the panel is first opened: most never are. */
  #parts: readonly Control[] | null = null;
  readonly #more: (() => Control)[] = [];
  #view: ControlView | null = null;
  /** The options as the view found them. */
  readonly #start: Partial<TraceOptions>;
  /** The channel that the view found, of a trace. */
  readonly #channel: string | null;

  constructor(settings: Settings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
    this.#start = Object.fromEntries(
      Object.entries(settings.state).filter(([name]) => RESETTABLE.includes(name as never)),
    );
    const { state } = settings;
    this.#channel = state._kind === "trace" ? state.channel : null;
    this.panel = h("div", {
      ...{ class: "tokenviz-panel", role: "group", "aria-label": "Figure controls" },
    });
    this.panel.id = uniqueId("panel");
    this.button = toolButton({
      ...{ control: "toggle", label: "Figure controls", title: "Colours and layout", signal },
      icon: sliders(),
      press: () => settings.set({ show_controls: !settings.state.show_controls }),
    });
    this.button.setAttribute("aria-controls", this.panel.id);
    this.panel.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  /** One more part, made with the others. */
  add(make: () => Control): void {
    this.#more.push(make);
    if (this.#parts === null) return;
    this.panel.replaceChildren();
    this.#parts = this.#fill();
    if (this.#view !== null) this.update(this.#view);
  }

  /** Shows the state. A closed panel is brought up to date when it opens. */
  update(view: ControlView): void {
    this.#view = view;
    const { show_controls } = view.state;
    this.button.ariaExpanded = String(show_controls);
    this.panel.hidden = !show_controls;
    if (!show_controls) return;
    this.#parts ??= this.#fill();
    for (const part of this.#parts) part.update(view);
  }

  #fill(): readonly Control[] {
    const [settings, signal] = [this.#settings, this.#signal];
    const trace = settings.state._kind === "trace";
    const parts = [
      ...(trace ? [new ChannelControl(settings, signal)] : []),
      ...this.#more.map((make) => make()),
      new ColormapMenu(settings, signal),
      new RangeSlider(settings, signal),
      new ScaleControls(settings, signal),
      ...(trace ? [new LayoutControl(settings, signal)] : []),
      new CellControls(settings, signal),
      ...(trace ? [] : [new ArrangeControls(settings, signal)]),
    ];
    const reset = button("reset", "Reset", {
      ...{ title: "Back to how the figure started", signal },
      press: () => settings.set(this.#home()),
    });
    this.panel.append(...parts.map((part) => part.element), reset);
    return parts;
  }

  /** The options as the view found them; in another channel, the looks that fit that. */
  #home(): Partial<TraceOptions> {
    const { state } = this.#settings;
    if (state._kind !== "trace" || state.channel === this.#channel) return this.#start;
    return { ...this.#start, ...channelLook(state.data, state.channel), threshold: null };
  }

  #key(event: KeyboardEvent): void {
    // Keys typed into a control are no commands of the notebook.
    event.stopPropagation();
    if (event.key !== "Escape") return;
    this.#settings.set({ show_controls: false });
    this.button.focus();
  }
}

/** Three sliders. */
function sliders(): SVGElement {
  const line = (y: number, knob: number) => [
    svg("path", { d: `M2 ${y}h${knob - 4}M${knob + 2} ${y}H14` }),
    svg("circle", { cx: knob, cy: y, r: 1.8 }),
  ];
  return icon(...line(4, 10), ...line(8, 5), ...line(12, 9));
}
