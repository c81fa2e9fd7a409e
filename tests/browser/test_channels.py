"""A trace changes its channel in the browser: by mouse, by keyboard, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.browser.test_saved_pages import assert_colors, open_figure, trace_values
from tests.chromium import OfflinePages
from tests.figure import Cell, Figure


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    trace = tv.examples.trace()
    own = trace.with_channel("loss <b>", np.linspace(-1, 3, len(trace)))
    return own.save(tmp_path_factory.mktemp("channels") / "trace.html")


def surprisals() -> dict[Cell, float]:
    return {cell: 0 - np.log2(p) for cell, p in trace_values().items()}


def margins() -> dict[Cell, float]:
    """Each candidate's probability less that of the best other one; 1 for a certain token."""
    values = trace_values()
    found: dict[Cell, float] = {}
    for position, slot in values:
        others = [p for (i, k), p in values.items() if i == position and k != slot]
        own = values[position, slot]
        if others or own == 1:
            found[position, slot] = own - max(others, default=0)
    return found


def test_by_mouse_through_the_channels_and_back(offline: OfflinePages, page: Path) -> None:
    opened, figure = open_figure(offline, page)
    figure.open_controls()
    menu = figure.control("channel")
    label = figure.locator.locator(".tokenviz-colorbar-label")

    menu.select_option("surprisal")
    assert_colors(figure, surprisals(), "Oranges", 0, 10)
    expect(label).to_have_text("Surprisal (bits)")

    figure.type("vmax-number", 4)  # what is set by hand holds …
    assert_colors(figure, surprisals(), "Oranges", 0, 4)
    menu.select_option("margin")  # … until the channel changes
    assert_colors(figure, margins(), "RdBu", -1, 1, 0)

    figure.type("vmax-number", 0.5)
    figure.control("reset").click()
    assert_colors(figure, margins(), "RdBu", -1, 1, 0)
    expect(label).to_have_text("Margin to the runner-up")

    menu.select_option("probability")
    assert_colors(figure, trace_values(), "Greens", 0, 1)
    opened.assert_quiet()


def test_by_keyboard_with_a_channel_of_ones_own(offline: OfflinePages, page: Path) -> None:
    opened, figure = open_figure(offline, page)
    figure.control("toggle").focus()
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.press("Tab")
    expect(figure.control("channel")).to_be_focused()
    opened.page.keyboard.type("loss")
    expect(figure.control("channel")).to_have_value("loss <b>")

    values = np.linspace(-1, 3, 97)
    cells = {(i, 0): float(v) for i, v in enumerate(values)}
    assert_colors(figure, cells, "PuOr", -3, 3, 0)
    expect(figure.locator.locator(".tokenviz-colorbar-label")).to_have_text("loss <b>")

    # An alternative has no such number: it is plain, and has its probability.
    ground = figure.colors([(0, 0)])[0, 0]
    assert figure.colors([(0, 1)])[0, 1] == (255, 255, 255) != ground
    figure.viewport.focus()
    opened.page.keyboard.press("Control+Home")
    live = figure.locator.locator(".tokenviz-live")
    expect(live).to_contain_text("token To, loss <b> −1.00, probability 0.39")
    tooltip = figure.locator.locator(".tokenviz-tooltip dt").first
    expect(tooltip).to_have_text("loss <b>")
    opened.page.keyboard.press("ArrowDown")
    expect(live).to_contain_text("First, probability 0.39, instead of To")
    expect(tooltip).to_have_text("probability")
    opened.assert_quiet()


def test_what_is_unknown_is_not_offered(offline: OfflinePages, page: Path) -> None:
    _, figure = open_figure(offline, page)
    figure.open_controls()
    options = figure.control("channel").locator("option")
    offered = {o.get_attribute("value"): o.is_enabled() for o in options.all()}
    assert offered == {
        "probability": True, "logprob": True, "surprisal": True, "rank": False,
        "entropy": False, "margin": True, "loss <b>": True,
    }  # fmt: skip


def test_the_copy_has_the_channels_column(offline: OfflinePages, page: Path) -> None:
    opened, figure = open_figure(offline, page)
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    figure.open_controls()
    figure.control("channel").select_option("surprisal")
    figure.viewport.focus()
    opened.page.keyboard.press("Control+c")
    expect(figure.locator.locator(".tokenviz-live")).to_contain_text("Copied")
    header, first, *_ = opened.page.evaluate("navigator.clipboard.readText()").splitlines()
    assert header.split("\t")[-1] == "surprisal"
    assert float(first.split("\t")[-1]) == pytest.approx(-np.log2(0.39), rel=1e-5)


@pytest.mark.parametrize("channel", ["logprob", "margin", "entropy", "loss <b>"])
def test_the_browser_sets_what_python_sets(
    channel: str, offline: OfflinePages, tmp_path: Path
) -> None:
    trace = tv.examples.trace()
    trace = tv.Trace(
        trace.tokens, trace.logprobs, trace.alternatives,
        entropies=np.linspace(0, 3, len(trace)),
        channels={"loss <b>": np.linspace(0, 0.25, len(trace))},
    )  # fmt: skip
    trace.show(channel=channel).save(tmp_path / "python.html")
    trace.show().save(tmp_path / "browser.html")
    _, ours = open_figure(offline, tmp_path / "browser.html")
    ours.open_controls()
    ours.control("channel").select_option(channel)
    _, pythons = open_figure(offline, tmp_path / "python.html")
    pythons.open_controls()

    def shown(figure: Figure) -> list[str | None]:
        names = ("vmin-number", "vmax-number", "center", "gamma-number", "decimals")
        return [
            *(figure.control(name).input_value() for name in names),
            str(figure.control("center-on").is_checked() and figure.control("center").is_enabled()),
            str(figure.control("symmetric").is_checked()),
            figure.control("colormap").text_content(),
            figure.locator.locator(".tokenviz-colorbar").get_attribute("aria-label"),
        ]

    assert shown(ours) == shown(pythons)
