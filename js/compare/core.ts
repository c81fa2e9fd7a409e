/**
 * What a comparison takes of the renderer that is there already (js/glue/core.ts): its own bundle
 * holds none of it.
 */

import type { Figure } from "../figure/figure.ts";
import type { applyTheme, watchTheme } from "../figure/theme.ts";
import type { Store } from "../state/store.ts";
import type { TraceDrawing } from "../trace/drawing.ts";
import type { markControls } from "../trace/markcontrols.ts";
import type { searchFeature } from "../trace/search/feature.ts";
import type { spanFeature } from "../trace/span.ts";
import type { thresholdFeature } from "../trace/threshold.ts";

export interface Core {
  applyTheme: typeof applyTheme;
  Figure: typeof Figure;
  markControls: typeof markControls;
  searchFeature: typeof searchFeature;
  spanFeature: typeof spanFeature;
  Store: typeof Store;
  thresholdFeature: typeof thresholdFeature;
  TraceDrawing: typeof TraceDrawing;
  watchTheme: typeof watchTheme;
}
