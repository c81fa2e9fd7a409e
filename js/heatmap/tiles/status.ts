/** A line below the figure: what is seen is sampled, the kernel is busy, or gone. */

import { h } from "../../dom.ts";
import type { Feature } from "../../figure/feature.ts";
import type { HeatmapState } from "../../state/state.ts";
import type { HeatmapDrawing } from "../drawing.ts";

export function tileStatus(drawing: HeatmapDrawing): Feature<HeatmapState> {
  return ({ store, element, signal }) => {
    const line = h("div", { class: "tokenviz-tile-status", role: "status", "aria-live": "polite" });
    element.querySelector(".tokenviz-body")?.after(line);
    const update = () => {
      line.hidden = store.state.data.tiles === undefined;
      if (line.textContent !== drawing.status) line.textContent = drawing.status;
    };
    drawing.onStatus = update;
    store.subscribe((changed) => {
      if (changed.has("_data")) update();
    }, signal);
    update();
  };
}
