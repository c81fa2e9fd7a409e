/**
 * Which alternatives a position shows: the first `top_k` of those that are probable enough.
 *
 * The data holds the alternatives of a position most probable first, so the shown ones are a
 * prefix and one small number per position says everything.
 */

/** Probabilities arrive as float32 logarithms: 0.05 must not miss a threshold of 0.05. */
export const PROBABILITY_TOLERANCE = 1e-6;

/** The largest `top_k`; a count per position fits a byte. */
export const TOP_K_LIMIT = 20;

/** How many alternatives each position shows, given their probabilities by offsets (CSR). */
export function shownAlternatives(
  offsets: Uint32Array,
  probabilities: Float32Array,
  topK: number,
  minProbability: number,
): Uint8Array {
  const positions = Math.max(0, offsets.length - 1);
  const shown = new Uint8Array(positions);
  const limit = Math.min(topK, TOP_K_LIMIT);
  const least = minProbability - PROBABILITY_TOLERANCE;
  for (let position = 0; position < positions; position++) {
    const start = offsets[position];
    const end = Math.min(offsets[position + 1], start + limit);
    let next = start;
    while (next < end && probabilities[next] >= least) next++;
    shown[position] = next - start;
  }
  return shown;
}
