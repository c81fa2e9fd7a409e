/**
 * The norm of a scale: where between its ends a value lies. Paired with `tokenviz.color.norm`.
 *
 * Linear, or logarithmic: then equal ratios are equally far apart, and what is not above 0 lies below
 * every range.
 */

export type Norm = "linear" | "log";

/** A value, or its logarithm: what is evenly spread along the scale. */
export function warped(value: number, log?: boolean): number {
  return log ? Math.log(Math.max(0, value)) : value;
}

/** The value of what `warped` gave. */
export function unwarped(place: number, log?: boolean): number {
  return log ? Math.exp(place) : place;
}
