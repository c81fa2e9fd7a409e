"""An explorer whose kernel is busy, is killed, is another one, or was never there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version
from playwright.sync_api import Browser, Page, expect

import tokenviz as tv
from tests.browser.exploring import (
    EXPLORERS,
    PROMPT,
    Exploring,
    Reference,
    Way,
    assert_painted,
    by_mouse_and_keys,
    go_to,
)
from tests.browser.test_killed_kernels import cell, kill, run, start
from tests.browser.test_saved_notebooks import SAVES_STATE, save
from tests.chromium import OfflinePages, Opened
from tests.jupyterlab import JupyterLab, wait_until_ready
from tokenviz.model.language_model import LanguageModel

LONG = 60_000
START, EXPLORER, BUSY = range(3)

CELLS = [
    "import os, pathlib, time, tokenviz as tv\n"
    "lm = tv.load_model()\n"
    "pathlib.Path('pid').write_text(str(os.getpid()))",
    f"explorer = lm.explore({PROMPT!r}, max_new_tokens=24)\n"
    "explorer.min_probability = 0\n"
    "explorer.wait()\n"
    "_ = explorer.why(2)\n"
    "_ = explorer.tree.save('tree.npz')\n"
    "# From here on it writes slowly, and without end.\n"
    "slowly = dict(max_new_tokens=400, on_token=lambda step: time.sleep(0.05))\n"
    "explorer = tv.Explorer(lm, explorer.tree, options=slowly, min_probability=0)\n"
    "explorer",
    "time.sleep(8)",
]


@pytest.fixture(scope="module")
def lm() -> LanguageModel:
    return tv.load_model()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with JupyterLab(tmp_path_factory.mktemp("lab"), SAVES_STATE) as server:
        server.write("gone.ipynb", *CELLS)
        yield server


@pytest.fixture(scope="module")
def opened(lab: JupyterLab, browser: Browser) -> Iterator[Opened]:
    with OfflinePages(browser) as pages:
        opened = pages.open(lab.url("gone.ipynb"), width=1400, height=1200)
        start(opened.page)
        yield opened


def show(page: Page) -> Exploring:
    """Run the explorer's cell."""
    run(page, EXPLORER)
    expect(cell(page, EXPLORER).locator(".jp-InputPrompt")).to_have_text(
        re.compile(r"\[\d+\]:"), timeout=LONG
    )
    return shown(page)


def shown(page: Page) -> Exploring:
    found = cell(page, EXPLORER).locator(EXPLORERS)
    expect(found).to_have_count(1, timeout=LONG)
    return Exploring(found)


def reference(lab: JupyterLab, lm: LanguageModel) -> Reference:
    tree = tv.load(lab.root / "tree.npz")
    assert isinstance(tree, tv.TraceTree)
    return Reference(lm, tree)


def test_while_a_cell_runs(lab: JupyterLab, opened: Opened, lm: LanguageModel) -> None:
    page = opened.page
    explorer = show(page)
    known = reference(lab, lm)
    run(page, BUSY)
    prompt = cell(page, BUSY).locator(".jp-InputPrompt")
    expect(prompt).to_have_text("[*]:")
    # What is known does not need the kernel.
    explorer.click(2)
    assert_painted(explorer, known.why(2))
    explorer.click(3)
    if Version(version("ipykernel")) < Version("7"):  # no subshells: it hears after the cell
        expect(explorer.line).to_contain_text("waits for the kernel", timeout=10_000)
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=LONG)
        assert_painted(explorer, known.why(3))
    else:
        assert_painted(explorer, known.why(3))
        expect(prompt).to_have_text("[*]:")
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=LONG)
    opened.assert_quiet()


