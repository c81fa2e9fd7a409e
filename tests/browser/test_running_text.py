"""A trace as running text: read, pointed at, opened and searched, by mouse and by keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.chromium import OfflinePages, Opened
from tests.figure import Figure, expected_color

TOKENS: list[Any] = [
    *["The", " cat", " sat", " on", " the", " mat", ".", "\n\n", "It", " pur", "red", ".\n"],
    *[tv.Token("<|end|>", special=True), "\n", "שלום", " ", "עולם", "\n", "\u0301", "a\tb"],
    *["=" * 300, " 👩\u200d👩\u200d👧", b"\xf0\x9f", b"\x98\x80", " end"],
]


def trace() -> tv.Trace:
    n = len(TOKENS)
    logprobs = np.log(np.linspace(0.3, 1, n))
    alternatives: list[Any] = [[] for _ in TOKENS]
    alternatives[1] = [(" dog", np.log(0.25)), (" fox", np.log(0.1)), (" hen", np.log(0.01))]
    alternatives[9] = [(" meow", np.log(0.3))]
    alternatives[12] = [("!", np.log(0.01))]
    return tv.Trace(TOKENS, logprobs, alternatives)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trace().show(layout="flow").save(tmp_path_factory.mktemp("flow") / "trace.html")


def open_figure(offline: OfflinePages, path: Path, **options: Any) -> tuple[Opened, Figure]:
    opened = offline.open(path, **options)
    return opened, Figure(opened.page.locator(".tokenviz"))


def middle(figure: Figure, position: int, slot: int = 0) -> tuple[float, float]:
    x, y, width, height = figure.rect((position, slot))
    return x + width / 2, y + height / 2


@pytest.mark.parametrize("width", [400, 1200])
def test_tokens_stand_in_lines_on_their_colours(
    offline: OfflinePages, saved: Path, width: int
) -> None:
    opened, figure = open_figure(offline, saved, width=width)
    rects = [figure.rect((i, 0)) for i in range(len(TOKENS))]
    # Lines break where the text does, and every token is inside of the viewport's width.
    assert rects[1][1] == rects[0][1] and rects[1][0] > rects[0][0]
    assert rects[8][1] > rects[7][1] >= rects[6][1]
    assert rects[8][0] == rects[0][0]
    box = figure.viewport.bounding_box()
    assert box is not None
    assert all(x >= box["x"] and x + w <= box["x"] + box["width"] for x, _, w, _ in rects)
    # Right to left: the second word stands left of the first.
    assert rects[14][1] == rects[16][1] and rects[16][0] < rects[14][0]
    for position in (0, 5, 8, 9):
        wanted = expected_color(np.linspace(0.3, 1, len(TOKENS))[position], "Greens", 0, 1)
        assert figure.colors([(position, 0)])[position, 0] == wanted
    opened.assert_quiet()


def test_alternatives_open_by_mouse(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved)
    mouse = opened.page.mouse
    tooltip = opened.page.locator(".tokenviz-tooltip")
    mouse.move(*middle(figure, 1))
    expect(tooltip).to_contain_text("0.2500  ␣dog")
    expect(tooltip).not_to_contain_text("hen")  # less probable than min_probability
    below = figure.rect((8, 0))[1]
    mouse.click(*middle(figure, 1))
    figure.settle()
    assert figure.rect((8, 0))[1] > below + 35
    assert figure.rect((2, 0))[1] == figure.rect((1, 0))[1]
    dog, fox = figure.rect((1, 1)), figure.rect((1, 2))
    assert dog[1] == fox[1] > figure.rect((1, 0))[1]
    assert figure.colors([(1, 1)])[1, 1] == expected_color(0.25, "Greens", 0, 1)
    expect(figure.viewport).not_to_have_attribute("aria-busy", "true")
    mouse.move(1, 1)  # the tooltip may lie over other targets
    expect(tooltip).to_be_hidden()
    assert_accessible(opened.page)
    mouse.move(*middle(figure, 1, 2))
    expect(tooltip).to_contain_text("␣fox")
    expect(tooltip).to_contain_text("2 of 2 shown")
    mouse.click(*middle(figure, 9))  # one at a time
    figure.settle()
    assert figure.rect((8, 0))[1] == below
    mouse.click(*middle(figure, 9))
    mouse.click(*middle(figure, 12))  # its only alternative is not probable enough
    figure.settle()
    assert figure.rect((14, 0))[1] > figure.rect((12, 0))[1] + 35
    opened.assert_quiet()


def test_alternatives_open_by_keyboard(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved)
    keyboard = opened.page.keyboard
    live = figure.locator.locator(".tokenviz-live")
    figure.viewport.focus()
    below = figure.rect((8, 0))[1]
    keyboard.press("Control+Home")
    for key, said in [
        ("ArrowRight", "position 2, token space cat"),
        ("Enter", "position 2"),
        ("ArrowDown", "position 2, alternative 1 of 2: space dog"),
        ("ArrowRight", "alternative 2 of 2: space fox"),
        ("ArrowUp", "position 2, token"),
    ]:
        keyboard.press(key)
        expect(live).to_contain_text(said)
    assert figure.rect((8, 0))[1] > below
    keyboard.press("Escape")
    figure.settle()
    assert figure.rect((8, 0))[1] == below
    keyboard.press("ArrowDown")  # the token was left as it was: on to the next line
    expect(live).to_contain_text("position 8")
    keyboard.press("Control+End")
    expect(live).to_contain_text(f"position {len(TOKENS)}")
    opened.assert_quiet()


def test_text_is_found_in_running_text(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved)
    figure.viewport.focus()
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("purred.\\n")
    expect(figure.control("search-count")).to_have_text("1 of 1")
    x, y, _, height = figure.rect((10, 0))
    box = figure.viewport.bounding_box()
    assert box is not None
    at = round(x - box["x"]), round(y - box["y"] + height)
    assert figure.picture().getpixel(at) == (0xD9, 0x48, 0x0F)
    opened.page.keyboard.press("Escape")
    expect(figure.locator.locator(".tokenviz-live")).to_contain_text("position 10")
    opened.assert_quiet()


def test_the_layout_is_switched_in_the_panel(offline: OfflinePages, tmp_path: Path) -> None:
    path = trace().show(show_controls=True).save(tmp_path / "trace.html")
    opened, figure = open_figure(offline, path)
    menu = figure.control("arrangement")
    expect(menu).to_have_value("grid")
    cell = figure.rect((1, 0))
    menu.select_option("flow")
    figure.settle()
    assert figure.rect((1, 0))[3] < cell[3]
    expect(figure.control("row_length")).to_be_disabled()
    menu.focus()
    opened.page.keyboard.press("ArrowUp")
    figure.settle()
    assert figure.rect((1, 0)) == cell
    menu.select_option("flow")
    figure.control("reset").click()
    expect(menu).to_have_value("grid")
    opened.assert_quiet()


def test_a_long_text_stays_where_it_is_read(offline: OfflinePages, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    words = [" the", " cat", " sat", ".", "\n", "ing", " on"]
    n = 100_000
    source = tv.Trace.from_columns(
        words,
        rng.integers(0, len(words), n),
        np.log(rng.uniform(0.5, 1, n)),
        np.zeros(n + 1),
        [],
        [],
    )
    path = source.show(layout="flow", show_controls=True).save(tmp_path / "long.html")
    opened, figure = open_figure(offline, path)
    figure.viewport.focus()
    opened.page.keyboard.press("g")
    opened.page.keyboard.type("60000")
    figure.settle()
    box = figure.viewport.bounding_box()
    assert box is not None

    def seen(position: int) -> bool:
        _, y, _, height = figure.rect((position, 0))
        return bool(box["y"] <= y and y + height <= box["y"] + box["height"])

    assert seen(59_999)
    # The cells that screen readers read are a few around the cursor, written after a while.
    count = "document.querySelectorAll(':not(.tokenviz-mirror *)').length"
    before = opened.page.evaluate(count)
    expect(figure.control("overview")).to_be_visible()
    first = figure.control("overview").get_attribute("aria-valuetext") or ""
    figure.control("arrangement").select_option("grid")
    figure.settle()
    here = figure.control("overview").get_attribute("aria-valuetext") or ""
    number = [int(text.split()[1].replace(",", "")) for text in (first, here)]
    assert abs(number[0] - number[1]) <= 20, "the first position that is seen stays the first"
    figure.control("arrangement").select_option("flow")
    for top in range(0, 90_000, 9_000):
        figure.viewport.evaluate("(e, top) => e.scrollTo(0, top)", top)
        figure.settle()
    assert opened.page.evaluate(count) == before
    opened.assert_quiet()


def test_running_text_with_nothing_in_it(offline: OfflinePages, tmp_path: Path) -> None:
    path = tv.Trace([], []).show(layout="flow").save(tmp_path / "empty.html")
    opened, figure = open_figure(offline, path)
    opened.page.mouse.click(*middle(figure, 0))
    figure.viewport.focus()
    for key in ("ArrowDown", "Enter", "End", "u", "Escape", "/", "a"):
        opened.page.keyboard.press(key)
    expect(figure.control("search-count")).to_have_text("not found")
    opened.assert_quiet()
