/** Which channel of a trace colours its cells; with it come the looks that fit. */

import { CHANNELS, channelLook, channelNamed, channelNames, isKnown } from "../data/channels.ts";
import type { TraceData } from "../data/trace.ts";
import type { TraceState } from "../state/state.ts";
import type { Control, ControlView, Settings } from "./control.ts";
import { type Choice, group, select } from "./fields.ts";

export class ChannelControl implements Control {
  readonly element: HTMLElement;
  readonly #menu: ReturnType<typeof select>;
  #data: TraceData | null = null;
  #choices: readonly Choice[] = [];

  constructor(settings: Settings, signal: AbortSignal) {
    this.#menu = select({
      ...{ control: "channel", label: "Channel: what colours the cells", signal },
      change: (channel) => {
        const { data } = settings.state as TraceState;
        settings.set({ channel, ...channelLook(data, channel), threshold: null });
      },
    });
    this.element = group("Channel", this.#menu.element);
  }

  update({ state }: ControlView): void {
    const { data, channel } = state as TraceState;
    if (data !== this.#data) {
      this.#data = data;
      const now = choices(data);
      // An open menu is left alone while a trace that is being written grows.
      if (JSON.stringify(now) !== JSON.stringify(this.#choices)) this.#choices = now;
    }
    this.#menu.show(channel, this.#choices);
  }
}

function choices(data: TraceData): Choice[] {
  return channelNames(data).map((value) => {
    const { name } = channelNamed(value);
    const known = isKnown(data, value);
    const bundled = Object.hasOwn(CHANNELS, value);
    const label = bundled ? name[0].toUpperCase() + name.slice(1) : name;
    return { value, label: known ? label : `${label} (unknown)`, disabled: !known };
  });
}
