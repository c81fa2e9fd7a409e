/**
 * What of a tree is shown, where one came from, and what can be undone: plain values, and pure
 * functions from view to view.
 *
 * Paired with `tokenviz.explore.view`: view.json has cases that both are tested by. What a function
 * has no reason to change it gives back as it is.
 */

import type { Cell } from "../data/cell.ts";

/** What is shown. */
export interface Look {
  /** The branch on show. */
  current: number;
  /** Position and slot; negative positions are the prompt's. */
  selected: Cell | null;
  /** Start and stop (excluded) of several tokens; null for the one selected. */
  span: readonly [number, number] | null;
  /** The slot held beside the selected one: "why this, not that". */
  against: number | null;
  /** A second branch, side by side. */
  beside: number | null;
  /** Which outcome colours the text. */
  outcome: number | null;
}

export type Action =
  | { kind: "branch"; branch: number }
  | { kind: "rename"; branch: number; before: string; after: string }
  | { kind: "outcome"; outcome: number };

export interface View extends Look {
  /** Back and forward, the newest last. */
  past: readonly Look[];
  future: readonly Look[];
  /** Undo and redo, the newest last. What is undone stays in the tree, set aside. */
  done: readonly Action[];
  undone: readonly Action[];
}

/** What undo has to know of the tree. */
export interface Places {
  branches: readonly { parent: number | null; position: number }[];
}

/** Steps that back and forward remember. */
const MOST_STEPS = 100;

export const START: View = {
  ...{ current: 0, selected: null, span: null, against: null, beside: null, outcome: null },
  ...{ past: [], future: [], done: [], undone: [] },
};

/** Shows something else; what was shown is one step back. */
export function show(view: View, patch: Partial<Look>): View {
  const next = { ...lookOf(view), ...patch };
  if (sameLook(view, next)) return view;
  return { ...view, ...next, past: newest([...view.past, lookOf(view)]), future: [] };
}

export function back(view: View): View {
  const before = view.past.at(-1);
  if (before === undefined) return view;
  const future = newest([...view.future, lookOf(view)]);
  return { ...view, ...before, past: view.past.slice(0, -1), future };
}

export function forward(view: View): View {
  const after = view.future.at(-1);
  if (after === undefined) return view;
  const past = newest([...view.past, lookOf(view)]);
  return { ...view, ...after, past, future: view.future.slice(0, -1) };
}

/**
 * Something was done that can be undone. What was set aside stays so, and can still be taken up
 * again; names that were taken back are forgotten.
 */
export function did(view: View, action: Action): View {
  const undone = view.undone.filter(({ kind }) => kind !== "rename");
  return { ...view, done: [...view.done, action], undone };
}

/** Takes back what was done last; the view goes to where a branch left its parent. */
export function undo(view: View, { branches }: Places): View {
  const action = view.done.at(-1);
  if (action === undefined) return view;
  const next = { ...view, done: view.done.slice(0, -1), undone: [...view.undone, action] };
  if (action.kind === "outcome") {
    return view.outcome === action.outcome ? show(next, { outcome: null }) : next;
  }
  if (action.kind === "rename") return next;
  const branch = branches[action.branch];
  if (branch === undefined || branch.parent === null) return next;
  return show(next, onBranch(branch.parent, branch.position));
}

/** Does again what was undone last; the view goes there. */
export function redo(view: View, { branches }: Places): View {
  const action = view.undone.at(-1);
  if (action === undefined) return view;
  const next = { ...view, done: [...view.done, action], undone: view.undone.slice(0, -1) };
  if (action.kind === "outcome") return show(next, { outcome: action.outcome });
  if (action.kind === "rename") return next;
  const position = branches[action.branch]?.position ?? 0;
  return show(next, onBranch(action.branch, position));
}

/** A branch, and its token at a position. */
export function onBranch(current: number, position: number): Look {
  return {
    current,
    selected: [position, 0],
    ...{ span: null, against: null, beside: null, outcome: null },
  };
}

/** Branches that were undone: still there, but aside. */
export function setAside({ undone }: Pick<View, "undone">): Set<number> {
  return new Set(undone.flatMap((action) => (action.kind === "branch" ? [action.branch] : [])));
}

/** What a branch is called after all that was done and undone; `given` when that says nothing. */
export function nameOf(view: Pick<View, "done" | "undone">, branch: number, given: string): string {
  const renames = (actions: readonly Action[]) =>
    actions.flatMap((action) =>
      action.kind === "rename" && action.branch === branch ? [action] : [],
    );
  return renames(view.done).at(-1)?.after ?? renames(view.undone).at(-1)?.before ?? given;
}

export function lookOf(view: Look): Look {
  const { current, selected, span, against, beside, outcome } = view;
  return { current, selected, span, against, beside, outcome };
}

function sameLook(a: Look, b: Look): boolean {
  return (
    a.current === b.current &&
    samePair(a.selected, b.selected) &&
    samePair(a.span, b.span) &&
    a.against === b.against &&
    a.beside === b.beside &&
    a.outcome === b.outcome
  );
}

function samePair(a: readonly number[] | null, b: readonly number[] | null): boolean {
  return a === b || (a !== null && b !== null && a[0] === b[0] && a[1] === b[1]);
}

function newest(looks: readonly Look[]): readonly Look[] {
  return looks.slice(-MOST_STEPS);
}
