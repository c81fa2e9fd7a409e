/**
 * From a model to a figure in an element: what both glues do.
 */

import { Figure } from "../figure/figure.ts";
import { arranging } from "../heatmap/arranging.ts";
import { beyond } from "../heatmap/beyond.ts";
import { DEFAULT_HEIGHT, HeatmapDrawing } from "../heatmap/drawing.ts";
import { linkTo } from "../heatmap/tiles/link.ts";
import { tileStatus } from "../heatmap/tiles/status.ts";
import { zooming } from "../heatmap/zooming.ts";
import type { Model } from "../state/model.ts";
import type { HeatmapState, TraceState } from "../state/state.ts";
import { Store } from "../state/store.ts";
import { TraceDrawing } from "../trace/drawing.ts";
import { liveStatus } from "../trace/livestatus.ts";
import { markControls } from "../trace/markcontrols.ts";
import { searchFeature } from "../trace/search/feature.ts";
import { spanFeature } from "../trace/span.ts";
import { thresholdFeature } from "../trace/threshold.ts";

const DEFAULT_TRACE_HEIGHT = 900;

/** Shows the model's figure in `parent` until the signal aborts; not at all when it has. */
export function mount(model: Model, parent: Element, signal: AbortSignal): void {
  if (signal.aborted) return;
  const figure =
    model.get("_kind") === "trace" ? traceFigure(model, signal) : heatmapFigure(model, signal);
  parent.append(figure.element);
  signal.addEventListener("abort", () => figure.element.remove());
}

function traceFigure(model: Model, signal: AbortSignal): Figure<TraceState> {
  const drawing = new TraceDrawing();
  return new Figure({
    store: new Store<TraceState>(model, signal),
    drawing,
    defaultHeight: DEFAULT_TRACE_HEIGHT,
    features: [
      liveStatus,
      searchFeature(drawing),
      thresholdFeature(drawing),
      markControls,
      spanFeature(drawing),
    ],
    signal,
  });
}

function heatmapFigure(model: Model, signal: AbortSignal): Figure<HeatmapState> {
  const drawing = new HeatmapDrawing(linkTo(model));
  return new Figure({
    store: new Store<HeatmapState>(model, signal),
    drawing,
    defaultHeight: DEFAULT_HEIGHT,
    features: [zooming(drawing), arranging, tileStatus(drawing), beyond(drawing)],
    signal,
  });
}
