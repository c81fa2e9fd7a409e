import { expect, test } from "vitest";
import { bytesOf, decodeTable, octetsOf } from "./tokens.ts";

test("what a table leaves unsaid is filled in", () => {
  const table = decodeTable({ label: ["a", "b"], id: null, bytes: [null, null], kind: "text" });
  expect(table.id).toEqual([null, null]);
  expect(table.kind).toEqual(["text", "text"]);
});

test("a table that says everything stays as it is", () => {
  const wire = {
    label: ["a", "⟨98⟩"],
    id: [7, null],
    bytes: ["61", "98"],
    kind: ["special", "byte"] as const,
  };
  expect(decodeTable(wire)).toEqual(wire);
});

test("bytes are given, or spelt by the label", () => {
  const table = decodeTable({
    label: ["␣thé", "⟨98⟩", "8 x 48", "␣"],
    id: null,
    bytes: [null, "98", null, "e2 90 a3"],
    kind: ["text", "byte", "expression", "text"],
  });
  expect(bytesOf(table, 0)).toBe("20 74 68 c3 a9");
  expect(bytesOf(table, 1)).toBe("98");
  expect(bytesOf(table, 2)).toBe("38 20 78 20 34 38");
  expect(bytesOf(table, 3)).toBe("e2 90 a3");
  expect([...octetsOf(table, 0)]).toEqual([0x20, 0x74, 0x68, 0xc3, 0xa9]);
  expect([...octetsOf(table, 1)]).toEqual([0x98]);
  expect([...octetsOf({ ...table, bytes: ["", "", "", ""] }, 0)]).toEqual([]);
});
