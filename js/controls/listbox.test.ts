import { expect, test } from "vitest";
import { nextOption } from "./listbox.ts";

const names = ["RdYlGn", "RdBu", "viridis"];

test("arrows stop at the ends, Home and End jump there", () => {
  expect(nextOption(names, 0, "ArrowUp")).toBe(0);
  expect(nextOption(names, 0, "ArrowDown")).toBe(1);
  expect(nextOption(names, 2, "ArrowDown")).toBe(2);
  expect(nextOption(names, 0, "End")).toBe(2);
  expect(nextOption(names, 2, "Home")).toBe(0);
});

test("a letter goes to the next name that starts with it, around the end", () => {
  expect(nextOption(names, 0, "r")).toBe(1);
  expect(nextOption(names, 1, "R")).toBe(0);
  expect(nextOption(names, 0, "v")).toBe(2);
  expect(nextOption(names, 0, "x")).toBeNull();
});

test("other keys lead nowhere", () => {
  expect(nextOption(names, 0, "Shift")).toBeNull();
});
