/** How the width of a figure is shared by its drawing and its colour bar, and when it scrolls. */

export interface Size {
  width: number;
  height: number;
}

export const BAR_GAP = 16;
const SHORTEST_BAR = 120;
export const TALLEST_BAR = 440;
const NARROWEST_DRAWING = 80;
const SCROLLBAR = 15;

export interface FrameOptions {
  width: number;
  barWidth: number;
  /** The height beyond which the drawing scrolls. */
  limit: number;
  /** The size of the drawing, given the width there is. */
  layout: (availableWidth: number) => Size;
}

/** The size of the content, and of the box through which it is seen, scroll bars included. */
export function frame({ width, barWidth, limit, layout }: FrameOptions): {
  content: Size;
  box: Size;
} {
  const room = Math.max(NARROWEST_DRAWING, width - barWidth - BAR_GAP);
  let content = layout(room);
  const scrolls = content.height > limit;
  if (scrolls) content = layout(room - SCROLLBAR);
  const beside = scrolls ? SCROLLBAR : 0;
  const below = content.width > room - beside ? SCROLLBAR : 0;
  const box = {
    width: Math.min(room, content.width + beside),
    height: Math.min(limit, content.height + below),
  };
  return { content, box };
}

export interface BarOptions {
  /** The top of the first cell, and the height of the box that shows it. */
  firstCell: number;
  boxHeight: number;
  /** The length of the bar's label, which is written along it. */
  labelLength: number;
}

/** The colour bar stands beside the cells: from the first one's top, as tall as they are seen. */
export function barPlace({ firstCell, boxHeight, labelLength }: BarOptions) {
  const shortest = Math.max(SHORTEST_BAR, labelLength);
  return {
    top: firstCell,
    height: Math.max(shortest, Math.min(TALLEST_BAR, boxHeight - firstCell)),
  };
}