@by_mouse_and_keys
def test_killed_while_a_branch_is_written(
    way: Way, lab: JupyterLab, opened: Opened, lm: LanguageModel
) -> None:
    page = opened.page
    explorer = show(page)
    known = reference(lab, lm)
    if way == "mouse":
        explorer.click(1, 2)
        explorer.settle()
        explorer.control("go").click()
    else:
        explorer.choose(1, 2)
        explorer.settle()
        explorer.press("Enter")
    explorer.wait_for("e.tree.branches.length === 2 && e.tree.branches[1].run.index.length > 8")
    kill(page, lab)
    note = explorer.figure.locator(".tokenviz-note-line")
    expect(note).to_contain_text("Python has not been heard of for a while.", timeout=LONG)
    expect(explorer.control("stop")).to_be_hidden()
    # What came is there, and it is what the model writes.
    other = known.in_slot(0, 1, 2)
    written = explorer.text[explorer.given + 2 :]
    assert len(written) > 6
    expected = lm.generate([*known.ids(0, 1), other], max_new_tokens=len(written))
    assert written == [token.label for token in expected.tokens]
    # What is known is shown, on this branch and on the other.
    go_to(explorer, way, 0)
    if way == "mouse":
        explorer.click(2)
    else:
        explorer.choose(2)
    assert_painted(explorer, known.why(2))
    # What is not known cannot be asked, and the figure says why.
    if way == "mouse":
        explorer.click(9)
    else:
        explorer.choose(9)
    expect(explorer.line).to_contain_text(
        re.compile("no kernel is there to ask|Python has not been heard of"), timeout=LONG
    )
    go_to(explorer, way, 1)
    go_to(explorer, way, 0)
    assert explorer.branch_count == 2
    # With the new kernel the cell shows one that answers.
    start(page)
    explorer = show(page)
    explorer.click(3)
    assert_painted(explorer, known.why(3))


def test_restarted_it_shows_what_it_knew(
    lab: JupyterLab, opened: Opened, lm: LanguageModel
) -> None:
    page = opened.page
    explorer = show(page)
    wait_until_ready(page)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    wait_until_ready(page)
    explorer.click(2)
    assert_painted(explorer, reference(lab, lm).why(2))
    explorer.click(9)
    expect(explorer.line).to_contain_text(
        re.compile("no kernel is there to ask|Python has not been heard of"), timeout=LONG
    )
    explorer.choose(2, 1)
    explorer.press("b")
    expect(explorer.line).to_contain_text("Going on", timeout=LONG)
    assert explorer.branch_count == 1
    start(page)


@pytest.fixture(scope="module")
def saved(lab: JupyterLab, opened: Opened) -> Path:
    """The notebook as JupyterLab saves it, after a branch was written and a question answered."""
    page = opened.page
    start(page)
    explorer = show(page)
    explorer.click(3)
    explorer.settle()
    explorer.choose(1, 2)
    explorer.settle()
    explorer.press("Enter")
    explorer.wait_for("e.tree.branches.length === 2 && e.tree.branches[1].run.index.length > 8")
    explorer.control("stop").click()
    explorer.wait_until_written()
    save(page)
    page.context.close()
    lab.end_kernels()
    return lab.root / "gone.ipynb"


def walk_through(explorer: Exploring, known: Reference) -> None:
    """What was found is there: two branches, two answers."""
    assert explorer.branch_count == 2
    for branch in (1, 0):
        go_to(explorer, "keys", branch)
        assert explorer.view["current"] == branch
    explorer.click(2)
    assert_painted(explorer, known.why(2))
    explorer.choose(3)
    assert_painted(explorer, known.why(3))
    explorer.click(9)


def test_a_saved_notebook_is_walked_through_without_its_kernel(
    saved: Path, lab: JupyterLab, offline: OfflinePages, lm: LanguageModel
) -> None:
    opened = offline.open(lab.url(saved.name), width=1400, height=1200)
    wait_until_ready(opened.page)
    cell(opened.page, EXPLORER).scroll_into_view_if_needed()
    explorer = shown(opened.page)
    walk_through(explorer, reference(lab, lm))
    expect(explorer.line).to_contain_text("If it was restarted, run the cell again", timeout=LONG)
    lab.end_kernels()
    assert opened.outside == []


def test_converted_by_nbconvert_it_is_a_page(
    saved: Path, lab: JupyterLab, offline: OfflinePages, lm: LanguageModel
) -> None:
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to=tokenviz_html", str(saved)],
        env=os.environ, check=True, capture_output=True,
    )  # fmt: skip
    opened = offline.open(saved.with_suffix(".html"))
    explorer = Exploring(opened.page.locator(EXPLORERS))
    walk_through(explorer, reference(lab, lm))
    expect(explorer.line).to_contain_text("was not computed before the page was saved")
    opened.assert_quiet()
