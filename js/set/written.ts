/** Cells and filters in words. */

import { grouped } from "../color/numbers.ts";
import type { Filter, Value } from "./look.ts";

const LARGEST = Number.MAX_VALUE;

/** Numbers whose whole part is longer are written with their first digits. */
const LONG = 1e7;

export function written(value: Value): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Math.abs(value) === LARGEST) return value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < LONG) return minus(grouped(value));
  const size = Math.abs(value);
  if (size !== 0 && (size >= LONG || size < 1e-4)) return minus(value.toExponential(2));
  // Four digits; of what is small three, since its zeros take room.
  const whole = Math.floor(Math.log10(size || 1));
  return minus(value.toFixed(Math.max(0, whole < -2 ? 2 - whole : Math.min(4, 3 - whole))));
}

function minus(text: string): string {
  return text.replaceAll("-", "−");
}

export function chipText(filter: Filter, label: (column: string) => string): string {
  if ("sql" in filter) return filter.sql;
  const name = label(filter.column);
  if ("values" in filter) {
    const [first, ...others] = filter.values.map((value) => written(value) || "none");
    return `${name}: ${first}${others.length === 0 ? "" : ` +${others.length}`}`;
  }
  const { low, high } = filter;
  if (low === null) return `${name} ≤ ${written(high)}`;
  return high === null ? `${name} ≥ ${written(low)}` : `${name} ${written(low)} … ${written(high)}`;
}
