/** Trees for the tests: one made by hand from words, and random ones from a seed. */

import type { TokenTable } from "../data/tokens.ts";
import type { Marks } from "../data/trace.ts";
import { marksWire } from "./marks.ts";
import { sum, writeBlock } from "./packing.ts";
import { type Answer, type Branch, lengthOf, type Outcome, type Run, type Tree } from "./tree.ts";
import type { TreeWire } from "./wire.ts";

/** A token, its probability, and those of its alternatives. */
export type Step = readonly [token: string, probability: number, others?: Record<string, number>];

export class Words {
  readonly #numbers = new Map<string, number>();

  number(token: string): number {
    const known = this.#numbers.get(token);
    if (known !== undefined) return known;
    this.#numbers.set(token, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  index(tokens: readonly string[]): Uint32Array {
    return Uint32Array.from(tokens, (token) => this.number(token));
  }

  run(steps: readonly Step[]): Run {
    const others = steps.map(([, , given = {}]) =>
      Object.entries(given).sort(([, a], [, b]) => b - a),
    );
    const flat = others.flat();
    return {
      index: this.index(steps.map(([token]) => token)),
      logprobs: Float32Array.from(steps, ([, p]) => Math.log(p)),
      ranks: Int32Array.from(steps, ([, p], i) => 1 + others[i].filter(([, q]) => q > p).length),
      entropies: Float32Array.from(steps, ([, p]) => -Math.log(p) * (1.5 - p)),
      counts: Uint32Array.from(others, ({ length }) => length),
      alternative_index: this.index(flat.map(([token]) => token)),
      alternative_logprobs: Float32Array.from(flat, ([, p]) => Math.log(p)),
    };
  }

  /** To be made last: it holds the tokens met so far. */
  get table(): TokenTable {
    const tokens = [...this.#numbers.keys()];
    return {
      label: tokens.map((token) => token.replaceAll("\n", "\\n").replaceAll(" ", "␣")),
      id: tokens.map((_, i) => 100 + i),
      bytes: tokens.map((token) => (token.includes("\n") ? hex(token) : null)),
      kind: tokens.map((token) => (token.startsWith("<|") ? "special" : "text")),
    };
  }
}

function hex(text: string): string {
  const octets = [...new TextEncoder().encode(text)];
  return octets.map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
}

export function branch(run: Run, more: Partial<Branch> = {}): Branch {
  return {
    ...{ parent: null, position: 0, name: "branch", partial: false, facts: {}, run },
    ...{ before: [], channels: [] },
    origin: { kind: "written", forced: 0, slot: null, text: null, options: {} },
    ...more,
  };
}

/** A run of tokens below `vocabulary`, with up to `most` alternatives each. */
export function randomRun(length: number, next: () => number, vocabulary = 40, most = 4): Run {
  const counts = Uint32Array.from({ length }, () => Math.floor(next() * (most + 1)));
  const k = sum(counts, length);
  const floats = (n: number) => Float32Array.from({ length: n }, () => -5 * next());
  const token = () => Math.floor(next() * vocabulary);
  return {
    index: Uint32Array.from({ length }, token),
    logprobs: floats(length),
    ranks: Int32Array.from({ length }, () => Math.floor(next() * 700)),
    entropies: floats(length),
    counts,
    alternative_index: Uint32Array.from({ length: k }, token),
    alternative_logprobs: floats(k),
  };
}

/** Marks that tell positions and branches apart. */
function marked({ index }: Run, number: number): Marks {
  const words = ["user", `tool ${number}`, null];
  return {
    ranks_at_least: Uint8Array.from(index, (token) => token % 2),
    flags: [
      {
        name: number % 4 ? "clipped" : "loss_mask",
        values: Uint8Array.from(index, (t) => +(t % 3 > 0)),
      },
    ],
    categories: [{ name: "role", words, index: Uint32Array.from(index, (t) => t % 3) }],
  };
}

export function randomTree(next: () => number, size = 8, { channels = false } = {}): Tree {
  const vocabulary = 300;
  const branches: Branch[] = [];
  for (let i = 0; i < size; i++) {
    const parent = i === 0 || next() < 0.2 ? null : Math.floor(next() * i);
    const end = parent === null ? 0 : lengthOf({ branches }, parent);
    const least = parent === null ? 0 : branches[parent].position;
    const position = parent === null ? 0 : least + Math.floor(next() * (end - least + 1));
    const run = randomRun(1 + Math.floor(next() * 9), next, vocabulary);
    const own = (channels ? ["loss", "reward"] : [])
      .filter(() => next() < 0.4)
      .map((name) => ({ name, values: Float32Array.from(run.index, () => next()) }));
    const marks = channels && i % 2 === 0 ? { marks: marked(run, i) } : {};
    branches.push(branch(run, { parent, position, name: `branch ${i}`, channels: own, ...marks }));
  }
  const words = new Words();
  for (let i = 0; i < vocabulary; i++) words.number(` ${i.toString(36)}`);
  const index = Uint32Array.from({ length: Math.floor(next() * 6) }, () => Math.floor(next() * 40));
  return {
    vocabulary: words.table,
    prompt: { index, roles: null, turns: null },
    ...{ branches, answers: [], outcomes: [] },
  };
}

/** What the kernel would send of a tree. */
export function treeWire(tree: Tree): TreeWire {
  const leaf = (values: Float32Array | Uint32Array, dtype: string) => ({
    dtype,
    shape: [values.length],
    view: new DataView(values.slice().buffer),
  });
  const floats = (values: Float32Array) => leaf(values, "float32");
  const { label, id, bytes, kind } = tree.vocabulary;
  return {
    vocabulary: { label: [...label], id: [...id], bytes: [...bytes], kind: [...kind] },
    prompt: { ...tree.prompt, index: leaf(tree.prompt.index, "uint32") },
    branches: tree.branches.map(({ run, channels, marks, ...others }) => ({
      ...others,
      ...writeBlock(run),
      channels: channels.map(({ name, values }) => ({ name, values: floats(values) })),
      ...(marks && { marks: marksWire(marks) }),
    })),
    answers: tree.answers.map((answer: Answer) => ({
      ...answer,
      values: floats(answer.values),
      errors: answer.errors && floats(answer.errors),
    })),
    outcomes: tree.outcomes.map((outcome: Outcome) => ({
      ...outcome,
      logprobs: floats(outcome.logprobs),
    })),
  };
}
