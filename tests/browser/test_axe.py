"""axe-core finds nothing wrong with a figure, whatever is open in it, in light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.chromium import OfflinePages
from tests.figure import Figure
from tokenviz.export.html import fragment


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    tv.examples.attribution().show(title="Multiplication").save(folder / "attribution.html")
    tv.examples.trace().show(title="A path").save(folder / "trace.html")
    tv.examples.trace().show(title="A text", layout="flow", channel="entropy").save(
        folder / "flow.html"
    )
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["attribution", "trace", "flow"])
def test_every_state_of_a_figure(
    name: str, scheme: Any, offline: OfflinePages, saved: Path
) -> None:
    opened = offline.open(saved / f"{name}.html", color_scheme=scheme)
    page = opened.page
    figure = Figure(page.locator(".tokenviz"))
    expect(figure.viewport).not_to_have_attribute("aria-busy", "true")
    assert_accessible(page)

    figure.viewport.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tokenviz-tooltip")).to_be_visible()
    assert_accessible(page)

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    if name == "flow":
        page.keyboard.press("Enter")  # opens the alternatives
        assert_accessible(page)

    if name != "attribution":
        page.keyboard.press("/")
        page.keyboard.type("multiply")
        expect(page.get_by_role("search")).to_be_visible()
        assert_accessible(page)

    figure.open_controls()
    for fold in figure.panel.locator("summary").all():
        fold.click()
    assert_accessible(page)
    figure.control("show_values").uncheck()
    figure.control("reverse").click()
    assert_accessible(page)
    figure.control("colormap").click()
    expect(page.get_by_role("listbox", name="Colormap")).to_be_visible()
    assert_accessible(page)
    opened.assert_quiet()


def test_a_figure_that_scrolls_and_one_with_nothing_in_it(
    offline: OfflinePages, tmp_path: Path
) -> None:
    tokens = [f"t{i}" for i in range(300)]
    values = np.linspace(-2, 2, 300 * 4).reshape(300, 4)
    values[5] = np.nan
    words = [f"w{i}" for i in range(3000)]
    sources: list[tv.Attribution | tv.Trace] = [
        tv.Attribution(values, tokens, list("abcd")),
        tv.Attribution([], [], []),
        tv.Attribution(np.sin(np.arange(200 * 300)).reshape(200, 300), words[:200], words[:300]),
        tv.Trace(words, np.linspace(-5, 0, 3000)),
        tv.Trace([], []),
    ]
    for number, source in enumerate(sources):
        path = source.save(tmp_path / f"{number}.html")
        page = offline.open(path).page
        figure = Figure(page.locator(".tokenviz"))
        expect(figure.viewport).not_to_have_attribute("aria-busy", "true")
        # Where there is nothing to colour, the bar is too low for its two ends.
        assert_accessible(page, sizes=len(source.tokens) > 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["attribution", "trace"])
def test_the_table_that_is_read_where_no_script_runs(
    name: str, scheme: Any, offline: OfflinePages, tmp_path: Path
) -> None:
    figure = fragment(getattr(tv.examples, name)().show(title="A title"), with_script=False)
    path = tmp_path / "table.html"
    path.write_text(
        '<!DOCTYPE html><html lang="en" style="color-scheme:light dark;background:Canvas;'
        f'color:CanvasText"><head><meta charset="utf-8"><title>t</title></head>{figure}</html>',
        encoding="utf-8",
    )
    page = offline.open(path, color_scheme=scheme).page
    expect(page.get_by_role("table")).to_be_visible()
    assert_accessible(page, ".tokenviz-static", sizes=False)
