/**
 * What a pixel shows when it stands for several values: the one of the largest magnitude.
 *
 * Its sign is kept, and of two opposite ones the positive wins, so that the order in which values
 * are met makes no difference. Infinities win; NaN is shown only where there is nothing else.
 */
export function extreme(a: number, b: number): number {
  const x = Math.abs(a);
  const y = Math.abs(b);
  return y > x || (y === x && b > a) || Number.isNaN(a) ? b : a;
}
