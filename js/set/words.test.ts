import { describe, expect, it } from "vitest";
import { around, finder, holds, pieces } from "./words.ts";

const words = (of: string) => finder(of) as RegExp;
const read = (text: string, of: string) =>
  pieces(text, words(of))
    .map(([piece, isFound]) => (isFound ? `[${piece}]` : piece))
    .join("");

describe("words that are looked for", () => {
  it("are found whatever their capitals, and whatever they mean to a pattern", () => {
    expect(finder("")).toBeNull();
    expect(holds("the WATER", words("Water"))).toBe(true);
    expect(holds("ÄRGER", words("ärger"))).toBe(true);
    expect(holds(null, words("a"))).toBe(false);
    for (const odd of [..."\\^$.*+?()[]{}|/-#&~<>'\"", "\n", "%", "😀", "[a-z]", "a{2}"]) {
      expect(holds(`x${odd}y`, words(odd))).toBe(true);
      expect(holds("xy", words(odd))).toBe(false);
    }
  });

  it("are told apart each time, and nothing is lost around them", () => {
    expect(read("Water, water and WATER", "water")).toBe("[Water], [water] and [WATER]");
    expect(read("none", "water")).toBe("none");
    expect(read("<b>a</b>", "<B>")).toBe("[<b>]a</b>");
  });

  it("are brought to where they can be seen", () => {
    const shown = (text: string | null, of: string, prompt: string | null = null) =>
      around(text, words(of), prompt);
    expect(shown("close to the water", "water")).toBe("close to the water");
    const long = `${"so ".repeat(20)}the water is far`;
    expect(shown(long, "water", "water")).toBe("…so so so so the water is far");
    expect(shown(`${"😀".repeat(30)}water`, "water")).toBe(`…${"😀".repeat(16)}water`);
    expect(shown("wine", "water", "the Water")).toBe("prompt: the Water");
    expect(shown(null, "water", long)).toBe("prompt: …so so so so the water is far");
    expect(shown("wine", "water")).toBe("wine");
    expect(shown(null, "water")).toBeNull();
  });
});
