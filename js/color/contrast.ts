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

/** One of pure black and white always reaches 4.5:1: the worse of the two is at most 4.58. */
export function bestTextOn(background: Rgb): "#000000" | "#ffffff" {
  return luminance(background) > 0.179129 ? "#000000" : "#ffffff";
}
