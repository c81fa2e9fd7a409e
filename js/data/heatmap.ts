/** What a heatmap shows: an attribution, or any matrix. */

import type { Facts } from "./facts.ts";
import type { TokenTable } from "./tokens.ts";

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
