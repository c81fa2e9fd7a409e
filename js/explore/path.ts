/**
 * The path to a branch's end as one trace: the prompt, what it shares with its ancestors, its own.
 *
 * In a trace of the whole text positions count from its very first token.
 */

import type { OwnChannel, TraceData } from "../data/trace.ts";
import { marksOf } from "./marks.ts";
import { joined, sum } from "./packing.ts";
import { lineageOf, type Run, type Tree } from "./tree.ts";

/** The path as columns; the prompt's tokens have no numbers and no alternatives. */
export function pathRun(tree: Tree, branch: number): Run {
  const line = lineageOf(tree, branch);
  const parts = line.map((number, i) => {
    const { run, position } = tree.branches[number];
    const end = i + 1 < line.length ? tree.branches[line[i + 1]].position : Infinity;
    return head(run, end - position);
  });
  const all = [promptRun(tree.prompt.index), ...parts];
  const index = joined(Uint32Array, ...all.map((run) => run.index));
  for (const number of line) {
    const { position, before } = tree.branches[number];
    const end = tree.prompt.index.length + position;
    before.forEach((token, i) => {
      if (end - before.length + i >= 0) index[end - before.length + i] = token;
    });
  }
  return {
    index,
    logprobs: joined(Float32Array, ...all.map(({ logprobs }) => logprobs)),
    ranks: joined(Int32Array, ...all.map(({ ranks }) => ranks)),
    entropies: joined(Float32Array, ...all.map(({ entropies }) => entropies)),
    counts: joined(Uint32Array, ...all.map(({ counts }) => counts)),
    alternative_index: joined(Uint32Array, ...all.map((run) => run.alternative_index)),
    alternative_logprobs: joined(Float32Array, ...all.map((run) => run.alternative_logprobs)),
  };
}

export function pathOf(tree: Tree, branch: number): TraceData {
  const { counts, ...columns } = pathRun(tree, branch);
  return {
    vocabulary: tree.vocabulary,
    ...columns,
    offsets: offsetsOf(counts),
    channels: channelsOf(tree, branch, columns.index.length),
    ...marksOf(tree, branch, columns.index.length),
    facts: tree.branches[branch].facts,
    given: tree.prompt.index.length,
    prompt: { roles: tree.prompt.roles, turns: tree.prompt.turns },
  };
}

/** Channels of all parts of a path; NaN where a part lacks one, and for the prompt. */
function channelsOf(tree: Tree, branch: number, length: number): OwnChannel[] {
  const found = new Map<string, Float32Array>();
  const line = lineageOf(tree, branch);
  line.forEach((number, i) => {
    const { channels, position, run } = tree.branches[number];
    const end = i + 1 < line.length ? tree.branches[line[i + 1]].position : Infinity;
    for (const { name, values } of channels) {
      const whole = found.get(name) ?? new Float32Array(length).fill(Number.NaN);
      found.set(name, whole);
      const own = values.subarray(0, Math.min(end - position, run.index.length));
      whole.set(own, tree.prompt.index.length + position);
    }
  });
  return Array.from(found, ([name, values]) => ({ name, values }));
}

/** Where each position's alternatives begin, and where the last one's end. */
export function offsetsOf(counts: Uint32Array): Uint32Array {
  const offsets = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) offsets[i + 1] = offsets[i] + counts[i];
  return offsets;
}

/** The first positions of a run. */
function head(run: Run, positions: number): Run {
  const n = Math.min(positions, run.index.length);
  const k = sum(run.counts, n);
  return {
    index: run.index.subarray(0, n),
    logprobs: run.logprobs.subarray(0, n),
    ranks: run.ranks.subarray(0, n),
    entropies: run.entropies.subarray(0, n),
    counts: run.counts.subarray(0, n),
    alternative_index: run.alternative_index.subarray(0, k),
    alternative_logprobs: run.alternative_logprobs.subarray(0, k),
  };
}

function promptRun(index: Uint32Array): Run {
  const unknown = new Float32Array(index.length).fill(Number.NaN);
  return {
    index,
    logprobs: unknown,
    ranks: new Int32Array(index.length),
    entropies: unknown,
    counts: new Uint32Array(index.length),
    alternative_index: new Uint32Array(0),
    alternative_logprobs: new Float32Array(0),
  };
}

/** The vocabulary's number of a cell's token; null where there is no such cell. */
export function tokenIn(data: TraceData, position: number, slot: number): number | null {
  if (position < 0 || position >= data.index.length) return null;
  if (slot === 0) return data.index[position];
  const j = data.offsets[position] + slot - 1;
  return j < data.offsets[position + 1] ? data.alternative_index[j] : null;
}
