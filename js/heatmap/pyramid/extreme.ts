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

const MAGNITUDE = 0x7fffffff;
const INFINITE = 0x7f800000;

/**
 * The same for the bits of two float32, where magnitudes compare as whole numbers. Which of two
 * values is larger is anyone's guess, and a processor that guesses wrong loses more time than the
 * comparison takes: so there is no branch on it.
 */
export function extremeBits(a: number, b: number): number {
  const x = a & MAGNITUDE;
  const y = b & MAGNITUDE;
  if (x > INFINITE) return b;
  if (y > INFINITE) return a;
  const apart = (x - y) | 0;
  // Of equal magnitudes, the sign bit stays only when both have it.
  if (apart === 0) return a & b;
  return a ^ ((a ^ b) & (apart >> 31));
}

/** Float32 values as their bits, in place. */
export function bitsOf({ buffer, byteOffset, length }: Float32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}
