import { describe, expect, test, vi } from "vitest";
import { growingFrom } from "../live/growing.ts";
import { MemoryModel } from "../state/model.ts";
import type { TraceState } from "../state/state.ts";
import { Store } from "../state/store.ts";
import { random } from "../testing.ts";
import { decodeTrace, type TraceWire } from "../wire/codec.ts";
import { spliced } from "./packing.ts";
import { pathOf } from "./path.ts";
import { firstDifference, PathModel } from "./pathmodel.ts";
import { randomRun, randomTree } from "./testing.ts";

const idle = { running: false, rate: null, error: null };
const running = { running: true, rate: 3, error: null };

describe("a path as a trace's model", () => {
  test("shows a figure what the tree holds, whatever comes", () => {
    const next = random(22);
    for (let round = 0; round < 40; round++) {
      let tree = randomTree(next, 3, { channels: round % 2 === 1 });
      const outer = new MemoryModel({ colormap: "Greens" });
      const model = new PathModel(outer, pathOf(tree, 0), idle);
      const store = new Store<TraceState>(model, new AbortController().signal);
      let shown = 0;
      for (let step = 0; step < 12; step++) {
        const draw = next();
        if (draw < 0.3) {
          shown = Math.floor(next() * tree.branches.length);
          model.show(pathOf(tree, shown), idle, null);
        } else {
          const own = tree.branches[shown];
          const start = Math.floor(next() * (own.run.index.length + 1));
          const rest = randomRun(Math.floor(next() * 6), next, 300);
          const run =
            draw < 0.7
              ? spliced(own.run, start, rest)
              : spliced(own.run, own.run.index.length, rest);
          tree = { ...tree, branches: tree.branches.with(shown, { ...own, run }) };
          model.grow(pathOf(tree, shown), running);
          expect(store.state._live).toEqual(running);
        }
        const { vocabulary, ...columns } = pathOf(tree, shown);
        const { vocabulary: known, ...seen } = store.state.data;
        expect(seen).toMatchObject({ ...columns, facts: seen.facts });
        expect(known.label).toEqual(vocabulary.label);
        expect(growingFrom(model.get("_data") as TraceWire).data.index).toEqual(columns.index);
        expect(decodeTrace(model.get("_data") as TraceWire).offsets).toEqual(columns.offsets);
      }
    }
  });

  test("keeps its own traits, and hands on the looks", () => {
    const tree = randomTree(random(23), 2);
    const outer = new MemoryModel({ colormap: "Greens", selected: "outer's", _kind: "explorer" });
    const model = new PathModel(outer, pathOf(tree, 0), idle);
    const heard = vi.fn();
    model.on("change:colormap", heard);
    outer.set("colormap", "viridis");
    expect(heard).toHaveBeenCalledOnce();
    model.set("colormap", "Blues");
    expect(outer.get("colormap")).toBe("Blues");
    model.set("selected", [2, 0]);
    expect([model.get("selected"), outer.get("selected")]).toEqual([[2, 0], "outer's"]);
    expect(model.get("_kind")).toBe("trace");
    expect(model.send).toBeUndefined();
    model.off("change:colormap", heard);
    outer.set("colormap", "Reds");
    expect(heard).toHaveBeenCalledTimes(2);
  });

  test("tells of the writing only when it is another", () => {
    const model = new PathModel(new MemoryModel({}), pathOf(randomTree(random(24), 1), 0), idle);
    const heard = vi.fn();
    model.on("change:_live", heard);
    model.follow({ ...idle });
    expect(heard).not.toHaveBeenCalled();
    model.follow(running);
    expect(heard).toHaveBeenCalledOnce();
    expect(model.get("_live")).toEqual(running);
  });

  test("two paths differ first where a token, a number or an alternative does", () => {
    const data = pathOf(randomTree(random(25), 1), 0);
    const end = data.index.length;
    expect(firstDifference(data, data)).toBe(end);
    const other = { ...data, logprobs: data.logprobs.slice() };
    other.logprobs[end - 1] = 7;
    expect(firstDifference(data, other)).toBe(end - 1);
  });
});
