/**
 * Walking the tokens beyond a threshold: the group in the panel, and the keys.
 *
 * The threshold is a trait. The colour bar shows and drags it (figure/barends.ts), the drawing finds
 * what is beyond it, outlines that in the cells and the overview and counts it in the caption.
 */

import type { Control } from "../controls/control.ts";
import { group, numberField, select } from "../controls/fields.ts";
import { icon, toolButton } from "../controls/toolbutton.ts";
import { h, svg } from "../dom.ts";
import type { Feature, FigureParts } from "../figure/feature.ts";
import type { TraceState } from "../state/state.ts";
import { type Beyond, counted, type Side, sideOf } from "./beyond.ts";
import { neighbour } from "./search/threshold.ts";

/** What walking needs of the drawing. */
export interface Bounded {
  readonly beyond: Beyond | null;
  firstVisible(visible: { x: number; y: number; width: number; height: number }): number;
}

const SIDES = [
  { value: "above", label: "≥" },
  { value: "below", label: "≤" },
];

export function thresholdFeature(drawing: Bounded): Feature<TraceState> {
  return (parts) => {
    const { store, commands, viewport } = parts;
    const walk = (direction: 1 | -1) => {
      const { positions = [] } = drawing.beyond ?? {};
      const here = parts.current()?.[0] ?? drawing.firstVisible(viewport.visible) - 1;
      const place = neighbour(positions, here, direction);
      if (place < 0) return;
      parts.goTo([positions[place], 0]);
    };
    const control = { field: null as HTMLInputElement | null };
    const step = (direction: 1 | -1) => () => {
      if (store.state.threshold !== null) walk(direction);
      else {
        // There is none to go by: here it is set.
        store.set({ show_controls: true });
        control.field?.focus();
      }
      return true;
    };
    commands.add({ keys: ["e"], label: "Next token beyond the threshold", run: step(1) });
    commands.add({ keys: ["E"], label: "Previous token beyond the threshold", run: step(-1) });
    parts.addControl(() => {
      const made = thresholdControl(drawing, parts, walk);
      control.field = made.field;
      return made;
    });
  };
}

function thresholdControl(
  drawing: Bounded,
  { store, signal }: FigureParts<TraceState>,
  walk: (direction: 1 | -1) => void,
): Control & { field: HTMLInputElement } {
  const side = select({
    ...{ control: "beyond", label: "Which side of the threshold", signal },
    change: (beyond) => store.set({ beyond: beyond as Side }),
  });
  const number = numberField<number | null>(
    {
      ...{ control: "threshold", label: "Threshold in the channel", placeholder: "none", signal },
      change: (threshold) => store.set({ threshold }),
    },
    false,
  );
  const count = h("span", {
    ...{ class: "tokenviz-find-count", role: "status", "data-tokenviz-control": "beyond-count" },
  });
  const small = (control: string, label: string, path: string, direction: 1 | -1) =>
    toolButton({
      ...{ control, label, icon: icon(svg("path", { d: path })), signal },
      press: () => walk(direction),
    });
  const walks = [
    small("beyond-previous", "Previous token beyond the threshold", "M4 10l4-4 4 4", -1),
    small("beyond-next", "Next token beyond the threshold", "M4 6l4 4 4-4", 1),
  ];
  return {
    element: group("Threshold", side.element, number.element, count, ...walks),
    field: number.input,
    update() {
      const { channel, threshold, beyond } = store.state;
      side.show(sideOf(channel, beyond), SIDES);
      number.show(threshold);
      const found = drawing.beyond;
      count.textContent = found === null ? "" : counted(found);
      for (const each of walks) each.disabled = !found?.positions.length;
    },
  };
}
