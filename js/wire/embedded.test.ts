import { describe, expect, test } from "vitest";
import { readState } from "./embedded.ts";

function state() {
  return { vmax: 1, _data: { values: { dtype: "float32", shape: [1] } } };
}

const path = ["_data", "values", "view"];

function first(read: Record<string, unknown>): number {
  const { values } = read._data as { values: { view: DataView } };
  return values.view.getFloat32(0, true);
}

describe("buffers come back as data views where they belong", () => {
  test("from the JSON of a saved output", () => {
    const read = readState({ state: state(), buffers: [{ path, base64: "AACAPw==" }] });
    expect(first(read)).toBe(1);
    expect(read.vmax).toBe(1);
  });

  test("from elements of a page, which keep their text", () => {
    const element = { textContent: "AACAPw==", dataset: {} };
    expect(first(readState({ state: state(), buffers: [{ path }] }, [element]))).toBe(1);
    expect(element.textContent).toBe("AACAPw==");
  });
});

test("large text is dropped when it has been read, and missed when it is asked for again", () => {
  const element = { textContent: "AAAA".repeat(2 ** 19), dataset: {} };
  const { _data } = readState({ state: state(), buffers: [{ path }] }, [element]);
  const { values } = _data as { values: { view: DataView } };
  expect(values.view.byteLength).toBe(3 * 2 ** 19);
  expect(element.textContent).toBe("");
  expect(() => readState({ state: state(), buffers: [{ path }] }, [element])).toThrow(
    "without this figure's data",
  );
  expect(() => readState({ state: state(), buffers: [{ path }] }, [])).toThrow(
    "without this figure's data",
  );
});
