/** Positions that a search found, and the one it is at. */

/** What a position is: nothing, part of a match, part of the current one. */
export const MATCH = 1;
export const CURRENT = 2;

/** Unlike the border's red, the accent's blue, and the colours of the default maps. */
const COLORS = { light: "#d9480f", dark: "#ffa94d" };

export function markColor({ dark }: { dark: boolean }): string {
  return dark ? COLORS.dark : COLORS.light;
}

/** First and last position of a stretch of the path. */
export type Stretch = readonly [number, number];

/** One flag per position; null when nothing is marked. */
export function markPositions(
  positions: number,
  matches: Iterable<Stretch>,
  current: Stretch | null,
): Uint8Array | null {
  const flags = new Uint8Array(positions);
  let any = false;
  for (const [first, last] of matches) {
    flags.fill(MATCH, first, last + 1);
    any = true;
  }
  if (current !== null) flags.fill(CURRENT, current[0], current[1] + 1);
  return any || current !== null ? flags : null;
}
