"""Fingers, and pages that are enlarged until a figure has the width of a hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import tokenviz as tv
from tests.chromium import OfflinePages
from tests.figure import Figure


@pytest.fixture
def phone(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 412, "height": 800}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(tv.examples.attribution().save(tmp_path / "a.html").as_uri())
    yield page
    context.close()


def tap(figure: Figure, cell: tuple[int, int]) -> None:
    x, y, width, height = figure.rect(cell)
    figure.locator.page.touchscreen.tap(x + width / 2, y + height / 2)


def test_a_tap_shows_and_selects_and_a_second_one_hides(phone: Page) -> None:
    figure = Figure(phone.locator(".tokenviz"))
    tooltip = phone.locator(".tokenviz-tooltip")
    tap(figure, (7, 0))
    expect(tooltip).to_be_visible()
    expect(tooltip).to_contain_text("1.3714")
    identity = "[role=gridcell][aria-selected=true]"
    expect(figure.locator.locator(identity)).to_contain_text("1.3714")
    tap(figure, (0, 1))
    expect(tooltip).to_contain_text("0.258")
    tap(figure, (0, 1))
    expect(tooltip).to_be_hidden()


def test_what_is_pressed_is_large_enough_for_a_finger(phone: Page) -> None:
    figure = Figure(phone.locator(".tokenviz"))
    figure.control("toggle").tap()
    figure.control("colormap").tap()
    pressed = phone.locator(".tokenviz :is(button, input:not([type=checkbox]), [role=option])")
    boxes = [box for e in pressed.all() if e.is_visible() and (box := e.bounding_box())]
    assert len(boxes) > 15
    assert min(box["height"] for box in boxes) >= 40


@pytest.mark.parametrize("name", ["attribution", "trace"])
@pytest.mark.parametrize("zoom", [2, 4])
def test_an_enlarged_page_scrolls_in_one_direction_and_loses_nothing(
    name: str, zoom: int, offline: OfflinePages, tmp_path: Path
) -> None:
    path = getattr(tv.examples, name)().show(title="A title").save(tmp_path / "p.html")
    page = offline.open(
        path, width=1280 // zoom, height=1024 // zoom, device_scale_factor=zoom
    ).page
    figure = Figure(page.locator(".tokenviz"))
    figure.open_controls()
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    parts = page.locator(".tokenviz-panel :is(button, input), .tokenviz-toolbar button").all()
    boxes = [box for part in parts if part.is_visible() and (box := part.bounding_box())]
    assert len(boxes) > 12
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
    assert min(box["height"] for box in boxes) >= 13  # a native checkbox; its label is 24
    # The keys reach every cell, and what they reach is brought into view.
    figure.viewport.focus()
    page.keyboard.press("Control+End")
    last = (12, 4) if name == "attribution" else (96, 0)
    x, _, cell_width, _ = figure.rect(last)
    assert x >= 0 and x + cell_width <= width
    tooltip = page.locator(".tokenviz-tooltip").bounding_box()
    assert tooltip is not None
    assert tooltip["x"] >= 0 and tooltip["x"] + tooltip["width"] <= width
