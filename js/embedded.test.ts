import { expect, test } from "vitest";
import { readState } from "./embedded.ts";

test("buffers come back as data views where they belong", () => {
  const state = readState({
    state: { vmax: 1, _data: { values: { dtype: "float32", shape: [1] } } },
    buffers: [{ path: ["_data", "values", "view"], base64: "AACAPw==" }],
  });
  const { values } = state._data as { values: { view: DataView } };
  expect(values.view.getFloat32(0, true)).toBe(1);
  expect(state.vmax).toBe(1);
});
