/**
 * The names of the synced traits, as in the Python widgets: a test keeps the two lists equal.
 */

const COMMON = [
  "_kind",
  "_data",
  "_colormap_table",
  "colormap",
  "vmin",
  "vmax",
  "center",
  "gamma",
  "norm",
  "symmetric",
  "show_values",
  "decimals",
  "label",
  "title",
  "caption",
  "selected",
  "theme",
  "height",
  "show_controls",
] as const;

export const HEATMAP_TRAITS = [
  ...COMMON,
  "emphasis",
  "row_order",
  "column_order",
  "top_rows",
  "hidden_columns",
] as const;

export const TRACE_TRAITS = [
  ...COMMON,
  "row_length",
  "top_k",
  "min_probability",
  "border",
  "channel",
  "written",
  "show_rest",
  "flag",
  "category",
  "threshold",
  "beyond",
  "span",
  "arrangement",
  "_live",
] as const;
