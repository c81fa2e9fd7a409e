import { expect, test } from "vitest";
import { contrastRatio } from "../color/contrast.ts";
import { hatch, hatchText } from "./hatch.ts";

type Rgb = [number, number, number];

function rgb(hex: string): Rgb {
  return [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)) as Rgb;
}

test.each([true, false])("text on NaN can be read, on its stripes too (dark: %s)", (dark) => {
  const painted: Record<string, string> = {};
  const ctx = new Proxy(painted, { get: (_, name: string) => painted[name] ?? (() => {}) });
  const rect = { x: 0, y: 0, width: 20, height: 20 };
  hatch(ctx as unknown as CanvasRenderingContext2D, rect, { dark });
  for (const under of [painted.fillStyle, painted.strokeStyle]) {
    expect(contrastRatio(rgb(hatchText({ dark })), rgb(under))).toBeGreaterThanOrEqual(4.5);
  }
});
