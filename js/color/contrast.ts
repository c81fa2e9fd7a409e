/** Contrast as WCAG 2 defines it: text on a cell reaches 4.5:1 on any colour. */

type Rgb = readonly [number, number, number];

function linear(byte: number): number {
  const c = byte / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

/** Relative luminance, 0 (black) to 1 (white). */
export function luminance([r, g, b]: Rgb): number {
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

export function contrastRatio(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** The luminance on which black and white read alike, at 4.58:1. */
const EQUAL_CONTRAST = Math.sqrt(1.05 * 0.05) - 0.05;

/** Black or white, whichever reads better: always at 4.5:1 or more. */
export function bestTextOn(background: Rgb): "#000000" | "#ffffff" {
  return luminance(background) > EQUAL_CONTRAST ? "#000000" : "#ffffff";
}
