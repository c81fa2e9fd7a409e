"""Kernels that are killed while they work for a figure, in a real JupyterLab."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import tokenviz as tv
from tests.browser.test_live import (
    SETUP,
    length,
    stop_button,
    wait_for_tokens,
    wait_until_written,
)
from tests.chromium import OfflinePages, Opened
from tests.figure import Figure
from tests.jupyterlab import FIGURES, RUN_TIME, JupyterLab, wait_until_ready

PATIENCE = 60_000
START, TILES, STREAM, SAVES = range(4)
SAVED = ("html", "npz", "pdf", "png")

CELLS = [
    SETUP + "import os, pathlib, numpy as np, tokenviz as tv\n"
    "pathlib.Path('pid').write_text(str(os.getpid()))",
    "values = np.zeros((20_000, 20_000), np.float16)\n"
    "values[:700, :700] = np.add.outer(np.arange(700), -np.arange(700)) / 700\n"
    "large = tv.LargeAttribution(values)\n"
    "def slow(*place, tile=large.pyramid.tile):\n"
    "    while not pathlib.Path('go').exists(): time.sleep(0.05)\n"
    "    return tile(*place)\n"
    "large.pyramid.tile = slow\n"
    "large.show(show_values=True)",
    "live = lm.generate(prompt, **slowly)\nlive",
    "figure = tv.examples.trace().show()\n"
    "display(figure)\n"
    f"def save():\n    for suffix in {SAVED}: figure.save(f'saved/figure.{{suffix}}')\n"
    "save()\n"
    "pathlib.Path('done').touch()\n"
    "while pathlib.Path('again').exists(): save()",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with JupyterLab(tmp_path_factory.mktemp("lab")) as server:
        server.write("killed.ipynb", *CELLS)
        (server.root / "saved").mkdir()
        yield server


@pytest.fixture(scope="module")
def opened(lab: JupyterLab, browser: Browser) -> Iterator[Opened]:
    with OfflinePages(browser) as pages:
        yield pages.open(lab.url("killed.ipynb"), width=1400, height=1100)


@pytest.fixture
def page(opened: Opened) -> Page:
    """The notebook, its first cell run on the kernel that there is now."""
    start(opened.page)
    return opened.page


def start(page: Page) -> None:
    """Run the first cell once the kernel is there."""
    wait_until_ready(page)
    prompt = cell(page, START).locator(".jp-InputPrompt")
    run(page, START)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=RUN_TIME)


def named(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.stem == "figure"]


def cell(page: Page, index: int) -> Locator:
    return page.locator(".jp-Notebook .jp-CodeCell").nth(index)


def run(page: Page, index: int) -> Locator:
    """Run a cell; gives its figures."""
    page.evaluate(
        "index => { const { commands, shell } = window.jupyterapp;"
        " shell.currentWidget.content.activeCellIndex = index;"
        " commands.execute('notebook:run-cell'); }",
        index,
    )
    return cell(page, index).locator(FIGURES)


def kill(page: Page, lab: JupyterLab) -> None:
    """Kill the kernel; JupyterLab starts another, and says so."""
    os.kill(int((lab.root / "pid").read_text()), signal.SIGKILL)
    page.get_by_role("button", name="Ok").click(timeout=PATIENCE)


def look_closely(figure: Figure) -> None:
    figure.viewport.focus()
    figure.locator.page.keyboard.press("Control+Home")
    for _ in range(26):
        figure.locator.page.keyboard.press("+")
    figure.settle()


def test_while_tiles_are_asked_for(page: Page, lab: JupyterLab) -> None:
    found = run(page, TILES)
    expect(found).to_have_count(1, timeout=PATIENCE)
    figure, status = Figure(found), found.locator(".tokenviz-tile-status")
    look_closely(figure)
    expect(status).to_contain_text("waiting for the kernel", timeout=PATIENCE)
    kill(page, lab)
    expect(status).to_contain_text("the kernel is gone: coarse picture", timeout=PATIENCE)
    page.keyboard.press("0")
    figure.settle()
    colors = figure.picture().getcolors(2**24)
    assert colors is not None and len(colors) > 5, "there is still something to see"
    look_closely(figure)
    expect(found.locator(".tokenviz-tooltip dd").first).to_contain_text("not here")
    expect(status).to_contain_text("the kernel is gone")

    start(page)
    (lab.root / "go").touch()
    again = run(page, TILES)
    expect(again.locator(".tokenviz-tile-status")).not_to_contain_text("gone", timeout=PATIENCE)
    look_closely(Figure(again))
    expect(again.locator(".tokenviz-tooltip dd").first).to_have_text("0", timeout=PATIENCE)


def test_while_a_text_is_written(page: Page, lab: JupyterLab) -> None:
    figure = run(page, STREAM)
    wait_for_tokens(figure, 10)
    kill(page, lab)
    note = figure.locator(".tokenviz-note-line")
    expect(note).to_contain_text("Python has not been heard of for a while.", timeout=PATIENCE)
    came = length(figure)
    expect(note).to_contain_text(f"{came} tokens came before.")
    expect(stop_button(figure)).to_be_hidden()
    figure.locator(".tokenviz-viewport").focus()
    page.keyboard.press("Control+End")
    expect(figure.locator(".tokenviz-tooltip")).to_contain_text(f"{came} of {came}")

    start(page)
    run(page, STREAM)
    expect(note).to_be_hidden(timeout=PATIENCE)
    wait_for_tokens(figure, 10)
    stop_button(figure).click()
    wait_until_written(figure)


def test_while_files_are_saved(page: Page, lab: JupyterLab) -> None:
    saved, again = lab.root / "saved", lab.root / "again"
    again.touch()
    found = run(page, SAVES)
    expect(found).to_have_count(1, timeout=PATIENCE)
    sizes: dict[str, int] = {}
    for round_ in range(2):
        while not (lab.root / "done").exists():
            page.wait_for_timeout(50)
        sizes = sizes or {path.name: path.stat().st_size for path in named(saved)}
        while len(list(saved.iterdir())) == len(SAVED):
            pass  # until a file is being written
        kill(page, lab)
        for path in named(saved):
            assert abs(path.stat().st_size - sizes[path.name]) < 64  # dates and ids differ
        assert len(list(saved.iterdir())) <= len(SAVED) + 1
        (lab.root / "done").unlink()
        Figure(found).open_controls()
        start(page)
        if round_ == 1:
            again.unlink()
        run(page, SAVES)
    while not (lab.root / "done").exists():
        page.wait_for_timeout(50)
    assert {path.name for path in saved.iterdir()} == sizes.keys()
    assert tv.load(saved / "figure.npz") == tv.examples.trace()
