/** A quiet word beside the tools: how many columns are out of sight to the right. */

import { h } from "../dom.ts";
import type { Feature } from "../figure/feature.ts";
import { PLACE } from "../figure/toolbar.ts";
import type { HeatmapState } from "../state/state.ts";
import type { HeatmapDrawing } from "./drawing.ts";

export function beyond(drawing: HeatmapDrawing): Feature<HeatmapState> {
  return ({ toolbar, viewport }) => {
    const sign = h("span", { class: "tokenviz-status", "aria-hidden": "true" });
    toolbar.add(sign, PLACE.live);
    viewport.watch(() => {
      const count = drawing.columnsBeyond(viewport.visible);
      const text = count > 0 ? `more columns: ${count} →` : "";
      if (sign.textContent !== text) sign.textContent = text;
    });
  };
}
