/**
 * The synced state, typed: the same names as the traits of the Python widgets.
 *
 * `_data` arrives as JSON with binary leaves and is decoded once (js/wire/codec.ts) into `data`;
 * a set of changed names calls it `_data`, as the trait is called.
 */

import type { Cell } from "../figure/drawing.ts";

export type TokenKind = "text" | "special" | "part" | "byte" | "expression" | "number";

/** Tokens by column: entry i of each list belongs to token i. */
export interface TokenTable {
  label: readonly string[];
  id: readonly (number | null)[];
  /** Bytes in hexadecimal, e.g. "20 74 68 65"; null where the label spells them (js/wire/tokens.ts). */
  bytes: readonly (string | null)[];
  kind: readonly TokenKind[];
}

export type Facts = Readonly<Record<string, string>>;

/** What there is to see of a matrix that stays with the kernel (js/heatmap/tiles/). */
export interface TilesData {
  /** Texels of a tile, down and across, at most. */
  size: number;
  /** The level of the picture, and all its texels, row-major. */
  level: number;
  picture: Float32Array;
  /** Whether these are the extremes of all cells, or of some. */
  exact: boolean;
}

export interface HeatmapData {
  /** Row-major, rows × columns; none where they stay with the kernel. */
  values: Float32Array;
  tiles?: TilesData;
  shape: readonly [number, number];
  rows: TokenTable;
  columns: TokenTable;
  /** Of each value, where a method samples. */
  standard_error?: Float32Array;
  /** Whose each row is, where the prompt was a chat: "user", "assistant", … */
  roles?: readonly (string | null)[];
  facts: Facts;
}

export interface OwnChannel {
  name: string;
  values: Float32Array;
}

export interface TraceData {
  /** The distinct tokens; `index` and `alternative_index` point here. */
  vocabulary: TokenTable;
  index: Uint32Array;
  /** Natural logarithms; NaN where unknown. */
  logprobs: Float32Array;
  /** 1 = most probable, 0 = unknown. */
  ranks: Int32Array;
  /** In nats; NaN where unknown. */
  entropies: Float32Array;
  /** Position i owns alternatives offsets[i] to offsets[i + 1], most probable first. */
  offsets: Uint32Array;
  alternative_index: Uint32Array;
  alternative_logprobs: Float32Array;
  /** The trace's own numbers to colour by: one per position, NaN where unknown. */
  channels: readonly OwnChannel[];
  facts: Facts;
}

/** A colormap that is not among the bundled ones: 256 RGB triples. */
export interface ColormapTable {
  name: string;
  table: Uint8Array;
}

/** How numbers become colours: everything `resolveRange` needs. */
export interface RangeOptions {
  vmin: number | null;
  vmax: number | null;
  center: number | null;
  gamma: number;
  symmetric: boolean;
}

export interface FigureOptions extends RangeOptions {
  colormap: string;
  show_values: boolean;
  decimals: number;
  label: string;
  title: string;
  caption: string;
  selected: Cell | null;
  theme: "auto" | "light" | "dark";
  height: number | null;
  show_controls: boolean;
}

export interface HeatmapOptions extends FigureOptions {
  /** Bold where |value| >= emphasis. */
  emphasis: number | null;
  /** From the largest down, by sum of magnitudes or by the value in one column. */
  row_order: "original" | "magnitude" | number;
  /** The same, by the value in one row. */
  column_order: "original" | "magnitude" | number;
  /** Only so many rows, those that come first in a sorted order; null for all. */
  top_rows: number | null;
  hidden_columns: readonly number[];
}

export interface TraceOptions extends FigureOptions {
  row_length: number;
  /** How many alternatives to show under a position. */
  top_k: number;
  /** An alternative is shown when its probability is at least this, less 1e-6. */
  min_probability: number;
  border: boolean;
  arrangement: "grid" | "flow";
  /** What colours the cells: see js/trace/channels.ts. */
  channel: string;
}

/** How a text comes along that is being written, or was, before the reader's eyes. */
export interface LiveStatus {
  running: boolean;
  /** Tokens per second from the first on; null before the second. */
  rate: number | null;
  /** What went wrong. */
  error: string | null;
}

export interface HeatmapState extends HeatmapOptions {
  _kind: "heatmap";
  _colormap_table: ColormapTable | null;
  data: HeatmapData;
}

export interface TraceState extends TraceOptions {
  _kind: "trace";
  /** null for a trace that was whole from the beginning. */
  _live: LiveStatus | null;
  _colormap_table: ColormapTable | null;
  data: TraceData;
}

export type FigureState = HeatmapState | TraceState;
