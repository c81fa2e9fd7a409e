"""Figures in a real JupyterLab, in each of its themes: what axe-core finds, and what keys do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.axe import assert_accessible
from tests.chromium import OfflinePages, Opened
from tests.figure import Figure
from tests.jupyterlab import FIGURES, JupyterLab, command

SOURCE = """import tokenviz as tv
from IPython.display import display
display(tv.examples.attribution().show(show_controls=True, title="A title"))
display(tv.examples.trace().show())"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Opened]:
    with JupyterLab(tmp_path_factory.mktemp("lab")) as lab, OfflinePages(browser) as pages:
        lab.write("figures.ipynb", SOURCE)
        opened = pages.open(lab.url("figures.ipynb"), width=1500, height=1000)
        command(opened.page, "notebook:run-all-cells")
        expect(opened.page.locator(FIGURES)).to_have_count(2, timeout=60_000)
        yield opened


@pytest.mark.parametrize(
    ("name", "theme", "contrast"),
    [
        ("JupyterLab Dark", "dark", False),
        ("JupyterLab Dark High Contrast", "dark", True),
        ("JupyterLab Light", "light", False),
    ],
)
def test_every_theme(name: str, theme: str, contrast: bool, opened: Opened) -> None:
    page = opened.page
    page.evaluate(
        "theme => { window.jupyterapp.commands.execute('apputils:change-theme', { theme }); }", name
    )
    for locator in page.locator(FIGURES).all():
        expect(locator).to_have_attribute("data-tokenviz-theme", theme)
        figure = Figure(locator)
        wanted = expect(locator)
        (wanted.to_have_attribute if contrast else wanted.not_to_have_attribute)(
            "data-tokenviz-contrast", ""
        )
        figure.viewport.scroll_into_view_if_needed()
        expect(figure.viewport).not_to_have_attribute("aria-busy", "true")
    # The style sheet of a theme may come after its name.
    page.wait_for_function(
        "dark => { const e = document.body.appendChild(document.createElement('i'));"
        " e.style.color = 'var(--jp-layout-color0)';"
        " const [r] = getComputedStyle(e).color.match(/\\d+/g); e.remove();"
        " return dark === (Number(r) < 128); }",
        arg=theme == "dark",
    )
    assert_accessible(page, FIGURES)


def test_keys_stay_with_the_figure(opened: Opened) -> None:
    """The notebook has keys of its own: "a" inserts a cell, "0" twice restarts the kernel."""
    page = opened.page
    figure = Figure(page.locator(FIGURES).first)
    cells = page.locator(".jp-NotebookPanel .jp-Cell").count()
    figure.viewport.focus()
    for key in ("ArrowDown", "ArrowRight", "Enter", "a", "b", "?"):
        page.keyboard.press(key)
    dialog = figure.locator.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_focused()
    page.keyboard.press("Escape")
    expect(figure.viewport).to_be_focused()
    assert page.locator(".jp-NotebookPanel .jp-Cell").count() == cells
    assert Path(page.url.split("?")[0]).name == "figures.ipynb"
