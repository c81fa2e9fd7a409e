/** A colormap as a CSS gradient, for previews. */

const STOPS = 32;

export function tableGradient(table: Uint8Array): string {
  const colors = Array.from({ length: STOPS }, (_, i) => {
    const at = 3 * Math.round((255 * i) / (STOPS - 1));
    return `rgb(${table[at]} ${table[at + 1]} ${table[at + 2]})`;
  });
  return `linear-gradient(to right, ${colors.join(", ")})`;
}
