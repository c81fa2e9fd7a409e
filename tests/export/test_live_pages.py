"""Notebooks that stream, executed by nbconvert: pages show what there was, whole or not."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

from tests.chromium import OfflinePages
from tests.export.test_notebook_pages import convert, nbconvert

BEGIN = """
import threading, time
import tokenviz as tv
lm = tv.load_model()
waited = lm.generate("What is 43 x 34?", max_new_tokens=60, stream=True)
waited
"""
HOLD = """
held = threading.Event()
unfinished = lm.generate("What is 43 x 34?", max_new_tokens=60, stream=True,
                         on_token=lambda step: step.position < 20 or held.wait(60))
unfinished
"""
UNTIL_HELD = """
while len(unfinished.source) < 21:
    time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """One text that was waited for, and one that stood in its middle when the notebook ended."""
    folder = tmp_path_factory.mktemp("live")
    notebook = new_notebook(
        cells=[new_code_cell(c) for c in (BEGIN, "trace = waited.wait()", HOLD, UNTIL_HELD)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, folder / "source.ipynb")
    nbconvert(folder / "source.ipynb", "--to=notebook", "--execute", "--output=ran.ipynb")
    return nbformat.read(Path(folder / "ran.ipynb"), as_version=4)


def lengths(page: Page, figures: int) -> list[int]:
    """How many tokens each figure of the page shows."""
    shown = page.locator('.tokenviz[data-tokenviz-ready="true"]')
    expect(shown).to_have_count(figures)
    counts: list[int] = shown.evaluate_all(
        "figures => figures.map(e => e.tokenvizFigure.state.data.index.length)"
    )
    return counts


def test_an_executed_notebook_keeps_what_there_is(
    executed: NotebookNode, offline: OfflinePages, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(convert(executed), encoding="utf-8")
    opened = offline.open(path)
    assert lengths(opened.page, 2) == [60, 21]
    whole, unfinished = opened.page.locator(".tokenviz").all()
    expect(whole.locator(".tokenviz-note-line")).to_be_hidden()
    expect(whole.locator(".tokenviz-caption")).to_contain_text("tokens/s")
    expect(unfinished.locator(".tokenviz-note-line")).to_have_text(
        "Saved while it was being written, after 21 tokens."
    )
    for figure in (whole, unfinished):
        expect(figure.locator('[data-tokenviz-control="stop"]')).to_be_hidden()
    unfinished.locator(".tokenviz-viewport").focus()
    opened.page.keyboard.press("Control+End")
    expect(unfinished.locator(".tokenviz-tooltip")).to_contain_text("21 of 21")
    opened.assert_quiet()


def test_without_widget_state_the_table_beside_it_is_the_whole(
    executed: NotebookNode, offline: OfflinePages, tmp_path: Path
) -> None:
    """It was displayed before the first token, and is shown anew after the last."""
    bare = NotebookNode(executed)
    bare.cells = executed.cells[:2]
    bare.metadata = NotebookNode({k: v for k, v in executed.metadata.items() if k != "widgets"})
    path = tmp_path / "page.html"
    path.write_text(convert(bare), encoding="utf-8")
    opened = offline.open(path)
    assert lengths(opened.page, 1) == [60]
    opened.assert_quiet()
