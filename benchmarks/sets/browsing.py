"""A set of a million rows in a notebook: how long what a reader does takes, to the frame it is in.

The kernel and the browser share the cores. Times are the page's: from the event (of the first
screen, from the cell) to the frame after the rows that it asked for were written.
"""

from __future__ import annotations

import struct
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.render.jupyter import PATHS

__all__ = ["BOUNDS", "browsed"]

BOUNDS = {
    "first screen": 1.0,
    "sort": 0.5,
    "filter": 0.5,
    "scroll, 95th percentile": 0.020,
}
"""Seconds."""
MESSAGE = 200_000
"""Bytes of a message with rows."""

_SET = ".tokenviz-set"
_READY = f"() => document.querySelector('{_SET} .tokenviz-set-strip') !== null"

# When the rows that stand in the table have changed, and have been painted.
_ACT = """async ([column, act]) => {
  const root = document.querySelector(".tokenviz-set");
  const grid = root.querySelector(".tokenviz-set-grid");
  const head = root.querySelector(`[data-tokenviz-column="${column}"]`);
  const frame = () => new Promise(requestAnimationFrame);
  await root.tokenvizSet.settled();
  const start = performance.now();
  if (act === "sort") head.querySelector(".tokenviz-set-name").click();
  else {
    const canvas = head.querySelector("canvas");
    const { left, top, width } = canvas.getBoundingClientRect();
    const say = (type, share) => canvas.dispatchEvent(new PointerEvent(type, {
      clientX: left + share * width, clientY: top + 5, pointerId: 1, button: 0, bubbles: true,
    }));
    canvas.setPointerCapture = () => {};
    say("pointerdown", act);
    say("pointermove", 0.9);
    say("pointerup", 0.9);
  }
  while (grid.getAttribute("aria-busy") !== "false") await frame();
  await frame();
  return performance.now() - start;
}"""

# A wheel's steps, one in each frame; from frame to frame.
_SCROLL = """async (steps) => {
  const grid = document.querySelector(".tokenviz-set-grid");
  const frame = () => new Promise(requestAnimationFrame);
  const took = [];
  let last = await frame();
  for (let i = 0; i < steps; i++) {
    grid.scrollTop += 76;
    const now = await frame();
    took.push(now - last);
    last = now;
  }
  return took;
}"""


def browsed(folder: Path, *, repeats: int = 5, steps: int = 200) -> dict[str, Any]:
    """Seconds of each, the median but for scrolling; and the largest message with rows.

    Parameters
    ----------
    folder
        The set.
    repeats, steps
        How often to sort and filter, and how far to scroll.
    """
    from playwright.sync_api import sync_playwright

    from tests.chromium import ARGUMENTS, EXECUTABLE
    from tests.jupyterlab import JupyterLab, command, wait_until_ready

    prepare = (
        f"import sys; sys.path[:0] = {PATHS!r}\n"
        f"import tokenviz as tv; rows = tv.TraceSet.open({str(folder)!r})\n"
        "tv.examples.trace().show().open()"
    )
    sizes: list[int] = []

    def heard(payload: bytes | str) -> None:
        if isinstance(payload, bytes) and b'"tokenviz": "set"' in payload.replace(b'":"', b'": "'):
            (count,) = struct.unpack_from("<Q", payload)
            if b'"lengths"' in payload[8 * (count + 1) :]:
                sizes.append(len(payload))

    with TemporaryDirectory() as temporary, JupyterLab(Path(temporary)) as lab:
        lab.write("set.ipynb", prepare, "rows.show()")
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
            page = chromium.new_context(viewport={"width": 1400, "height": 1200}).new_page()
            page.on("websocket", lambda socket: socket.on("framereceived", heard))
            page.goto(lab.url("set.ipynb"))
            command(page, "notebook:run-cell-and-select-next")
            page.wait_for_function("() => document.body.innerText.includes('[1]:')")
            wait_until_ready(page)
            start = time.perf_counter()
            command(page, "notebook:run-cell-and-select-next")
            page.wait_for_function(_READY)
            page.locator(f'{_SET} [aria-busy="false"]').wait_for()
            first = time.perf_counter() - start
            root = page.locator(_SET)
            root.scroll_into_view_if_needed()
            columns = ("worst_logprob", "reward", "mean_logprob")
            sorts = [
                page.evaluate(_ACT, [columns[i % len(columns)], "sort"]) for i in range(repeats)
            ]
            filters = [page.evaluate(_ACT, ["reward", 0.2 + 0.05 * i]) for i in range(repeats)]
            page.wait_for_timeout(1000)
            frames = sorted(page.evaluate(_SCROLL, steps))
            chromium.close()
    result = {
        "seconds": {
            "first screen": first,
            "sort": median(sorts) / 1000,
            "filter": median(filters) / 1000,
            "scroll, 95th percentile": frames[int(0.95 * (len(frames) - 1))] / 1000,
        },
        "frames": steps,
        "largest message": max(sizes),
        "messages": len(sizes),
    }
    print(result, file=sys.stderr, flush=True)
    return result
