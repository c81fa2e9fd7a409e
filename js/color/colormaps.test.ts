import { describe, expect, test } from "vitest";
import bundled from "./colormaps.json" with { type: "json" };
import { baseName, COLORMAPS, findTable, reversedName } from "./colormaps.ts";
import { bestTextOn, contrastRatio } from "./contrast.ts";

describe("the menu", () => {
  test("has 256 colours in each map", () => {
    expect(COLORMAPS.map(({ table }) => table.length)).toEqual(COLORMAPS.map(() => 768));
  });

  test("is straight between knots, to the bit", () => {
    for (const { name, knots } of bundled) {
      if (knots === undefined) continue;
      const bytes = (knots.match(/../g) ?? []).map((hex) => Number.parseInt(hex, 16));
      const last = bytes.length / 3 - 1;
      const want = Array.from({ length: 768 }, (_, k) => {
        const [i, channel] = [Math.floor(k / 3), k % 3];
        const [at, rest] = [Math.floor((i * last) / 255), (i * last) % 255];
        const [from, to] = [at, Math.min(last, at + 1)].map((j) => bytes[3 * j + channel]);
        return Math.floor((2 * (255 * from + (to - from) * rest) + 255) / 510); // half up
      });
      expect([...(findTable(name, null) as Uint8Array)]).toEqual(want);
    }
  });

  test("offers maps that are safe for colour-blind readers, of either kind", () => {
    const safe = (kind: string) => COLORMAPS.filter((map) => map.kind === kind && map.safe).length;
    expect(safe("diverging")).toBeGreaterThanOrEqual(2);
    expect(safe("sequential")).toBeGreaterThanOrEqual(2);
    expect(COLORMAPS.find(({ name }) => name === "RdYlGn")?.safe).toBe(false);
  });

  test.each(COLORMAPS.map(({ name, table }) => [name, table] as const))(
    "%s: text reaches 4.5:1 on every colour",
    (_, table) => {
      for (let i = 0; i < 768; i += 3) {
        const background = [table[i], table[i + 1], table[i + 2]] as const;
        const text = bestTextOn(background) === "#000000" ? 0 : 255;
        expect(contrastRatio([text, text, text], background)).toBeGreaterThanOrEqual(4.5);
      }
    },
  );
});

describe("by name", () => {
  test("a reversed map runs the other way", () => {
    const forward = findTable("viridis", null) as Uint8Array;
    const backward = findTable("viridis_r", null) as Uint8Array;
    expect([...backward.slice(0, 3)]).toEqual([...forward.slice(765)]);
    expect([...backward.slice(765)]).toEqual([...forward.slice(0, 3)]);
  });

  test("names reverse and come back", () => {
    expect(reversedName("vik")).toBe("vik_r");
    expect(reversedName("vik_r")).toBe("vik");
    expect(baseName("vik_r")).toBe("vik");
  });

  test("a map from Python runs either way, whichever of the two was sent", () => {
    const table = Uint8Array.from({ length: 768 }, (_, i) => i % 251);
    const reversed = findTable("mine_r", { name: "mine", table }) as Uint8Array;
    expect([...reversed.slice(0, 3)]).toEqual([...table.slice(765)]);
    expect(findTable("mine", { name: "mine_r", table })).toEqual(reversed);
    expect(findTable("mine_r", { name: "mine_r", table })).toBe(table);
  });

  test("a name that is known is not made of its reverse", () => {
    const sent = { name: "viridis_r", table: new Uint8Array(768) };
    expect(findTable("viridis", sent)).toEqual(findTable("viridis", null));
  });

  test("what Python sent comes first; what nobody has is null", () => {
    const table = new Uint8Array(768).fill(7);
    expect(findTable("RdYlGn", { name: "RdYlGn", table })).toBe(table);
    expect(findTable("mine", { name: "mine", table })).toBe(table);
    expect(findTable("mine", null)).toBeNull();
  });
});
