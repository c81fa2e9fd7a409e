"""Notebooks saved with widget state: how large they are, and that their figures live by themselves.

Saved by a real JupyterLab and by ``nbconvert --execute``, opened again when the kernel is gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from playwright.sync_api import Browser, Page, expect

from tests.chromium import OfflinePages, Opened
from tests.figure import Figure, expected_color, reference
from tests.jupyterlab import JupyterLab, command, execute, wait_until_ready
from tokenviz.widget.bundle import static

LIMIT = 700_000
"""Bytes of a notebook with ten figures."""

STATE = "application/vnd.jupyter.widget-state+json"
READY = ".jp-OutputArea .tokenviz[data-tokenviz-ready=true]"
SAVES_STATE = {"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True}}
OLDER = Path(__file__).parent / "older" / "loader.js"

IMPORTS = "import ipywidgets, tokenviz as tv"
FIGURE = "tv.examples.attribution().show()"
TEN = [IMPORTS, *["tv.examples.attribution()", "tv.examples.trace()"] * 5]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with JupyterLab(tmp_path_factory.mktemp("lab"), SAVES_STATE) as server:
        yield server


@pytest.fixture(scope="module")
def pages(browser: Browser) -> Iterator[OfflinePages]:
    with OfflinePages(browser) as pages:
        yield pages


@pytest.fixture(scope="module")
def saved(lab: JupyterLab, pages: OfflinePages) -> str:
    """A notebook of ten figures, run and saved in JupyterLab; its kernel is gone."""
    lab.write("ten.ipynb", *TEN)
    page = pages.open(lab.url("ten.ipynb"), width=1200, height=900).page
    command(page, "notebook:run-all-cells")
    expect(page.locator(READY)).to_have_count(10, timeout=120_000)
    save(page)
    page.context.close()
    lab.end_kernels()
    return "ten.ipynb"


def save(page: Page) -> None:
    """Save the open notebook, and wait until it is."""
    wait_until_ready(page)
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")


def models(path: Path) -> dict[str, Any]:
    """The widgets' models that a notebook holds."""
    metadata = nbformat.read(path, as_version=4).metadata
    return dict(metadata["widgets"][STATE]["state"])


def bundles(path: Path) -> list[str]:
    """The sources among them."""
    states = [model["state"] for model in models(path).values()]
    return [state["source"] for state in states if "source" in state]


def trust(path: Path) -> None:
    """Sign a notebook, as the reader's own JupyterLab does when it saves one."""
    notebook = nbformat.read(path, as_version=4)
    NotebookNotary().sign(notebook)
    assert NotebookNotary().check_signature(notebook)  # a store that is locked is only logged


def assert_alive(opened: Opened, count: int) -> None:
    """Figures are drawn, and a control of the first heatmap recolours it."""
    page = opened.page
    page.locator(READY).first.wait_for(timeout=60_000)
    for cell in page.locator(".jp-Notebook .jp-CodeCell").all():
        cell.scroll_into_view_if_needed()  # those out of sight are drawn when JupyterLab has time
    expect(page.locator(READY)).to_have_count(count, timeout=60_000)
    first = page.locator(f"{READY}[data-tokenviz-kind=heatmap]").first
    first.scroll_into_view_if_needed()
    figure = Figure(first)
    figure.open_controls()
    for high in (0.5, 2):
        figure.type("vmax-number", high)
        value = reference("attribution")["values"][0][2]
        wanted = expected_color(value, "RdYlGn", -high, high, 0)
        assert figure.colors([(0, 2)]) == {(0, 2): wanted}
    assert opened.outside == []


def test_ten_figures_saved_by_jupyterlab_are_small_and_live_without_their_kernel(
    lab: JupyterLab, saved: str, pages: OfflinePages
) -> None:
    path = lab.root / saved
    assert path.stat().st_size < LIMIT
    assert bundles(path) == [static("widget.js")]
    opened = pages.open(lab.url(saved), width=1200, height=900)
    assert_alive(opened, 10)
    # Nor do they miss the kernel that was begun for the notebook.
    lab.end_kernels()
    assert_alive(opened, 10)
    opened.page.context.close()


