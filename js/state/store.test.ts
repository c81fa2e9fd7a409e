import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryModel } from "./model.ts";
import type { HeatmapState } from "./state.ts";
import { Store } from "./store.ts";

const table = { label: ["a"], id: [null], bytes: ["61"], kind: ["text"] };
const values = { dtype: "float32", shape: [1, 1], view: new DataView(new ArrayBuffer(4)) };

function open() {
  const model = new MemoryModel({
    ...{ _kind: "heatmap", _data: { values, rows: table, columns: table, facts: {} } },
    ...{ vmin: -1, vmax: 1, selected: null, colormap: "RdYlGn", _colormap_table: null },
  });
  const controller = new AbortController();
  const store = new Store<HeatmapState>(model, controller.signal);
  const heard: string[][] = [];
  store.subscribe((changed) => heard.push([...changed]), controller.signal);
  return { model, store, heard, controller };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("the data is decoded once, into typed arrays", () => {
  const { store } = open();
  expect(store.state.data.values).toBeInstanceOf(Float32Array);
});

test("a local change is seen at once and reaches the model later", () => {
  const { model, store, heard } = open();
  store.set({ vmax: 0.5 });
  expect(store.state.vmax).toBe(0.5);
  expect(heard).toEqual([["vmax"]]);
  expect(model.get("vmax")).toBe(1);
  vi.advanceTimersByTime(200);
  expect(model.get("vmax")).toBe(0.5);
});

test("setting what is there already says nothing", () => {
  const { store, heard } = open();
  store.set({ vmax: 1, selected: null });
  expect(heard).toEqual([]);
});

describe("a change from the model", () => {
  test("is heard", () => {
    const { model, store, heard } = open();
    model.set("selected", [0, 0]);
    expect(store.state.selected).toEqual([0, 0]);
    expect(heard).toEqual([["selected"]]);
  });

  test("that arrives while the user drags is an echo and moves nothing", () => {
    const { model, store, heard } = open();
    store.set({ vmax: 0.5 });
    model.set("vmax", 0.9);
    expect(store.state.vmax).toBe(0.5);
    expect(heard).toEqual([["vmax"]]);
    vi.advanceTimersByTime(200);
    expect(model.get("vmax")).toBe(0.5);
  });

  test("of a trait that is not being changed still comes through", () => {
    const { model, store } = open();
    store.set({ vmax: 0.5 });
    model.set("colormap", "vik");
    expect(store.state.colormap).toBe("vik");
  });

  test("with an equal pair says nothing", () => {
    const { model, heard } = open();
    model.set("selected", [0, 0]);
    model.set("selected", [0, 0]);
    expect(heard).toHaveLength(1);
  });
});

test("new data drops a selection that waits: it was made in the old data", () => {
  const { model, store, heard } = open();
  store.set({ selected: [3, 3], vmax: 0.5 });
  model.set("_data", { values, rows: table, columns: table, facts: {} });
  expect(store.state.selected).toBeNull();
  expect(heard.slice(1)).toEqual([["_data"], ["selected"]]);
  vi.advanceTimersByTime(200);
  expect(model.get("selected")).toBeNull();
  expect(model.get("vmax")).toBe(0.5);
});

test("what is pending when a view ends is not lost, and nothing is heard after", () => {
  const { model, store, heard, controller } = open();
  store.set({ vmax: 0.25 });
  controller.abort();
  expect(model.get("vmax")).toBe(0.25);
  model.set("vmax", 2);
  expect(heard).toEqual([["vmax"]]);
});

test("two views of one model stay in step", () => {
  const { model, store } = open();
  const other = new Store<HeatmapState>(model, new AbortController().signal);
  store.set({ vmax: 0.5 });
  vi.advanceTimersByTime(200);
  expect(other.state.vmax).toBe(0.5);
});
