import { describe, expect, test } from "vitest";
import { barPlace, frame } from "./frame.ts";

const sized = (width: number, height: number) => () => ({ width, height });

describe("frame", () => {
  test("a small drawing is as large as it needs, and the bar stands beside it", () => {
    const { box } = frame({ width: 900, barWidth: 60, limit: 720, layout: sized(500, 400) });
    expect(box).toEqual({ width: 500, height: 400 });
  });

  test("a tall one scrolls and is laid out again with room for the scroll bar", () => {
    const widths: number[] = [];
    const layout = (width: number) => {
      widths.push(width);
      return { width, height: 5000 };
    };
    const { box } = frame({ width: 876, barWidth: 60, limit: 720, layout });
    expect(widths).toEqual([800, 785]);
    expect(box).toEqual({ width: 800, height: 720 });
  });

  test("a wide one gets a scroll bar below it", () => {
    const { content, box } = frame({
      width: 476,
      barWidth: 60,
      limit: 720,
      layout: sized(900, 300),
    });
    expect(content.width).toBe(900);
    expect(box).toEqual({ width: 400, height: 315 });
  });

  test("an overview takes its room only beside what overflows", () => {
    const options = { width: 876, barWidth: 60, limit: 720, overviewRoom: 44 };
    const small = frame({ ...options, layout: sized(500, 400) });
    expect([small.overview, small.box.width]).toEqual([false, 500]);
    const tall = frame({ ...options, layout: (width) => ({ width, height: 5000 }) });
    expect([tall.overview, tall.box.width, tall.content.width]).toEqual([true, 756, 741]);
    const wide = frame({ ...options, layout: sized(900, 300) });
    expect([wide.overview, wide.box]).toEqual([true, { width: 756, height: 315 }]);
    const narrow = frame({ ...options, width: 300, layout: sized(900, 3000) });
    expect(narrow.overview).toBe(false);
  });

  test("there is always something to see", () => {
    expect(frame({ width: 50, barWidth: 60, limit: 720, layout: sized(900, 300) }).box.width).toBe(
      80,
    );
  });
});

describe("the bar", () => {
  const place = { firstCell: 30, boxHeight: 420, labelLength: 90 };

  test("begins beside the first cell and is as tall as the cells are seen", () => {
    expect(barPlace(place)).toEqual({ top: 30, height: 390 });
    expect(barPlace({ ...place, boxHeight: 900 })).toEqual({ top: 30, height: 440 });
  });

  test("of a flat figure has room for its ticks and its label", () => {
    expect(barPlace({ ...place, boxHeight: 60 }).height).toBe(120);
    expect(barPlace({ ...place, boxHeight: 60, labelLength: 170 }).height).toBe(170);
  });
});
