import { expect, test } from "vitest";
import { isSafe, safeInstead } from "./safe.ts";

test("red and green are not safe, the others of the menu are, reversed too", () => {
  expect(["RdYlGn", "RdYlGn_r", "RdBu", "viridis_r"].map(isSafe)).toEqual([
    ...[false, false, true, true],
  ]);
  expect(isSafe("a map of Python's own")).toBe(false);
});

test.each([
  ["RdYlGn", 0, "RdBu"],
  ["RdYlGn_r", null, "RdBu_r"],
  ["jet", null, "viridis"],
  ["jet_r", null, "viridis_r"],
  ["seismic", 0, "RdBu"],
])("instead of %s about %s: %s", (name, center, safe) => {
  expect(safeInstead(name, center)).toBe(safe);
  expect(isSafe(safe)).toBe(true);
});
