import { describe, expect, it } from "vitest";
import {
  among,
  chosen,
  type Look,
  ranged,
  rangeOf,
  START,
  type Table,
  turned,
  without,
} from "./look.ts";
import { chipText, written } from "./written.ts";

const TABLE: Table = {
  key: ["a", "b", "c", "d", "e"],
  text: ["Call the water", null, "waterfall", "none", "the WATER"],
  prompt: [null, null, "on prompts", "Of Rivers", null],
  columns: {
    reward: [0.5, null, -1, 0.5, Number.MAX_VALUE],
    env: ["math", "code", null, "math", "chat"],
  },
};

const keys = (look: Partial<Look>) =>
  chosen(TABLE, { ...START, ...look })
    .map((row) => TABLE.key[row])
    .join("");

describe("what a look shows of a page's rows", () => {
  it("finds words with capitals or without", () => {
    expect(keys({ search: "water" })).toBe("ace");
    expect(keys({ search: "Water" })).toBe("ace");
    expect(keys({ search: "river" })).toBe("d");
  });

  it("keeps ranges, whose ends belong to them, and nothing that is not known", () => {
    expect(keys(ranged(START, "reward", 0.5, null))).toBe("ade");
    expect(keys(ranged(START, "reward", -1, 0.4))).toBe("c");
    expect(keys(ranged(START, "reward", null, 1))).toBe("acd");
  });

  it("keeps values, also none", () => {
    expect(keys(among(START, "env", ["math", null]))).toBe("acd");
    expect(keys(among(START, "key", ["e", "b"]))).toBe("be");
    expect(keys(among(START, "env", []))).toBe("abcde");
  });

  it("sorts either way, equal rows as they were, what is not known last", () => {
    expect(keys({ sort: { by: "reward", descending: false } })).toBe("cadeb");
    expect(keys({ sort: { by: "reward", descending: true } })).toBe("eadcb");
    expect(keys({ sort: { by: "env", descending: false } })).toBe("ebadc");
  });

  it("leaves alone what it does not have, as names of JavaScript's own", () => {
    expect(keys({ sort: { by: "constructor", descending: false } })).toBe("abcde");
    expect(keys(ranged(START, "toString", 0, 1))).toBe("");
  });
});

describe("changes of a look", () => {
  it("has one range and one choice of a column", () => {
    const look = among(ranged(ranged(START, "reward", 0, 1), "reward", 0.2, 0.3), "env", ["math"]);
    expect(look.filters).toHaveLength(2);
    expect(rangeOf(look, "reward")).toEqual([0.2, 0.3]);
    expect(ranged(look, "reward", null, null).filters).toHaveLength(1);
    expect(without(look, look.filters[0]).filters).toEqual([look.filters[1]]);
  });

  it("turns the order: the least first, the largest first, none", () => {
    const [once, twice] = [turned(START, "reward"), turned(turned(START, "reward"), "reward")];
    expect([once.sort?.descending, twice.sort?.descending]).toEqual([false, true]);
    expect(turned(twice, "reward").sort).toBeNull();
    expect(turned(twice, "env").sort).toEqual({ by: "env", descending: false });
  });
});

describe("what is written", () => {
  it("has four digits, a true minus, and no more than there is", () => {
    const values = [
      0,
      12,
      -3,
      0.12345,
      -2.6183,
      1234.5678,
      1e9,
      1e-6,
      Number.MAX_VALUE,
      null,
      true,
    ];
    expect(values.map(written)).toEqual([
      ...["0", "12", "−3", "0.1235", "−2.618", "1235", "1.00e+9", "1.00e−6", "∞", "", "yes"],
    ]);
  });

  it("says a filter", () => {
    const label = (column: string) => column;
    expect(chipText({ column: "x", low: null, high: -2 }, label)).toBe("x ≤ −2");
    expect(chipText({ column: "x", low: 0.5, high: 1 }, label)).toBe("x 0.5000 … 1");
    expect(chipText({ column: "x", values: [null, "b"] }, label)).toBe("x: none +1");
  });
});
