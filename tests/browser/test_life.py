"""The life of figures in a real JupyterLab: many at once, and cells that run again and again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

import pytest
from jupyter_client import BlockingKernelClient  # type: ignore[attr-defined]
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.chromium import OfflinePages, Opened
from tests.figure import Figure
from tests.jupyterlab import JupyterLab, evaluate, execute, wait_for, wait_until_ready
from tokenviz.widget.bundle import static

CELLS = [
    "import tokenviz as tv\nattribution, trace = tv.examples.attribution(), tv.examples.trace()",
    "attribution",
    "figures = [source.show() for source in (attribution, trace) * 5]\n"
    "for each in figures: display(each)",
    "figures[0]",
]
AGAIN = 1
MANY = 2
FIRST_OF_MANY = 3

WARM_UP = 40
BATCHES = 5
RUNS = 200
# What may be left of a run: what JupyterLab remembers of any execution, the module of a few lines
# that anywidget imports, and a closed model without its data, with the empty elements of its view.
# That is about 20,000 bytes and two nodes; the source of the renderer would be 380,000 more.
BYTES = 30_000
NODES = 3
LISTENERS = 0.1

RUN_CELL = """
async ([index, times, figures]) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const ready = ".tokenviz[data-tokenviz-ready=true]";
  for (let i = 0; i < times; i++) {
    notebook.activeCellIndex = index;
    await window.jupyterapp.commands.execute("notebook:run-cell");
    const cell = notebook.widgets[index].node;
    while (cell.querySelectorAll(ready).length !== figures) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with JupyterLab(tmp_path_factory.mktemp("lab")) as server:
        server.write("life.ipynb", *CELLS)
        yield server


@pytest.fixture(scope="module")
def opened(lab: JupyterLab, browser: Browser) -> Iterator[Opened]:
    """The notebook, its first cell run."""
    with OfflinePages(browser) as pages:
        opened = pages.open(lab.url("life.ipynb"), width=1200, height=900)
        wait_until_ready(opened.page)
        run(opened.page, 0, figures=0)
        yield opened


@pytest.fixture(scope="module")
def kernel(lab: JupyterLab, opened: Opened) -> Iterator[BlockingKernelClient]:
    """Python on the kernel that the notebook runs on."""
    with lab.kernel() as client:
        execute(client, "import comm; from ipywidgets.widgets.widget import _instances as widgets")
        yield client


@pytest.fixture(scope="module")
def devtools(opened: Opened) -> CDPSession:
    session = opened.page.context.new_cdp_session(opened.page)
    session.send("HeapProfiler.enable")
    session.send("Performance.enable")
    return session


def run(page: Page, cell: int, times: int = 1, figures: int = 1) -> None:
    """Run a cell as often as asked, each time until its figures are painted."""
    page.evaluate(RUN_CELL, [cell, times, figures])


def figures_of(page: Page, cell: int) -> list[Figure]:
    """The figures below a cell."""
    found = page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".tokenviz")
    return [Figure(each) for each in found.all()]


def counts(page: Page, devtools: CDPSession) -> dict[str, float]:
    """Bytes of heap, nodes and listeners of a page, once it has come to rest."""
    page.wait_for_timeout(2_000)  # anywidget holds a model for two seconds, in case it fails
    deadline = time.monotonic() + 10
    now = collected(devtools)
    while time.monotonic() < deadline:
        page.wait_for_timeout(500)
        before, now = now, collected(devtools)
        if all(now[name] == before[name] for name in ("JSEventListeners", "Nodes")):
            break
    return now


def collected(devtools: CDPSession) -> dict[str, float]:
    """The same as it is now, without garbage."""
    devtools.send("HeapProfiler.collectGarbage")
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return {metric["name"]: metric["value"] for metric in metrics}


def in_kernel(kernel: BlockingKernelClient) -> str:
    """How many widgets and how many connections the kernel keeps."""
    return evaluate(kernel, "(len(widgets), len(comm.get_comm_manager().comms))")


def test_a_cell_that_runs_200_times_leaves_nothing_behind(
    opened: Opened, kernel: BlockingKernelClient, devtools: CDPSession
) -> None:
    page = opened.page
    run(page, AGAIN, times=WARM_UP)
    kept, levels = in_kernel(kernel), [counts(page, devtools)]
    assert kept == "(3, 3)"  # one figure, its CSS box, and the renderer that all share
    for _ in range(BATCHES):
        run(page, AGAIN, times=(RUNS - WARM_UP) // BATCHES)
        levels.append(counts(page, devtools))
    assert in_kernel(kernel) == kept

    # A leak grows with every run. What JupyterLab makes once, and when is its own affair, falls
    # into one batch: ten seconds after it was opened, a menu of workspaces with 133 listeners.
    def grown(name: str) -> float:
        batches = [after[name] - before[name] for before, after in pairwise(levels)]
        return median(batches) / ((RUNS - WARM_UP) // BATCHES)

    assert grown("JSEventListeners") <= LISTENERS
    assert grown("Nodes") <= NODES
    assert grown("JSHeapUsedSize") <= BYTES
    opened.assert_quiet()


def test_ten_figures_evaluate_the_renderer_once(opened: Opened) -> None:
    page = opened.page
    run(page, MANY, figures=10)
    lengths: list[int] = []
    session = page.context.new_cdp_session(page)
    session.on("Debugger.scriptParsed", lambda script: lengths.append(script["length"]))
    session.send("Debugger.enable")
    session.detach()
    assert lengths.count(len(static("widget.js").encode("utf-16-le")) // 2) == 1
    opened.assert_quiet()


def test_a_figure_of_a_cell_that_ran_again_can_still_be_used(
    opened: Opened, kernel: BlockingKernelClient
) -> None:
    page = opened.page
    run(page, MANY, figures=10)
    execute(kernel, "first = figures[0]")
    run(page, MANY, figures=10)
    assert evaluate(kernel, "first.comm") == "None"
    execute(kernel, "first.vmax, first.selected, figures[0] = 0.5, (7, 0), first")
    run(page, FIRST_OF_MANY)
    (figure,) = figures_of(page, FIRST_OF_MANY)
    figure.open_controls()
    expect(figure.control("vmax-number")).to_have_value("0.5")
    figure.viewport.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_for(kernel, "first.selected", "(8, 0)")
    # Shown again by the same cell, it is the same model, not sent anew.
    execute(kernel, "connection = first.comm")
    run(page, FIRST_OF_MANY)
    assert evaluate(kernel, "first.comm is connection") == "True"
    opened.assert_quiet()


def test_figures_come_back_when_the_page_is_reloaded(
    opened: Opened, kernel: BlockingKernelClient
) -> None:
    page = opened.page
    run(page, AGAIN, times=2)
    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:save'); }")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.reload()
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(AGAIN)
    expect(cell.locator(".tokenviz[data-tokenviz-ready=true]")).to_have_count(1, timeout=60_000)
