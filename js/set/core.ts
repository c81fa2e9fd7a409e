/** What the table takes from the renderer that is there already (js/glue/core.ts). */

import type { findTable } from "../color/colormaps.ts";
import type { ColorScale, resolveRange } from "../color/scale.ts";
import type { Figure } from "../figure/figure.ts";
import type { applyTheme, watchTheme } from "../figure/theme.ts";
import type { Store } from "../state/store.ts";
import type { TraceDrawing } from "../trace/drawing.ts";
import type { searchFeature } from "../trace/search/feature.ts";

export interface Core {
  applyTheme: typeof applyTheme;
  ColorScale: typeof ColorScale;
  Figure: typeof Figure;
  findTable: typeof findTable;
  resolveRange: typeof resolveRange;
  searchFeature: typeof searchFeature;
  Store: typeof Store;
  TraceDrawing: typeof TraceDrawing;
  watchTheme: typeof watchTheme;
}
