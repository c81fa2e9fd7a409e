"""A trace of 100,000 positions: found one's way in, by mouse and by keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

import tokenviz as tv
from tests.chromium import OfflinePages, Opened
from tests.figure import Figure

N = 100_000
WORDS = [" the", " cat", " sat", " on", " a", " mat", ".", "\n", " Over", "flow", " and", " so"]
NEEDLES = [1_234, 50_000, 99_990]
SURPRISES = [77, 1_234, 60_000]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    index = rng.integers(0, len(WORDS), N)
    vocabulary = [*WORDS, " nee", "dle"]
    for position in NEEDLES:
        index[position : position + 2] = len(WORDS), len(WORDS) + 1
    logprobs = np.log(rng.uniform(0.6, 1, N))
    logprobs[SURPRISES] = np.log(0.01)
    alternatives = (index[:, None] + np.arange(1, 6)) % len(vocabulary)
    trace = tv.Trace.from_columns(
        vocabulary,
        index,
        logprobs,
        np.arange(N + 1) * 5,
        alternatives.ravel(),
        np.tile(np.log([0.2, 0.1, 0.05, 0.02, 0.01]), N),
    )
    return trace.show().save(tmp_path_factory.mktemp("long") / "trace.html")


def open_figure(offline: OfflinePages, path: Path, **options: Any) -> tuple[Opened, Figure]:
    opened = offline.open(path, **options)
    return opened, Figure(opened.page.locator(".tokenviz"))


def in_view(figure: Figure, position: int) -> bool:
    x, y, width, height = figure.rect((position, 0))
    box = figure.viewport.bounding_box()
    assert box is not None
    across = box["x"] <= x and x + width <= box["x"] + box["width"]
    return across and box["y"] <= y and y + height <= box["y"] + box["height"]


def marked(figure: Figure, position: int) -> bool:
    """Whether the edge of a cell is painted in the colour of a match."""
    x, y, width, _ = figure.rect((position, 0))
    box = figure.viewport.bounding_box()
    assert box is not None
    at = round(x - box["x"] + width / 2), round(y - box["y"]) - 1
    return figure.picture().getpixel(at) == (0xD9, 0x48, 0x0F)


def nodes(opened: Opened) -> int:
    """How many elements there are, but for those around the cursor that screen readers read."""
    count = "document.querySelectorAll(':not(.tokenviz-mirror *)').length"
    return int(opened.page.evaluate(count))


def value(slider: Locator) -> int:
    return int(slider.get_attribute("aria-valuenow") or "")


def test_text_is_found_by_keyboard(offline: OfflinePages, page_file: Path) -> None:
    opened, figure = open_figure(offline, page_file)
    keyboard = opened.page.keyboard
    figure.viewport.focus()
    keyboard.press("Control+f")
    expect(figure.control("search-text")).to_be_focused()
    keyboard.type(" NEEDLE")
    expect(figure.control("search-count")).to_have_text("not found")
    figure.control("search-text").fill("needle")  # over the ends of two tokens
    expect(figure.control("search-count")).to_have_text("1 of 3")
    figure.settle()
    assert in_view(figure, NEEDLES[0])
    assert marked(figure, NEEDLES[0])
    assert marked(figure, NEEDLES[0] + 1)
    assert not marked(figure, NEEDLES[0] + 2)
    keyboard.press("Enter")
    expect(figure.control("search-count")).to_have_text("2 of 3")
    figure.settle()
    assert in_view(figure, NEEDLES[1])
    keyboard.press("Escape")
    expect(figure.control("search-text")).to_be_hidden()
    expect(figure.viewport).to_be_focused()
    live = figure.locator.locator(".tokenviz-live")
    expect(live).to_contain_text(f"position {NEEDLES[1] + 1}")
    for key, position in [("F3", NEEDLES[2]), ("n", NEEDLES[0]), ("N", NEEDLES[2])]:
        keyboard.press(key)
        expect(live).to_contain_text(f"position {position + 1}")
        figure.settle()
        assert in_view(figure, position)
    opened.assert_quiet()


def test_text_is_found_by_mouse(offline: OfflinePages, page_file: Path) -> None:
    opened, figure = open_figure(offline, page_file)
    figure.control("search").click()
    opened.page.keyboard.type("needle")
    figure.control("search-previous").click()
    expect(figure.control("search-count")).to_have_text("3 of 3")
    figure.settle()
    assert in_view(figure, NEEDLES[2])
    figure.control("search-next").click()
    expect(figure.control("search-count")).to_have_text("1 of 3")
    figure.control("search-close").click()
    expect(figure.control("search-text")).to_be_hidden()
    opened.assert_quiet()


def test_positions_are_gone_to(offline: OfflinePages, page_file: Path) -> None:
    opened, figure = open_figure(offline, page_file)
    figure.viewport.focus()
    opened.page.keyboard.press("g")
    expect(figure.control("goto")).to_be_focused()
    opened.page.keyboard.type("54321")
    figure.settle()
    assert in_view(figure, 54_320)
    assert marked(figure, 54_320)
    opened.page.keyboard.press("Escape")
    opened.page.keyboard.press("ArrowRight")
    expect(figure.locator.locator(".tokenviz-live")).to_contain_text("position 54322")
    opened.assert_quiet()


def test_improbable_tokens_are_walked(offline: OfflinePages, page_file: Path) -> None:
    opened, figure = open_figure(offline, page_file)
    live = figure.locator.locator(".tokenviz-live")
    figure.viewport.focus()
    first, second, third = SURPRISES
    for key, position in [("u", first), ("u", second), ("u", third), ("u", first), ("U", third)]:
        opened.page.keyboard.press(key)
        expect(live).to_contain_text(f"position {position + 1}")
        figure.settle()
        assert in_view(figure, position)
    figure.control("search").click()
    expect(figure.control("under-count")).to_have_text("3")
    figure.control("under-next").click()
    expect(figure.control("under-count")).to_have_text("1 of 3")
    figure.settle()
    assert in_view(figure, first)
    figure.control("under").fill("0.001")
    expect(figure.control("under-count")).to_have_text("0")
    expect(figure.control("under-next")).to_be_disabled()
    opened.assert_quiet()


def test_the_overview_goes_where_it_is_asked(offline: OfflinePages, page_file: Path) -> None:
    opened, figure = open_figure(offline, page_file)
    overview = figure.control("overview")
    box = overview.bounding_box()
    assert box is not None
    mouse, keyboard = opened.page.mouse, opened.page.keyboard
    mouse.click(box["x"] + 10, box["y"] + box["height"] / 2)
    figure.settle()
    assert in_view(figure, N // 2) or in_view(figure, N // 2 + 40)
    expect(overview).to_have_attribute("aria-valuetext", f"positions {value_text(figure)}")
    mouse.move(box["x"] + 10, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(box["x"] + 10, box["y"] + box["height"] + 50)
    mouse.up()
    figure.settle()
    assert in_view(figure, N - 1)
    expect(overview).to_be_focused()
    keyboard.press("Home")
    figure.settle()
    assert value(overview) == 0
    keyboard.press("ArrowDown")
    keyboard.press("PageDown")
    figure.settle()
    assert 500 < value(overview) < 1000
    keyboard.press("End")
    figure.settle()
    assert in_view(figure, N - 1)
    opened.assert_quiet()


def value_text(figure: Figure) -> str:
    """The positions that are seen, asked of the cells themselves."""
    box = figure.viewport.bounding_box()
    assert box is not None
    rows = [
        first
        for first in range(0, N, 20)
        if abs(first - N // 2) < 2000
        and (rect := figure.rect((first, 0)))[1] + 200 > box["y"]
        and rect[1] < box["y"] + box["height"] + 200
    ]
    seen = [
        first
        for first in rows
        # A row reaches from its numbers, above its cells, to the next row's.
        if figure.rect((first + 20, 0))[1] - 21 > box["y"]
        and figure.rect((first, 0))[1] - 21 <= box["y"] + box["height"]
    ]
    return f"{seen[0] + 1:,} to {seen[-1] + 20:,} of {N:,}"


def test_scrolling_makes_no_elements(offline: OfflinePages, page_file: Path) -> None:
    opened, figure = open_figure(offline, page_file)
    before = nodes(opened)
    for i in range(1, 31):
        figure.viewport.evaluate("(e, top) => e.scrollTo(0, top)", 9_000 * i)
        figure.settle()
    assert nodes(opened) == before
    assert figure.locator.locator(".tokenviz-viewport canvas").count() == 1
    figure.viewport.hover()
    opened.page.mouse.wheel(0, 20_000)
    expect(figure.control("overview")).not_to_have_attribute("aria-valuenow", str(9_000 * 30))
    opened.assert_quiet()


def test_a_content_taller_than_an_element_can_be_is_reached_to_its_end(
    offline: OfflinePages, page_file: Path
) -> None:
    opened, figure = open_figure(offline, page_file)
    figure.open_controls()
    figure.type("row_length", 1)
    figure.viewport.focus()
    opened.page.keyboard.press("ArrowDown")
    for key, position in [("Control+End", N - 1), ("Control+Home", 0)]:
        opened.page.keyboard.press(key)
        figure.settle()
        assert in_view(figure, position)
    opened.page.keyboard.press("g")
    opened.page.keyboard.type("70000")
    figure.settle()
    assert in_view(figure, 69_999)
    assert figure.viewport.evaluate("e => e.scrollHeight") <= 10_000_000
    opened.assert_quiet()
