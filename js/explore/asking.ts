/** From what is shown to what is asked: pure functions of the tree and the view. */

import { canonical, lengthOf, type Question, sharedLength, type Tree } from "./tree.ts";
import type { Look } from "./view.ts";

/** What is selected is a question if it lies after the prompt. */
export function questionOf(tree: Tree, look: Look, method: string | null = null): Question | null {
  const { selected, span, against } = look;
  const [start, stop] = span ?? (selected === null ? [0, 0] : [selected[0], selected[0] + 1]);
  if (start < 0 || stop <= start || stop > lengthOf(tree, look.current)) return null;
  const slot = span === null && selected !== null ? selected[1] : 0;
  const instead = span === null && against !== slot ? against : null;
  return canonical(tree, {
    ...{ branch: look.current, start, stop, slot },
    ...{ instead_of: instead, method },
  });
}

/** Tokens of the prompt that are selected, counted in the prompt: start and stop (excluded). */
export function promptSpan(tree: Tree, look: Look): [number, number] | null {
  const given = tree.prompt.index.length;
  const { selected, span } = look;
  const [start, stop] = span ?? (selected === null ? [0, 0] : [selected[0], selected[0] + 1]);
  if (start >= 0 || stop > 0 || stop <= start || start < -given) return null;
  return [given + start, given + stop];
}

/**
 * By how much more or less probable each token of the branch on show is after a change, in nats; NaN
 * where that was scored on another branch.
 */
export function differences(tree: Tree, branch: number, outcome: number): Float32Array {
  const { change, logprobs } = tree.outcomes[outcome];
  const before = logprobsOf(tree, branch);
  const shared = Math.min(sharedLength(tree, branch, change.branch), logprobs.length);
  return before.map((logprob, i) => (i < shared ? logprobs[i] - logprob : Number.NaN));
}

/** Of every token of a branch's path. */
export function logprobsOf(tree: Tree, branch: number): Float32Array {
  const all = new Float32Array(lengthOf(tree, branch));
  for (let at: number | null = branch, end = all.length; at !== null; ) {
    const { run, position, parent }: Tree["branches"][number] = tree.branches[at];
    all.set(run.logprobs.subarray(0, end - position), position);
    end = position;
    at = parent;
  }
  return all;
}

/** The sum of what is known, and of how many tokens. */
export function total(values: Float32Array): { sum: number; count: number } {
  let [sum, count] = [0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return { sum, count };
}

/** The places of the strongest values, strongest first. */
export function strongest(values: Float32Array, most: number): number[] {
  return [...values.keys()]
    .filter((i) => !Number.isNaN(values[i]) && values[i] !== 0)
    .sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b)
    .slice(0, most);
}
