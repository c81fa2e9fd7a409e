/**
 * float16 to float32, by a table of all 65,536: faster than arithmetic, and than asking a
 * Float16Array for each where there is one.
 */

/** The numbers `half · 2^-exponent`, exactly. */
export function decodeHalves(bits: Uint16Array, exponent = 0): Float32Array<ArrayBuffer> {
  const table = halves(exponent);
  const out = new Float32Array(bits.length);
  for (let i = 0; i < out.length; i++) out[i] = table[bits[i]];
  return out;
}

/** Every float16 by its bits: a sign, 5 bits of exponent, 10 of fraction. */
function halves(exponent: number): Float32Array {
  const table = new Float32Array(65536);
  const unit = 2 ** -exponent;
  for (let bits = 0; bits < 32768; bits++) {
    const power = bits >> 10;
    const fraction = bits & 1023;
    let value = (1024 + fraction) * 2 ** (power - 25);
    if (power === 0) value = fraction * 2 ** -24;
    if (power === 31) value = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    table[bits] = value * unit;
    table[bits + 32768] = -value * unit;
  }
  return table;
}
