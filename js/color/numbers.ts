/**
 * Numbers as a figure writes them: a true minus sign, the sign of a negative zero, and no digits
 * that a float32 does not have.
 */

const MINUS = "−";

/** From here on a number is written with an exponent: whole, it would not fit a cell. */
export const LARGE = 1e7;

/** As a mantissa with `decimals` digits after the point and a power of ten: "1.23e7". */
export function scientific(value: number, decimals: number): string {
  return value.toExponential(decimals).replaceAll("-", MINUS).replace("e+", "e");
}

/** With `decimals` digits after the point; −0 keeps its sign, infinities are ∞ and −∞. */
export function fixed(value: number, decimals: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (Math.abs(value) >= LARGE) return scientific(value, decimals);
  const digits = Math.abs(value).toFixed(decimals);
  return value < 0 || Object.is(value, -0) ? MINUS + digits : digits;
}

/** The shortest decimal that is this float32, as Python's repr of a numpy float32 gives it. */
export function shortest(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return "-0";
  for (let precision = 1; precision < 9; precision++) {
    const text = value.toPrecision(precision);
    if (Math.fround(Number(text)) === Math.fround(value)) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}

/** `shortest` as a person reads it. */
export function exact(value: number): string {
  if (!Number.isFinite(value)) return fixed(value, 0);
  return shortest(value).replaceAll("-", MINUS).replace("e+", "e");
}

/** At most `digits` significant digits and no trailing zeros, as a number field holds it. */
export function compact(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)));
}

/** A whole number in groups of three digits: 12,345. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
