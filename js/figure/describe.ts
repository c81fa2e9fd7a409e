/** A cell in words: what the tooltip shows and what the live region says. */

import { compact } from "../color/numbers.ts";
import type { ColorScale } from "../color/scale.ts";
import type { Cell } from "../data/cell.ts";
import type { Drawing, Fact } from "./drawing.ts";
import type { TooltipContent } from "./tooltip.ts";

/** What the triangle in a cell's corner is. */
const MARKED = ", so its corner is marked";

export function tooltipContent(
  drawing: Drawing<never>,
  figureScale: ColorScale,
  cell: Cell,
): TooltipContent {
  const value = drawing.valueAt(cell);
  const scale = drawing.scaleAt?.(cell) ?? figureScale;
  const [first, ...rest] = drawing.facts(cell);
  return {
    swatch: Number.isNaN(value) ? null : scale.css(value),
    facts: [first, ...outside(value, scale), ...rest],
  };
}

export function sentence(drawing: Drawing<never>, figureScale: ColorScale, cell: Cell): string {
  const side = (drawing.scaleAt?.(cell) ?? figureScale).side(drawing.valueAt(cell));
  const beyond = side === "above" || side === "below" ? `, ${side} range` : "";
  return drawing.announce(cell) + beyond;
}

/** Says so when a value lies outside the range; says nothing of one inside. */
function outside(value: number, scale: ColorScale): Fact[] {
  const { lo, hi } = scale.range;
  const bound = (end: number) => compact(end).replaceAll("-", "−").replace("e+", "e");
  const side = scale.side(value);
  if (side === "above") return [{ name: "range", value: `above range (> ${bound(hi)})${MARKED}` }];
  if (side === "below") return [{ name: "range", value: `below range (< ${bound(lo)})${MARKED}` }];
  return [];
}
