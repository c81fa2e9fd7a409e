"""What a browser says of a page: first paint, actions, scrolling, memory.

- *First paint* is from the start of the navigation to the presentation of the frame in which the
  figure is finished. When it is finished each contender says itself (its `finished`); when that
  frame was presented, the browser does, by Element Timing (`driver.js`). The picture is then
  compared with one taken later: where they differ, the figure was not finished and the time is a
  lower bound (`settled` is false). A picture of one colour is `blank`.
- *Recolour*, *zoom* and *pan* are from the call to the presentation of the frame that shows the
  effect, each on a page at rest; beside it (`paint`), until the contender says that it has painted.
  Element Timing rounds to 4 ms. That a frame comes at all, which is the same for everyone, is told
  by a call that changes nothing on an empty page (`nothing_ms`). There is also the processor time
  of all processes of the browser per call, which other work on the machine hardly changes.
- *Scroll* is the time between animation frames while each one scrolls the figure on: steadily, by
  30 pixels, or fast, by 3,000, so that each shows what none has shown before. Frames come at 60 Hz
  at most.
- *Memory* is the proportional set size of all processes of the browser (without its program), once
  the figure has been painted and garbage was collected, beyond what it was with an empty page.

Every opening, of the empty page too, is a navigation from a page of nothing in a fresh context of
one browser, which is held to one core and renders in software.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image, ImageChops
from playwright.sync_api import Error, Page

from benchmarks.render.browser import chromium, cpu, settled_memory
from benchmarks.render.contender import Contender, html_page
from benchmarks.render.limits import Limits

__all__ = ["SCRIPT", "handled", "summary"]

STEADY, FAST = 30, 3000
"""Pixels scrolled in each frame."""
SETTLING = 1.5
"""Seconds after which the picture is looked at again."""
BLANK = 0.999
"""Share of pixels of one colour from which a picture is of nothing."""

SCRIPT = (Path(__file__).parent / "driver.js").read_text(encoding="utf-8")
_LOADED = "() => document.readyState === 'complete'"
Tell = Callable[..., None]


def handled(contender: Contender, path: Path, core: int | None, limits: Limits, tell: Tell) -> None:
    """Tell what is found, as it is found."""
    nothing, empty = path.with_name("nothing.html"), path.with_name("empty.html")
    for page_file in (nothing, empty):
        page_file.write_text(html_page(f"<p>{page_file.stem}</p>"), encoding="utf-8")
    with chromium(core) as browser:
        tell(chromium=browser.version)

        def opened() -> Page:
            """A tab with a page of nothing."""
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.set_default_timeout(1000 * limits.seconds)
            page.add_init_script(
                _script({nothing: _LOADED, empty: _LOADED, path: contender.finished})
            )
            _navigate(page, nothing, limits)
            return page

        opened().context.close()  # the first of a browser takes longer
        empties: list[float] = []
        before, empty_cpu, nothing_ms = 0, 0.0, {}
        for _ in range(limits.openings):
            page = opened()
            start = cpu()
            empties.append(_navigate(page, empty, limits))
            empty_cpu = cpu() - start
            if len(empties) == limits.openings:
                nothing_ms = summary(_times(page, "() => {}", limits)["found"])
                _look(page)  # a screenshot takes memory that stays
                before = _memory(page, limits)
            page.context.close()
        tell(empty_paint_ms=median(empties), empty_paint_cpu_ms=round(1000 * empty_cpu))
        tell(nothing_ms=nothing_ms)
        page = opened()
        start = cpu()
        paints = [_navigate(page, path, limits)]
        tell(first_paint_ms=paints[0], first_paint_cpu_ms=round(1000 * (cpu() - start)))
        tell(**_look(page))
        tell(memory_bytes=_memory(page, limits) - before)
        _act(contender, page, limits, tell)
        tell(memory_after_bytes=_memory(page, limits) - before)
        page.context.close()
        while len(paints) < limits.openings and sum(paints) < 1000 * limits.once:
            page = opened()
            paints.append(_navigate(page, path, limits))
            page.context.close()
        tell(first_paint_ms=round(median(paints), 1), openings=len(paints))


def summary(times: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile, and how many there were."""
    return {
        "median": round(float(np.percentile(times, 50)), 1),
        "p95": round(float(np.percentile(times, 95)), 1),
        "count": len(times),
    }


def _script(finished: dict[Path, str]) -> str:
    """What runs in a page before its own scripts: when it is finished, the frame is marked."""
    cases = [
        f"if (location.href === {json.dumps(path.as_uri())}) return {_promise(test)};"
        for path, test in finished.items()
    ]
    return (
        f"{SCRIPT};\ntokenvizBenchmark.first = (async () => {{ {' '.join(cases)}"
        " await new Promise(() => {}); })().then(() => tokenvizBenchmark.mark());"
    )


def _promise(finished: str) -> str:
    """A function is asked in every frame."""
    return f"tokenvizBenchmark.until({finished})" if finished.startswith("() =>") else finished


def _navigate(page: Page, path: Path, limits: Limits) -> float:
    """Milliseconds to the first paint.

    Raises
    ------
    TimeoutError
        If there was none within the limit.
    """
    page.goto(path.as_uri(), wait_until="commit")
    time_or_none = page.evaluate(
        "limit => Promise.race([tokenvizBenchmark.first,"
        " tokenvizBenchmark.rest(limit).then(() => null)])",
        1000 * limits.seconds,
    )
    if time_or_none is None:
        raise TimeoutError
    return float(time_or_none)


def _look(page: Page) -> dict[str, Any]:
    """Whether the picture stays, and whether it is one of anything."""
    first = _picture(page)
    time.sleep(SETTLING)
    second = _picture(page)
    colours = second.getcolors(second.width * second.height) or []
    largest = max((count for count, _ in colours), default=0)
    return {
        "settled": ImageChops.difference(first, second).getbbox() is None,
        "blank": largest >= BLANK * second.width * second.height,
    }


def _picture(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def _memory(page: Page, limits: Limits) -> int:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.detach()
    return settled_memory(limits.memory)


def _times(page: Page, action: str, limits: Limits) -> Any:
    return page.evaluate(
        f"async ([count, limit]) => {{ const action = await ({action});"
        " return action && tokenvizBenchmark.times(action, count, limit); }",
        [limits.steps, 1000 * limits.action],
    )


def _act(contender: Contender, page: Page, limits: Limits, tell: Tell) -> None:
    if contender.prepare:
        page.evaluate(contender.prepare)
    for name in ("recolour", "zoom", "pan"):
        action = getattr(contender, name)
        if action is None:
            continue
        tell(stage=name)
        start = cpu()
        try:
            measured = _times(page, action, limits)
        except Error as error:
            tell(**{f"{name}_error": str(error).splitlines()[0][:200]})
            continue
        if measured:
            per_call = round(1000 * (cpu() - start) / measured["calls"], 1)
            painted = summary(measured["painted"])
            tell(**{f"{name}_ms": summary(measured["found"]) | {"cpu": per_call, "paint": painted}})
    for name, step in (("steady", STEADY), ("fast", FAST)):
        tell(stage=f"{name} scroll")
        times = page.evaluate(
            f"([step, count, limit]) =>"
            f" tokenvizBenchmark.scroll({contender.scroller}, step, count, limit)",
            [step, limits.frames, 1000 * limits.action],
        )
        if times:
            tell(**{f"{name}_scroll_ms": summary(times)})
