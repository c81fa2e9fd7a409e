/** What is known of tokens beside their numbers, along a path: bounds, flags, categories. */

import type { Marks } from "../data/trace.ts";
import type { BinaryLeaf, MarksWire } from "../wire/codec.ts";
import { lineageOf, type Tree } from "./tree.ts";

/** Of all parts of a path: no where a part lacks a flag, no word where it lacks a category. */
export function marksOf(tree: Tree, branch: number, length: number): Marks {
  const line = lineageOf(tree, branch);
  const bytes = new Map<string, Uint8Array>();
  const flags = new Map<string, Uint8Array>();
  const words = new Map<string, (string | null)[]>();
  const column = <A>(all: Map<string, A>, name: string, make: () => A): A => {
    const known = all.get(name) ?? make();
    all.set(name, known);
    return known;
  };
  line.forEach((number, i) => {
    const part = tree.branches[number];
    const end = i + 1 < line.length ? tree.branches[line[i + 1]].position : Infinity;
    const own = Math.min(end - part.position, part.run.index.length);
    const from = tree.prompt.index.length + part.position;
    const copy = (all: Map<string, Uint8Array>, name: string, values: Uint8Array) =>
      column(all, name, () => new Uint8Array(length)).set(values.subarray(0, own), from);
    for (const name of ["ranks_at_least", "entropies_at_least"] as const) {
      const values = part.marks?.[name];
      if (values) copy(bytes, name, values);
    }
    for (const { name, values } of part.marks?.flags ?? []) copy(flags, name, values);
    for (const { name, words: distinct, index } of part.marks?.categories ?? []) {
      const whole = column(words, name, () => new Array<string | null>(length).fill(null));
      for (let j = 0; j < own; j++) whole[from + j] = distinct[index[j]];
    }
  });
  return {
    ...Object.fromEntries(bytes),
    ...(flags.size > 0 && { flags: Array.from(flags, ([name, values]) => ({ name, values })) }),
    ...(words.size > 0 && {
      categories: Array.from(words, ([name, whole]) => {
        const distinct = [...new Set(whole)];
        const index = Uint32Array.from(whole, (word) => distinct.indexOf(word));
        return { name, words: distinct, index };
      }),
    }),
  };
}

/** As `decodeMarks` reads them; nothing where there are none. */
export function marksWire({ ranks_at_least, entropies_at_least, flags, categories }: Marks) {
  const wire: MarksWire = {};
  if (ranks_at_least) wire.ranks_at_least = leaf(ranks_at_least);
  if (entropies_at_least) wire.entropies_at_least = leaf(entropies_at_least);
  if (flags) wire.flags = flags.map(({ name, values }) => ({ name, values: leaf(values) }));
  if (categories) {
    wire.categories = categories.map(({ index, ...each }) => ({ ...each, index: leaf(index) }));
  }
  return wire;
}

const DTYPES = new Map<unknown, string>([
  [Float32Array, "float32"],
  [Uint32Array, "uint32"],
  [Int32Array, "int32"],
  [Uint8Array, "uint8"],
]);

/** A copy, as large as the column is now: who saves it takes the whole buffer. */
export function leaf(values: Float32Array | Uint32Array | Int32Array | Uint8Array): BinaryLeaf {
  const dtype = DTYPES.get(values.constructor) as string;
  return { dtype, shape: [values.length], view: new DataView(values.slice().buffer) };
}
