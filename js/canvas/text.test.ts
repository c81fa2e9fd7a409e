import { expect, test } from "vitest";
import { TextMeasure } from "./text.ts";

/** A typeface in which every character is ten pixels wide. */
function typeface() {
  const asked: string[] = [];
  const context = {
    font: "",
    measureText(text: string) {
      asked.push(text);
      return { width: 10 * Array.from(text).length };
    },
  };
  return { measure: new TextMeasure(context), asked };
}

test("a width is measured once for each font", () => {
  const { measure, asked } = typeface();
  expect(measure.width("abc", "12px x")).toBe(30);
  measure.width("abc", "12px x");
  expect(asked).toEqual(["abc"]);
  measure.width("abc", "bold 12px x");
  expect(asked).toEqual(["abc", "abc"]);
});

test("text that is too long ends in an ellipsis and is no wider than asked", () => {
  const { measure } = typeface();
  expect(measure.fit("multiplication", "f", 140)).toBe("multiplication");
  expect(measure.fit("multiplication", "f", 65)).toBe("multi…");
  expect(measure.fit("multiplication", "f", 10)).toBe("…");
  expect(measure.fit("multiplication", "f", 5)).toBe("");
});

test("a character outside the first plane is never cut in two", () => {
  const { measure } = typeface();
  expect(measure.fit("😀😀😀", "f", 20)).toBe("😀…");
});
