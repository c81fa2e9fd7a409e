/**
 * The figure's type: one typeface, two sizes.
 *
 * Every family in the stack has tabular figures by default, so that numbers in a column align; a
 * canvas cannot ask for them.
 */

export const FAMILY = '"Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif';
export const MONO_FAMILY =
  'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace';

/** Pixel sizes: labels and values; ticks and whatever must give way. */
export const SIZE = 12;
export const SMALL = 10.5;

export function font(size: number, bold = false): string {
  return `${bold ? "bold " : ""}${size}px ${FAMILY}`;
}
