/**
 * What the explorer takes from the renderer that is there already (js/glue/core.ts): its own bundle
 * holds none of it.
 */

import type { TextMeasure } from "../canvas/text.ts";
import type { NUMBER_FONT } from "../canvas/typography.ts";
import type { findTable } from "../color/colormaps.ts";
import type { Distribution } from "../color/distribution.ts";
import type { ColorScale, resolveRange } from "../color/scale.ts";
import type { ColorBar } from "../figure/colorbar.ts";
import type { Figure } from "../figure/figure.ts";
import type { applyTheme, watchTheme } from "../figure/theme.ts";
import type { Store } from "../state/store.ts";
import type { TraceDrawing } from "../trace/drawing.ts";
import type { liveStatus } from "../trace/livestatus.ts";
import type { markControls } from "../trace/markcontrols.ts";
import type { paintRing } from "../trace/rings.ts";
import type { searchFeature } from "../trace/search/feature.ts";
import type { thresholdFeature } from "../trace/threshold.ts";

export interface Core {
  applyTheme: typeof applyTheme;
  ColorBar: typeof ColorBar;
  ColorScale: typeof ColorScale;
  Distribution: typeof Distribution;
  Figure: typeof Figure;
  findTable: typeof findTable;
  liveStatus: typeof liveStatus;
  markControls: typeof markControls;
  NUMBER_FONT: typeof NUMBER_FONT;
  paintRing: typeof paintRing;
  resolveRange: typeof resolveRange;
  searchFeature: typeof searchFeature;
  thresholdFeature: typeof thresholdFeature;
  Store: typeof Store;
  TextMeasure: typeof TextMeasure;
  TraceDrawing: typeof TraceDrawing;
  watchTheme: typeof watchTheme;
}
