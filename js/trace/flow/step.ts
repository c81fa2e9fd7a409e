/**
 * Where the keyboard leads in running text.
 *
 * Left and right go from token to token, up and down from line to line, keeping to the column they
 * began in. Alternatives that are open lie beneath their token: down leads into them, left and
 * right along them, up back out.
 */

import type { Cell } from "../../data/cell.ts";
import { clamp, KEYS } from "../step.ts";
import type { FlowLayout } from "./layout.ts";

export function flowStep(
  layout: FlowLayout,
  cell: Cell | null,
  key: string,
  ctrl: boolean,
): Cell | null {
  const last = layout.positions - 1;
  if (last < 0 || !KEYS.has(key)) return null;
  if (cell === null) return [0, 0];
  const position = clamp(cell[0], last);
  const { opened } = layout;
  const slots = opened?.position === position ? opened.chips.length : 0;
  const slot = clamp(cell[1], slots);
  const on = (line: number): Cell => {
    const { x, width } = layout.rect([position, slot]);
    return [layout.nearestOn(clamp(line, layout.lines.count - 1), x + width / 2), 0];
  };
  const line = layout.firstLine(position);
  if (slot > 0) {
    if (key === "ArrowLeft") return [position, Math.max(1, slot - 1)];
    if (key === "ArrowRight") return [position, Math.min(slots, slot + 1)];
    if (key === "ArrowUp") return [position, 0];
    if (key === "ArrowDown") return on(layout.lastLine(position) + 1);
    if (key === "Home" && !ctrl) return [position, 1];
    if (key === "End" && !ctrl) return [position, slots];
  }
  switch (key) {
    case "ArrowLeft":
      return [clamp(position - 1, last), 0];
    case "ArrowRight":
      return [clamp(position + 1, last), 0];
    case "ArrowUp":
      return line > 0 ? on(line - 1) : [position, 0];
    case "ArrowDown":
      if (slots > 0) return [position, 1];
      return layout.lastLine(position) < layout.lines.count - 1
        ? on(layout.lastLine(position) + 1)
        : [position, 0];
    case "Home":
      return [ctrl ? 0 : layout.lines.position[layout.fragmentsOf(line).first], 0];
    case "End":
      return [ctrl ? last : layout.lines.position[layout.fragmentsOf(line).last], 0];
    case "PageUp":
      return on(line - PAGE);
    default: // PageDown
      return on(line + PAGE);
  }
}

/** Lines that a page key goes. */
const PAGE = 12;
