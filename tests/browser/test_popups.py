"""What pops up stands beside its anchor, inside the window, and follows when the page moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tests.chromium import OfflinePages
from tests.figure import Figure
from tokenviz.export.html import fragment, page


@pytest.fixture(scope="module")
def long_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A figure that scrolls, in a box that scrolls, on a page that scrolls."""
    values = np.linspace(-1, 1, 400).reshape(100, 4)
    source = tv.Attribution(values, [f"t{i}" for i in range(100)], list("abcd"))
    figure = fragment(source.show(height=300), with_script=False)
    parts = [
        '<div style="height:260px"></div>',
        f'<div style="height:260px;overflow:auto">{figure}<div style="height:900px"></div></div>',
        '<div style="height:1500px"></div>',
    ]
    path = tmp_path_factory.mktemp("popups") / "page.html"
    path.write_text(page(["".join(parts)], "popups"), encoding="utf-8")
    return path


def box(locator: Any) -> dict[str, float]:
    found: dict[str, float] = locator.bounding_box()
    return found


def test_the_tooltip_follows_its_cell_and_hides_with_it(
    offline: OfflinePages, long_page: Path
) -> None:
    opened = offline.open(long_page, width=700, height=600)
    figure = Figure(opened.page.locator(".tokenviz"))
    tooltip = figure.locator.locator(".tokenviz-tooltip")
    figure.viewport.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown"):
        opened.page.keyboard.press(key)

    def gap() -> float:
        """From the tooltip to its cell, of the two sides the nearer."""
        _, top, _, height = figure.rect((2, 0))
        at = box(tooltip)
        return min(abs(top - at["y"] - at["height"]), abs(at["y"] - top - height))

    def scroll(script: str) -> None:
        opened.page.evaluate(script)
        opened.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def is_seen() -> bool:
        """Whether it is on the screen: the browser hides it without a word in its style."""
        with_it = opened.page.screenshot()
        tooltip.evaluate("e => { e.style.opacity = '0' }")
        without = opened.page.screenshot()
        tooltip.evaluate("e => { e.style.opacity = '' }")
        return with_it != without

    assert is_seen()
    assert gap() <= 9
    scroll("scrollTo(0, 40)")
    assert gap() <= 9
    inner = "document.querySelector('.tokenviz').closest('[style*=overflow]')"
    scroll(f"{inner}.scrollTop = 30")
    assert gap() <= 9
    scroll(f"{inner}.scrollTop = 200")
    assert not is_seen(), "its cell is cut off by the box"
    scroll(f"{inner}.scrollTop = 0")
    assert is_seen()
    scroll("scrollTo(0, 1400)")
    assert not is_seen(), "its cell is off the window"


@pytest.mark.parametrize("width", [340, 1000])
def test_menu_and_help_stay_inside_the_window(
    width: int, offline: OfflinePages, tmp_path: Path
) -> None:
    path = tv.examples.attribution().save(tmp_path / "p.html")
    opened = offline.open(path, width=width, height=420)
    figure = Figure(opened.page.locator(".tokenviz"))
    figure.open_controls()
    for control, popup in [("colormap", ".tokenviz-menu"), ("help", ".tokenviz-help")]:
        figure.control(control).click()
        at = box(figure.locator.locator(popup))
        assert at["x"] >= 4
        assert at["x"] + at["width"] <= width - 4 + 1
        assert at["y"] >= 4
        opened.page.keyboard.press("Escape")
    opened.assert_quiet()
