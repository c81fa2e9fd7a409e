/**
 * The synced state, typed: the same names as the traits of the Python widgets.
 *
 * `_data` arrives as JSON with binary leaves and is decoded once (js/wire/codec.ts) into `data`;
 * a set of changed names calls it `_data`, as the trait is called.
 */

import type { ColormapTable } from "../color/colormaps.ts";
import type { RangeOptions } from "../color/range.ts";
import type { ArrangeOptions } from "../data/arrange.ts";
import type { Cell } from "../data/cell.ts";
import type { HeatmapData } from "../data/heatmap.ts";
import type { LiveStatus, TraceData } from "../data/trace.ts";

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

export interface HeatmapOptions extends FigureOptions, ArrangeOptions {
  /** Bold where |value| >= emphasis. */
  emphasis: number | null;
}

export interface TraceOptions extends FigureOptions {
  /** Positions to a row; null for as many as fit. */
  row_length: number | null;
  /** How many alternatives to show under a position. */
  top_k: number;
  /** An alternative is shown when its probability is at least this, less 1e-6. */
  min_probability: number;
  border: boolean;
  arrangement: "grid" | "flow";
  /** What colours the cells: see js/data/channels.ts. */
  channel: string;
  /** The channel whose numbers are written; null for the one that colours. */
  written: string | null;
  /** One more cell below the alternatives: the probability of all that is not shown. */
  show_rest: boolean;
  /** Which of the trace's flags dims or stripes its tokens. */
  flag: string | null;
  /** Which of its categories stands over the tokens as bands. */
  category: string | null;
  /** In the channel's units: what is beyond it is counted and walked through; null for none. */
  threshold: number | null;
  /** Which side of it; null for the one that is looked for in the channel. */
  beyond: "above" | "below" | null;
  /** Several tokens of the path: the first position, and the one after the last. */
  span: readonly [number, number] | null;
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
