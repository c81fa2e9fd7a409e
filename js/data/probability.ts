/**
 * Probabilities of natural log-probabilities, and what else follows from the logarithm.
 */

const NOTHING: Float32Array = new Float32Array(0);

/**
 * exp, in float32 as in Python, so that both ends of the wire colour a cell alike.
 * A logarithm that rounding left slightly above 0 is a probability of 1. NaN stays NaN.
 * Those of a beginning that are `known` are not computed again.
 */
export function probabilities(logprobs: Float32Array, known = NOTHING): Float32Array {
  const out = new Float32Array(logprobs.length);
  out.set(known);
  for (let i = known.length; i < logprobs.length; i++) out[i] = Math.min(1, Math.exp(logprobs[i]));
  return out;
}

/** Nats to bits. */
export function bits(nats: number): number {
  return nats / Math.LN2;
}