def test_ten_figures_saved_by_nbconvert_are_small_and_live(
    lab: JupyterLab, pages: OfflinePages
) -> None:
    lab.write("executed.ipynb", *TEN)
    path = lab.root / "executed.ipynb"
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to=notebook", "--execute", "--inplace", str(path)],
        env={**os.environ, "TOKENVIZ_DISPLAY": "both"},
        check=True,
        capture_output=True,
    )
    assert path.stat().st_size < LIMIT
    assert bundles(path) == [static("widget.js")]
    trust(path)
    opened = pages.open(lab.url("executed.ipynb"), width=1200, height=900)
    assert_alive(opened, 10)
    opened.page.context.close()
    lab.end_kernels()


def test_figures_of_an_older_version_stand_in_one_notebook_with_new_ones(
    lab: JupyterLab, saved: str, pages: OfflinePages
) -> None:
    path = lab.root / "mixed.ipynb"
    notebook = nbformat.read(lab.root / saved, as_version=4)
    figures = [m["state"] for m in notebook.metadata["widgets"][STATE]["state"].values()]
    figures = [state for state in figures if "_kind" in state]
    assert len(figures) == 10
    for state in figures[:5]:  # as they were saved when each held the renderer
        state["_esm"] = OLDER.read_text(encoding="utf-8")
        state["_renderer"] = static("widget.js") + "\n// of another version"
        state["_css"] = static("tokenviz.css")
    nbformat.write(notebook, path)
    trust(path)
    opened = pages.open(lab.url("mixed.ipynb"), width=1200, height=900)
    assert_alive(opened, 10)
    count = "() => globalThis[Symbol.for('tokenviz.renderers')].size"
    assert opened.page.evaluate(count) == 2
    opened.page.context.close()
    lab.end_kernels()


def test_a_notebook_whose_bundle_was_lost_says_so(
    lab: JupyterLab, saved: str, pages: OfflinePages
) -> None:
    path = lab.root / "lost.ipynb"
    notebook = nbformat.read(lab.root / saved, as_version=4)
    state = notebook.metadata["widgets"][STATE]["state"]
    for name in [name for name, model in state.items() if "source" in model["state"]]:
        del state[name]
    nbformat.write(notebook, path)
    trust(path)
    page = pages.open(lab.url("lost.ipynb"), width=1200, height=900).page
    note = page.get_by_text("neither saved here nor sent by a kernel")
    expect(note).to_have_count(10, timeout=60_000)
    # Run again, they are there.
    command(page, "notebook:run-all-cells")
    expect(page.locator(READY)).to_have_count(10, timeout=120_000)
    expect(note).to_have_count(0)
    page.context.close()
    lab.end_kernels()


def test_restarts_closings_and_boxes(lab: JupyterLab, pages: OfflinePages) -> None:
    box = f"ipywidgets.Tab([ipywidgets.HBox([tv.examples.trace().show()]), {FIGURE}])"
    lab.write("restarted.ipynb", IMPORTS, FIGURE, box)
    path = lab.root / "restarted.ipynb"
    opened = pages.open(lab.url("restarted.ipynb"), width=1200, height=900)
    page = opened.page
    command(page, "notebook:run-all-cells")
    expect(page.locator(READY)).to_have_count(2, timeout=120_000)
    wait_until_ready(page)
    # The kernel restarts: what stands is alive; what is run again shares the same bundle.
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    wait_until_ready(page)
    assert_alive(opened, 2)
    command(page, "notebook:run-all-cells")
    page.wait_for_function("() => !document.body.innerText.includes('[*]')")
    assert_alive(opened, 2)
    save(page)
    assert bundles(path) == [static("widget.js")]
    # Somebody closes all widgets.
    with lab.kernel() as kernel:
        execute(kernel, "ipywidgets.Widget.close_all()")
    expect(page.locator(READY)).to_have_count(0)
    command(page, "notebook:run-all-cells")
    assert_alive(opened, 2)
    # Views of one figure share it, also when the page is loaded again.
    save(page)
    page.reload()
    assert_alive(opened, 2)
    # Without outputs, what stays in the notebook is the renderer once.
    command(page, "notebook:clear-all-cell-outputs")
    expect(page.locator(READY)).to_have_count(0)
    save(page)
    assert path.stat().st_size < LIMIT
    assert len(json.dumps(bundles(path))) < 250_000
    page.context.close()
    lab.end_kernels()
