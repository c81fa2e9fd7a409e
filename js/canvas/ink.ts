/**
 * Where a text is painted, as against how far it moves the pen.
 *
 * Of plain letters the two agree. A mark stacked on others, a flourish or a ligature reaches out of
 * the box that its advance gives it, and would be painted over its neighbours.
 */

/** What of a browser's TextMetrics is looked at; a measurer of tests may know the width alone. */
export interface Metrics {
  width: number;
  actualBoundingBoxLeft?: number;
  actualBoundingBoxRight?: number;
  actualBoundingBoxAscent?: number;
  actualBoundingBoxDescent?: number;
}

export interface Ink {
  /** From the left edge of what is painted to the pen's start. */
  left: number;
  /** From the left edge of what is painted, or of the pen's way, to the right one. */
  width: number;
  /** Above and below the baseline. */
  ascent: number;
  descent: number;
}

/** Pixels by which every font overshoots here and there. */
const OVERSHOOT = 1;

/** Is what a text paints known from its advance? */
export function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

export function inkOf(metrics: Metrics): Ink {
  const { width } = metrics;
  const before = metrics.actualBoundingBoxLeft ?? 0;
  const after = (metrics.actualBoundingBoxRight ?? width) - width;
  const left = before > OVERSHOOT ? before : 0;
  const right = after > OVERSHOOT ? after : 0;
  return {
    left,
    width: left + width + right,
    ascent: metrics.actualBoundingBoxAscent ?? 0,
    descent: metrics.actualBoundingBoxDescent ?? 0,
  };
}
