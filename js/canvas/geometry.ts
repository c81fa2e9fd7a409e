/** Places on a canvas. */

/** CSS pixels, in the coordinates of the whole content (not of the visible part). */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The first and last index that meet a stretch of pixels; `last < first` when none does. */
export interface Span {
  first: number;
  last: number;
}
