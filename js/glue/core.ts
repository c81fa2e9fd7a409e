/**
 * What another instrument builds on: the parts of the renderer that it would otherwise hold a second
 * time. One list for both homes: the module that widgets load, and the script of pages.
 */

export { spoken } from "../a11y/spoken.ts";
export { font } from "../canvas/fonts.ts";
export { TextMeasure } from "../canvas/text.ts";
export { NUMBER_FONT, VALUE_FONT } from "../canvas/typography.ts";
export { findTable } from "../color/colormaps.ts";
export { Distribution } from "../color/distribution.ts";
export { extentOf } from "../color/extent.ts";
export { notationOf, write } from "../color/notation.ts";
export { compact, fixed, grouped } from "../color/numbers.ts";
export { ColorScale, resolveRange } from "../color/scale.ts";
export { anchorTo, settle } from "../controls/anchor.ts";
export { icon, toolButton } from "../controls/toolbutton.ts";
export { h, svg, uniqueId } from "../dom.ts";
export { ColorBar } from "../figure/colorbar.ts";
export { Figure } from "../figure/figure.ts";
export { applyTheme, watchTheme } from "../figure/theme.ts";
export { tokenFacts } from "../figure/tokenfacts.ts";
export { PLACE } from "../figure/toolbar.ts";
export { Tooltip } from "../figure/tooltip.ts";
export { MemoryModel } from "../state/model.ts";
export { Store } from "../state/store.ts";
export { TraceDrawing } from "../trace/drawing.ts";
export { cellValue, significant } from "../trace/format.ts";
export { liveStatus } from "../trace/livestatus.ts";
export { markControls } from "../trace/markcontrols.ts";
export { paintRing } from "../trace/rings.ts";
export { searchFeature } from "../trace/search/feature.ts";
export { PathText } from "../trace/search/text.ts";
export { spanFeature } from "../trace/span.ts";
export { thresholdFeature } from "../trace/threshold.ts";
export { decodeArray, decodeBytes, decodeMarks } from "../wire/codec.ts";
export { decodeTable } from "../wire/tokens.ts";
