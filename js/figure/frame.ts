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
/** With less room, the drawing needs all of it. */
const NARROWEST_WITH_OVERVIEW = 240;

export interface FrameOptions {
  width: number;
  barWidth: number;
  /** The height beyond which the drawing scrolls. */
  limit: number;
  /** The size of the drawing, given the width there is. */
  layout: (availableWidth: number) => Size;
  /** What stands beside the drawing when there is more of it than is seen. */
  overviewRoom?: number;
}

/**
 * The size of the content, and of the box through which it is seen, scroll bars included; and
 * whether there is an overview beside it.
 */
export function frame({ width, barWidth, limit, layout, overviewRoom = 0 }: FrameOptions): {
  content: Size;
  box: Size;
  overview: boolean;
} {
  const all = Math.max(NARROWEST_DRAWING, width - barWidth - BAR_GAP);
  let content = layout(all);
  const scrolls = content.height > limit;
  const overview =
    overviewRoom > 0 && all >= NARROWEST_WITH_OVERVIEW && (scrolls || content.width > all);
  const room = all - (overview ? overviewRoom : 0);
  const beside = scrolls ? SCROLLBAR : 0;
  if (room - beside < all) content = layout(room - beside);
  const below = content.width > room - beside ? SCROLLBAR : 0;
  const box = {
    width: Math.min(room, content.width + beside),
    height: Math.min(limit, content.height + below),
  };
  return { content, box, overview };
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
