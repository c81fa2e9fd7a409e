/**
 * The colormaps the browser has: those of the menu, reversed ones (`_r`), and one from Python.
 *
 * colormaps.json is written by scripts/colormaps.py from cmap.
 */

import bundled from "./colormaps.json" with { type: "json" };

/** A colormap that is not among the bundled ones: 256 RGB triples. */
export interface ColormapTable {
  name: string;
  table: Uint8Array;
}

export interface Colormap {
  name: string;
  kind: string;
  /** Readable with a colour-vision deficiency. */
  safe: boolean;
  table: Uint8Array;
}

const REVERSED = "_r";

/** The letter for a step like the one before. */
const STRAIGHT = 79;

/** RGB triples from the first one in hex and, channel by channel, how much each step differs. */
function unbent(first: string, bends: string): Uint8Array {
  const table = new Uint8Array(3 * 256);
  for (let channel = 0; channel < 3; channel++) {
    let [value, step] = [Number.parseInt(first, 16) >> (16 - 8 * channel), 0];
    table[channel] = value; // modulo 256, as all are
    for (let i = 0; i < 255; i++) {
      step += bends.charCodeAt(255 * channel + i) - STRAIGHT;
      value += step;
      table[3 * i + 3 + channel] = value;
    }
  }
  return table;
}

/** The same from some colours in hex, an even way apart and straight between. */
function straight(knots: string): Uint8Array {
  const table = new Uint8Array(3 * 256);
  const last = knots.length / 6 - 1;
  const knot = (i: number) => Number.parseInt(knots.slice(2 * i, 2 * i + 2), 16);
  for (let i = 0; i < 256; i++) {
    const at = (i * last) / 255;
    const lower = Math.min(last - 1, Math.floor(at));
    for (let channel = 0; channel < 3; channel++) {
      const [start, end] = [knot(3 * lower + channel), knot(3 * lower + channel + 3)];
      table[3 * i + channel] = start + (end - start) * (at - lower) + 0.5;
    }
  }
  return table;
}

/** The colormaps of the menu, in its order. Most are never looked at, so tables come when asked. */
export const COLORMAPS: readonly Colormap[] = bundled.map(({ knots, first, bends, ...entry }) => {
  let table: Uint8Array | null = null;
  return {
    ...entry,
    get table() {
      table ??= knots ? straight(knots) : unbent(first as string, bends as string);
      return table;
    },
  };
});

export function isReversed(name: string): boolean {
  return name.endsWith(REVERSED);
}

/** The name of the same map run the other way. */
export function reversedName(name: string): string {
  return isReversed(name) ? name.slice(0, -REVERSED.length) : name + REVERSED;
}

/** The name without its `_r`. */
export function baseName(name: string): string {
  return isReversed(name) ? reversedName(name) : name;
}

function reversed(table: Uint8Array): Uint8Array {
  const out = new Uint8Array(table.length);
  for (let i = 0; i < table.length; i += 3) {
    out.set(table.subarray(i, i + 3), table.length - 3 - i);
  }
  return out;
}

/**
 * The table of a colormap by name, or null when neither the browser has it nor Python sent it.
 * `sent` is the `_colormap_table` trait.
 */
export function findTable(name: string, sent: ColormapTable | null): Uint8Array | null {
  const known = sent === null ? COLORMAPS : [sent, ...COLORMAPS];
  const find = (wanted: string) => known.find((entry) => entry.name === wanted)?.table ?? null;
  const other = find(reversedName(name));
  return find(name) ?? (other === null ? null : reversed(other));
}
