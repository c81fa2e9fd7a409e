import { expect, test } from "vitest";
import { random } from "../testing.ts";
import { fromBase64, fromBase64ByTable } from "./base64.ts";

test("any bytes come back, whichever way they are read", () => {
  const next = random(3);
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, () => next() * 256);
    const text = btoa(String.fromCharCode(...bytes));
    expect([...fromBase64ByTable(text)]).toEqual([...bytes]);
    expect([...fromBase64(text)]).toEqual([...bytes]);
  }
});

test("what is not base64 is refused", () => {
  expect(() => fromBase64ByTable("AAA")).toThrow("not a multiple of 4");
  expect(() => fromBase64ByTable("AA*A")).toThrow("not of its alphabet");
  expect(() => fromBase64ByTable("A===")).toThrow("not of its alphabet");
});
