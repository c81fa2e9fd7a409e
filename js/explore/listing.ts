/** The branches in the order in which a tree shows them, each with what its row says. */

import { compact, fixed, grouped } from "../color/numbers.ts";
import { PathText } from "../trace/search/text.ts";
import { logprobsOf, total } from "./asking.ts";
import { type Branch, childrenOf, lineageOf, type Tree } from "./tree.ts";
import { nameOf, setAside, type View } from "./view.ts";
import type { Status } from "./wire.ts";

export interface Listing {
  branch: number;
  parent: number | null;
  /** 1 for a root. */
  level: number;
  /** Has it branches of its own? */
  children: boolean;
  name: string;
  /** The first words that are its own. */
  words: string;
  /** How probable it is, and how long. */
  numbers: string;
  current: boolean;
  beside: boolean;
  aside: boolean;
  partial: boolean;
  writing: boolean;
}

/** Tokens that are looked at for the first words, and characters that are shown of them. */
const TOKENS = 16;
const CHARACTERS = 40;

export function listing(tree: Tree, view: View, status: Status | null): Listing[] {
  const children = childrenOf(tree);
  const aside = setAside(view);
  const rows: Listing[] = [];
  const add = (branch: number, level: number): void => {
    const own = tree.branches[branch];
    const below = children.get(branch) ?? [];
    const { words, numbers } = textsOf(tree, branch);
    rows.push({
      ...{ branch, parent: own.parent, level, children: below.length > 0 },
      name: nameOf(view, branch, own.name),
      ...{ words, numbers },
      current: branch === view.current,
      beside: branch === view.beside,
      aside: aside.has(branch),
      partial: own.partial,
      writing: status?.running === true && status.branch === branch,
    });
    for (const child of below) add(child, level + 1);
  };
  for (const root of children.get(null) ?? []) add(root, 1);
  return rows;
}

interface Texts {
  words: string;
  numbers: string;
}

/** What was written of branches, and what path it was said of: of another it is said anew. */
const written = new WeakMap<Branch, Texts & { line: readonly Branch[] }>();

function textsOf(tree: Tree, branch: number): Texts {
  const own = tree.branches[branch];
  const line = lineageOf(tree, branch).map((number) => tree.branches[number]);
  const known = written.get(own);
  const same = known?.line.length === line.length && line.every((one, i) => one === known.line[i]);
  if (known !== undefined && same) return known;
  const texts = { line, words: firstWords(tree, own), numbers: numbers(tree, branch) };
  written.set(own, texts);
  return texts;
}

function firstWords({ vocabulary }: Tree, { run }: Branch): string {
  const index = run.index.subarray(0, TOKENS);
  const text = new PathText({ vocabulary, index }).text.replaceAll(/\s+/g, " ");
  const more = text.length > CHARACTERS || run.index.length > TOKENS;
  return more ? `${text.slice(0, CHARACTERS)}…` : text;
}

/** "log p −12.4 (−0.41 per token) · 30 tokens" */
function numbers(tree: Tree, branch: number): string {
  const { sum, count } = total(logprobsOf(tree, branch));
  const { length } = logprobsOf(tree, branch);
  const tokens = `${grouped(length)} ${length === 1 ? "token" : "tokens"}`;
  if (count === 0) return tokens;
  return `log p ${short(sum)} (${fixed(sum / count, 2)} per token) · ${tokens}`;
}

function short(value: number): string {
  return Math.abs(value) < 1000 ? fixed(value, 1) : compact(value).replace("-", "−");
}
