"""The colour bar is handled: its ends dragged and moved by keys, its histogram looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.browser.test_saved_pages import (
    assert_colors,
    attribution_values,
    open_figure,
    trace_values,
)
from tests.chromium import OfflinePages
from tests.figure import Figure


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("colorbar")
    tv.examples.attribution().save(folder / "attribution.html")
    tv.examples.trace().save(folder / "trace.html")
    return folder


class Bar:
    """The colour bar of a figure, in pixels of the screen."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.mouse = figure.locator.page.mouse

    def y(self, end: str) -> float:
        box = self.figure.control(f"colorbar-{end}").bounding_box()
        assert box is not None
        return box["y"] + box["height"] / 2

    def value(self, end: str) -> float:
        return float(self.figure.control(f"colorbar-{end}").get_attribute("aria-valuenow") or "nan")

    def range(self) -> tuple[float, float]:
        return self.value("vmin"), self.value("vmax")

    def press(self, share: float) -> None:
        """Take hold at a share of the bar, 0 at its lower end."""
        self.mouse.move(self._x(), self._at(share))
        self.mouse.down()

    def drag_to(self, share: float, *, held: tuple[float, float] | None = None) -> None:
        low, high = held or (self.y("vmin"), self.y("vmax"))
        self.mouse.move(self._x(), low + (high - low) * share, steps=5)

    def drag(self, start: float, end: float) -> None:
        held = self.y("vmin"), self.y("vmax")
        self.press(start)
        self.drag_to(end, held=held)
        self.mouse.up()
        self.figure.settle()

    def _x(self) -> float:
        box = self.figure.control("colorbar-vmax").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2

    def _at(self, share: float) -> float:
        return self.y("vmin") + (self.y("vmax") - self.y("vmin")) * share


def test_dragging_an_end_and_a_new_range(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved / "trace.html")
    bar = Bar(figure)
    values = trace_values()
    assert bar.range() == (0, 1)

    bar.drag(1, 0.6)
    low, high = bar.range()
    assert (low, high) == (0, pytest.approx(0.6, abs=0.01))
    assert_colors(figure, values, "Greens", low, high)
    expect(figure.locator.locator(".tokenviz-colorbar")).to_have_attribute(
        "data-tokenviz-extend", "max"
    )

    bar.drag(1, 1.5)  # beyond the bar's end
    assert bar.range() == (0, pytest.approx(0.9, abs=0.02))

    bar.drag(0.25, 0.75)  # between the ends
    low, high = bar.range()
    assert low == pytest.approx(0.225, abs=0.02)
    assert high == pytest.approx(0.675, abs=0.02)
    assert_colors(figure, values, "Greens", low, high)

    box = figure.locator.locator(".tokenviz-bar-track").bounding_box()
    assert box is not None
    opened.page.mouse.dblclick(box["x"] + 25, box["y"] + box["height"] / 2)
    figure.settle()
    probabilities = list(values.values())
    assert bar.range() == pytest.approx((min(probabilities), max(probabilities)))
    opened.assert_quiet()


def test_while_it_is_dragged_the_bar_stands_still_and_all_follows(
    offline: OfflinePages, saved: Path
) -> None:
    opened, figure = open_figure(offline, saved / "trace.html")
    bar = Bar(figure)
    ticks = figure.locator.locator(".tokenviz-tick")
    bottom, top = bar.y("vmin"), bar.y("vmax")
    before = ticks.all_text_contents()
    bar.press(1)
    bar.drag_to(0.5, held=(bottom, top))
    assert bar.y("vmax") == pytest.approx((bottom + top) / 2, abs=2), "the end is under the hand"
    assert ticks.all_text_contents() == before
    figure.locator.evaluate("e => e.tokenvizFigure.painted()")
    color = figure.locator.evaluate("e => e.tokenvizFigure.colorAt([3, 0])")
    assert color == [0, 68, 27], "the cells follow while it is dragged"
    opened.page.mouse.up()
    expect(ticks.last).to_have_text("0.5")
    assert bar.y("vmax") < bottom - 0.9 * (bottom - top)


def test_the_lock_holds_for_the_bar_too(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved / "attribution.html")
    bar = Bar(figure)
    bar.drag(1, 0.75)
    low, high = bar.range()
    assert (low, high) == (pytest.approx(-0.5, abs=0.02), pytest.approx(0.5, abs=0.02))
    assert low == -high
    assert_colors(figure, attribution_values(), "RdYlGn", low, high, 0)
    opened.assert_quiet()


def test_the_ends_are_sliders_to_the_keys(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved / "trace.html")
    bar = Bar(figure)
    press = opened.page.keyboard.press
    figure.viewport.focus()
    press("Tab")
    lower, upper = figure.control("colorbar-vmin"), figure.control("colorbar-vmax")
    expect(lower).to_be_focused()
    assert lower.get_attribute("role") == upper.get_attribute("role") == "slider"
    for key, expected in [("ArrowUp", 0.01), ("PageUp", 0.11), ("ArrowLeft", 0.1), ("Home", 0)]:
        press(key)
        assert bar.range() == (pytest.approx(expected), 1)
    press("Tab")
    expect(upper).to_be_focused()
    for key, expected in [("PageDown", 0.9), ("ArrowDown", 0.89), ("ArrowRight", 0.9)]:
        press(key)
        assert bar.range() == (0, pytest.approx(expected))
    expect(upper).to_have_attribute("aria-valuetext", "0.9")
    assert_colors(figure, trace_values(), "Greens", 0, 0.9)
    press("End")
    assert bar.range() == (0, 1)
    opened.assert_quiet()


def test_the_histogram_says_where_the_values_lie(offline: OfflinePages, tmp_path: Path) -> None:
    values = np.full((8, 8), 0.25, np.float32)
    values[0, 0], values[0, 1] = 0.75, 9
    source = tv.Attribution(values, list("abcdefgh"), list("ijklmnop"))
    source.show(vmin=0, vmax=1, center=None, height=500).save(tmp_path / "p.html")
    _, figure = open_figure(offline, tmp_path / "p.html")
    inked = figure.locator.evaluate(
        """root => {
          const canvas = root.querySelector('.tokenviz-bar-track > canvas');
          const ctx = canvas.getContext('2d');
          const lengths = [];
          for (let y = 0; y < canvas.height; y++) {
            const { data } = ctx.getImageData(0, y, 18, 1);
            lengths.push(data.filter((_, i) => i % 4 === 3 && data[i] > 40).length);
          }
          return lengths;
        }"""
    )
    arrow, bar = np.array(inked[:11]), np.array(inked[11:])
    assert arrow.max() > 0, "the value above the range"
    lines = np.flatnonzero(bar) / len(bar)
    assert ((np.abs(lines - 0.25) < 0.05) | (np.abs(lines - 0.75) < 0.05)).all()
    low, high = bar[round(0.74 * len(bar))], bar[round(0.24 * len(bar))]
    assert low > 3 * high > 0, "62 values against one"


def test_safe_colours_are_one_click_away_and_back(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved / "attribution.html")
    figure.open_controls()
    values = attribution_values()
    safe = figure.control("safe")
    expect(safe).to_have_attribute("aria-pressed", "false")
    safe.click()
    assert_colors(figure, values, "RdBu", -1, 1, 0)
    expect(safe).to_have_attribute("aria-pressed", "true")
    safe.press("Enter")
    assert_colors(figure, values, "RdYlGn", -1, 1, 0)
    figure.control("colormap").click()
    opened.page.locator('[data-tokenviz-colormap="vik"]').click()
    expect(safe).to_be_disabled()
    opened.assert_quiet()
