import { describe, expect, test } from "vitest";
import { random } from "../testing.ts";
import written from "./view.json" with { type: "json" };
import {
  type Action,
  back,
  did,
  forward,
  lookOf,
  nameOf,
  redo,
  START,
  setAside,
  show,
  undo,
  type View,
} from "./view.ts";

const places = { branches: written.branches };

function called({ call, before, argument }: (typeof written.cases)[number]): View {
  const view = { ...START, ...before } as View;
  switch (call) {
    case "show":
      return show(view, argument as Partial<View>);
    case "did":
      return did(view, argument as Action);
    case "back":
      return back(view);
    case "forward":
      return forward(view);
    case "undo":
      return undo(view, places);
    case "redo":
      return redo(view, places);
  }
  throw new Error(call);
}

describe("a view", () => {
  test("starts as Python's does", () => {
    expect(START).toEqual(written.start);
  });

  test.each(written.cases)("$what", (one) => {
    expect(called(one)).toEqual({ ...START, ...one.after });
  });

  test.each(written.names)("a branch is called $what", ({ done, undone, branch, given, name }) => {
    expect(nameOf({ done, undone } as unknown as View, branch, given)).toBe(name);
  });

  test("goes back and forward to the same looks, whatever was done", () => {
    const next = random(9);
    for (let round = 0; round < 100; round++) {
      let view = START;
      const looks = [lookOf(view)];
      for (let step = 0; step < 12; step++) {
        const patch = { selected: [Math.floor(next() * 50) - 9, step] as const };
        view = show(view, patch);
        looks.push(lookOf(view));
      }
      const end = view;
      for (let i = looks.length - 2; i >= 0; i--) {
        view = back(view);
        expect(lookOf(view)).toEqual(looks[i]);
      }
      for (let i = 1; i < looks.length; i++) view = forward(view);
      expect(view).toEqual(end);
    }
  });

  test("loses no action, whatever is undone and done again", () => {
    const next = random(10);
    for (let round = 0; round < 100; round++) {
      let view = START;
      let made = 0;
      for (let step = 0; step < 20; step++) {
        const draw = next();
        if (draw < 0.5) view = did(view, { kind: "branch", branch: made++ });
        else view = draw < 0.8 ? undo(view, places) : redo(view, places);
        const all = [...view.done, ...view.undone].map((one) => (one as { branch: number }).branch);
        expect(all.sort((a, b) => a - b)).toEqual([...Array(made).keys()]);
        expect(setAside(view).size).toBe(view.undone.length);
      }
    }
  });
});
