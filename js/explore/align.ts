/**
 * Two runs of tokens side by side: what they share, in order, and what each has in between.
 *
 * By a longest common subsequence (Myers' greedy search from the front). Where the two are so
 * different that finding it would take long, what is between their common beginning and end counts
 * as different.
 */

/** A stretch of each, start and stop (excluded): the same tokens, or different ones. */
export interface Stretch {
  same: boolean;
  a: readonly [number, number];
  b: readonly [number, number];
}

type Tokens = ArrayLike<number>;

/** Insertions and deletions beyond which nothing is searched for: time and room go with its square. */
export const MOST_EDITS = 1000;

/** Stretches in order that together are the whole of both; no two of a kind follow each other. */
export function align(a: Tokens, b: Tokens, most = MOST_EDITS): Stretch[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  const room = Math.min(a.length, b.length) - start;
  while (end < room && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [n, m] = [a.length - start - end, b.length - start - end];
  const pairs: [number, number][] = [];
  for (let i = 0; i < start; i++) pairs.push([i, i]);
  const between = common(
    (i) => a[start + i],
    n,
    (j) => b[start + j],
    m,
    most,
  );
  for (const [i, j] of between) pairs.push([start + i, start + j]);
  for (let i = end; i > 0; i--) pairs.push([a.length - i, b.length - i]);
  return stretches(pairs, a.length, b.length);
}

/** Pairs of places that hold the same token, as many as possible; none when it takes too long. */
function common(
  a: (i: number) => number,
  n: number,
  b: (j: number) => number,
  m: number,
  most: number,
): [number, number][] {
  if (n === 0 || m === 0) return [];
  const limit = Math.min(n + m, most);
  // reach[k + limit + 1]: how far down `a` the best path on diagonal k = i − j comes.
  const reach = new Int32Array(2 * limit + 3).fill(-1);
  const at = (k: number) => k + limit + 1;
  reach[at(1)] = 0;
  const history: Int32Array[] = [];
  for (let edits = 0; edits <= limit; edits++) {
    history.push(reach.slice(at(-edits) - 1, at(edits) + 2));
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && reach[at(k - 1)] < reach[at(k + 1)]);
      let i = down ? reach[at(k + 1)] : reach[at(k - 1)] + 1;
      while (i < n && i - k < m && a(i) === b(i - k)) i++;
      reach[at(k)] = i;
      if (i >= n && i - k >= m) return walkedBack(history, n, m);
    }
  }
  return [];
}

/** The diagonal steps of the path that was found, from its end. */
function walkedBack(history: readonly Int32Array[], n: number, m: number): [number, number][] {
  const pairs: [number, number][] = [];
  let [i, j] = [n, m];
  for (let edits = history.length - 1; edits >= 0; edits--) {
    const before = history[edits];
    const reach = (k: number) => before[k + edits + 1];
    const k = i - j;
    const down = k === -edits || (k !== edits && reach(k - 1) < reach(k + 1));
    const from = down ? k + 1 : k - 1;
    const [fromI, fromJ] = edits === 0 ? [0, 0] : [reach(from), reach(from) - from];
    while (i > fromI && j > fromJ) {
      i--;
      j--;
      pairs.push([i, j]);
    }
    [i, j] = [fromI, fromJ];
  }
  return pairs.reverse();
}

function stretches(pairs: readonly [number, number][], n: number, m: number): Stretch[] {
  const found: Stretch[] = [];
  let [i, j] = [0, 0];
  const apart = (nextI: number, nextJ: number) => {
    if (nextI > i || nextJ > j) found.push({ same: false, a: [i, nextI], b: [j, nextJ] });
  };
  for (const [nextI, nextJ] of pairs) {
    apart(nextI, nextJ);
    const last = found.at(-1);
    if (last?.same) {
      found[found.length - 1] = {
        same: true,
        a: [last.a[0], nextI + 1],
        b: [last.b[0], nextJ + 1],
      };
    } else found.push({ same: true, a: [nextI, nextI + 1], b: [nextJ, nextJ + 1] });
    [i, j] = [nextI + 1, nextJ + 1];
  }
  apart(n, m);
  return found;
}

/** What stands side by side: stretches of both that are shown as one row. */
export interface AlignedRow {
  same: boolean;
  parts: readonly Stretch[];
}

/** Fewer shared tokens than this, between two differences, make no row of their own. */
const LEAST_SHARED = 4;

/** Differences that only a few shared tokens part stand in one row. */
export function rowsOf(stretches: readonly Stretch[], least = LEAST_SHARED): AlignedRow[] {
  const rows: { same: boolean; parts: Stretch[] }[] = [];
  stretches.forEach((stretch, i) => {
    const last = rows.at(-1);
    const within = i > 0 && i < stretches.length - 1;
    const few = stretch.same && within && stretch.a[1] - stretch.a[0] < least;
    if (last !== undefined && !last.same && (few || !stretch.same)) last.parts.push(stretch);
    else rows.push({ same: stretch.same, parts: [stretch] });
  });
  return rows;
}
