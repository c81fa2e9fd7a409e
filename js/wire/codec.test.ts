import { describe, expect, test } from "vitest";
import { decodeArray, decodeFloats, decodeHeatmap, decodeTrace } from "./codec.ts";

function leaf(values: number[], { offset = 0, shape = [values.length], dtype = "float32" } = {}) {
  const buffer = new ArrayBuffer(offset + 4 * values.length);
  const view = new DataView(buffer, offset);
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return { dtype, shape, view };
}

describe("decodeArray", () => {
  test("reads little-endian numbers, NaN and negative zero included", () => {
    const decoded = decodeArray(leaf([0.25, Number.NaN, -0, -Infinity]), "float32");
    expect([...decoded]).toEqual([0.25, Number.NaN, -0, -Infinity]);
  });

  test("shares aligned bytes and copies those that are not", () => {
    const aligned = leaf([1, 2], { offset: 4 });
    expect(decodeArray(aligned, "float32").buffer).toBe(aligned.view.buffer);
    const odd = leaf([1, 2], { offset: 3 });
    expect([...decodeArray(odd, "float32")]).toEqual([1, 2]);
  });

  test("an empty array is empty", () => {
    expect(decodeArray(leaf([], { shape: [0, 5] }), "float32")).toHaveLength(0);
  });

  test("refuses another dtype and a size that does not fit the shape", () => {
    expect(() => decodeArray(leaf([1]), "uint32")).toThrow("expected uint32 data, got float32");
    expect(() => decodeArray(leaf([1], { shape: [2, 2] }), "float32")).toThrow(
      "has 16 bytes, got 4",
    );
  });
});

describe("decodeFloats", () => {
  test("reads float32 and float16, at any offset", () => {
    expect([...decodeFloats(leaf([0.25, -0]))]).toEqual([0.25, -0]);
    const view = new DataView(new ArrayBuffer(5), 1);
    view.setUint16(0, 0x3c00, true);
    view.setUint16(2, 0xc000, true);
    expect([...decodeFloats({ dtype: "float16", shape: [2], view })]).toEqual([1, -2]);
    expect([...decodeFloats({ dtype: "float16", shape: [2], view, exponent: 1 })]).toEqual([
      0.5, -1,
    ]);
  });

  test("refuses what is neither", () => {
    expect(() => decodeFloats(leaf([1], { dtype: "uint32" }))).toThrow("got uint32");
    expect(() => decodeFloats(leaf([1], { dtype: "float16" }))).toThrow("has 2 bytes, got 4");
  });
});

test("a heatmap keeps its shape", () => {
  const empty = { label: [], id: null, bytes: [], kind: [] };
  const wire = {
    values: leaf([1, 2, 3], { shape: [3, 1] }),
    rows: empty,
    columns: empty,
    facts: {},
  };
  expect(decodeHeatmap(wire).shape).toEqual([3, 1]);
});

test("a trace brings its bounds, flags and categories, if it has any", () => {
  const none = { dtype: "uint32", shape: [0], view: new DataView(new ArrayBuffer(0)) };
  const real = { ...none, dtype: "float32" };
  const wire = {
    ...{ vocabulary: { label: [], id: null, bytes: [], kind: [] }, facts: {} },
    ...{ index: none, logprobs: real, ranks: { ...none, dtype: "int32" }, entropies: real },
    ...{ offsets: none, alternative_index: none, alternative_logprobs: real },
  };
  const plain = decodeTrace(wire);
  expect([plain.flags, plain.categories, plain.ranks_at_least]).toEqual([
    ...[undefined, undefined, undefined],
  ]);
  // At an odd offset, as what lies behind other bytes.
  const yes = {
    dtype: "uint8",
    shape: [3],
    view: new DataView(Uint8Array.of(9, 1, 0, 1).buffer, 1),
  };
  const data = decodeTrace({
    ...wire,
    ranks_at_least: yes,
    flags: [{ name: "mask", values: yes }],
    categories: [{ name: "role", words: ["user", null], index: none }],
  });
  expect(data.ranks_at_least).toEqual(Uint8Array.of(1, 0, 1));
  expect(data.flags).toEqual([{ name: "mask", values: Uint8Array.of(1, 0, 1) }]);
  expect(data.categories).toEqual([
    { name: "role", words: ["user", null], index: new Uint32Array(0) },
  ]);
});
