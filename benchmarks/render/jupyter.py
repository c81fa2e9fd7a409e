"""tokenviz in JupyterLab: from the kernel's first step to the painted figure, and bytes between.

A notebook's last cell notes the time and shows the figure; the browser, on the same machine and
clock, says when the finished frame was presented (`driver.py`), and has counted the bytes of every
message that came over its websockets since the cell was run. The server and the kernel run on all
cores; the browser is held to one.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Page

import tokenviz as tv
from benchmarks.render.browser import chromium
from benchmarks.render.ours import FINISHED

__all__ = ["PATHS", "rows", "run_cell"]

_OPENINGS = 3
_SCRIPT = (Path(__file__).parent / "driver.js").read_text(encoding="utf-8")
PATHS = [str(Path(__file__).parents[2]), str(Path(str(tv.__file__)).parents[1])]
"""From where a kernel imports what this process does."""
# Before JupyterLab opens any.
_COUNT = """
window.received = 0;
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      window.received += data.byteLength ?? data.size ?? data.length;
    });
  }
};
"""
_READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.context?.isReady && panel.sessionContext.session?.kernel?.status === "idle"
    && document.querySelector(".jp-NotebookPanel .jp-Cell") !== null;
}"""


def rows(sizes: dict[str, list[str]], core: int | None, seconds: float) -> list[dict[str, Any]]:
    """Milliseconds and bytes for each size; none where JupyterLab is not installed.

    Medians of three openings: the table that a cell's output also carries is laid out before the
    figure in some and after it in others.
    """
    if find_spec("jupyterlab") is None or find_spec("jupyter_client") is None:
        return []
    from tests.jupyterlab import JupyterLab

    found = []
    with (
        TemporaryDirectory() as folder,
        JupyterLab(Path(folder)) as lab,
        chromium(core) as browser,
    ):
        for kind, of_kind in sizes.items():
            for size in of_kind:
                row = {"kind": kind, "size": size}
                try:
                    shown = [_shown(lab, browser, kind, size, seconds) for _ in range(_OPENINGS)]
                    row |= {name: median(one[name] for one in shown) for name in shown[0]}
                except Exception as error:  # a table with a hole says more than none
                    row["error"] = str(error).splitlines()[0][:200]
                found.append(row)
    return found


def _shown(lab: Any, browser: Browser, kind: str, size: str, seconds: float) -> dict[str, Any]:
    name = "figure.ipynb"
    note = lab.root / "started"
    note.unlink(missing_ok=True)
    prepare = (
        f"import sys; sys.path[:0] = {PATHS!r}\n"
        "import time\nfrom pathlib import Path\nfrom benchmarks.render.jobs import source\n"
        "source('heatmap', '13 × 5').show().close()\n"
        f"shown = source({kind!r}, {size!r})"
    )
    show = "started = time.time(); Path('started').write_text(repr(started)); shown.show()"
    lab.write(name, prepare, show)
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(1000 * seconds)
    page.add_init_script(
        f"{_COUNT};{_SCRIPT};\n"
        f"tokenvizBenchmark.first = {FINISHED}.then(() => tokenvizBenchmark.mark());"
    )
    try:
        page.goto(lab.url(name))
        run_cell(page, 0)
        before = page.evaluate("window.received")
        run_cell(page, 1, wait=False)
        painted = page.evaluate(
            "async limit => performance.timeOrigin + await Promise.race([tokenvizBenchmark.first,"
            " tokenvizBenchmark.rest(limit).then(() => { throw new Error('not painted'); })])",
            1000 * seconds,
        )
        received = page.evaluate("window.received") - before
        _wait(page, 1)
    finally:
        context.close()
    started = 1000 * float(note.read_text(encoding="utf-8"))
    return {"kernel_to_paint_ms": round(painted - started, 1), "websocket_bytes": received}


def run_cell(page: Page, number: int, *, wait: bool = True) -> None:
    """Run a cell of the open notebook; with ``wait``, to its end."""
    page.wait_for_function(_READY)
    # In braces, so not awaited: the promise may never settle.
    page.evaluate(
        "number => { const notebook = window.jupyterapp.shell.currentWidget.content;"
        " notebook.activeCellIndex = number;"
        " window.jupyterapp.commands.execute('notebook:run-cell'); }",
        number,
    )
    if wait:
        _wait(page, number)


def _wait(page: Page, number: int) -> None:
    """Until a cell has been run."""
    page.wait_for_function(
        "number => /\\d/.test("
        "document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')[number]?.textContent ?? '')",
        arg=number,
    )
