import { expect, test } from "vitest";
import { field } from "./field.ts";

test("what a spreadsheet would run stands behind an apostrophe", () => {
  const formulas = [
    "=1+1",
    "@SUM(A1)",
    "+A1",
    "-A1",
    "-",
    "+",
    "-2+cmd|' /C calc'!A0",
    "＝1",
    "＋1",
  ];
  for (const text of formulas) expect(field(text)).toBe(`'${text}`);
  expect(field('=HYPERLINK("a")')).toBe('"\'=HYPERLINK(""a"")"');
  expect(field("'=1")).toBe("''=1"); // so that one less is always the text
  expect(field("-－")).toBe("'-－");
});

test("what is no formula stays", () => {
  for (const text of ["a", "-5", "+0.25", "'s", "'", "", "a=b", "␣=", "−1"]) {
    expect(field(text)).toBe(text);
  }
});
