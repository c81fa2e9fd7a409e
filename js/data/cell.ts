/** The `selected` trait: heatmap [row, column], trace [position, slot]; 0-based. */
export type Cell = readonly [number, number];
