"""demo.html: the quickstart notebook through the exporter, as `make demo` writes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.chromium import OfflinePages
from tests.figure import Figure, expected_color, reference
from tests.notebooks import ExecutedNotebooks


@pytest.fixture(scope="module")
def demo(executed: ExecutedNotebooks) -> Path:
    return executed.page("quickstart")


def test_all_figures_are_live_without_a_request(demo: Path, offline: OfflinePages) -> None:
    opened = offline.open(demo)
    figures = opened.page.locator('.tokenviz[data-tokenviz-ready="true"]')
    expect(figures).to_have_count(7)
    assert opened.page.locator(".tokenviz-note").count() == 0
    assert opened.page.locator(".tokenviz-static:visible").count() == 0
    for i in range(7):
        figure = Figure(figures.nth(i))
        figure.open_controls()
        figure.type("vmax-number", 0.5)
        figure.control("reset").click()
    opened.assert_quiet()


def test_a_slider_changes_the_colour_of_a_cell(demo: Path, offline: OfflinePages) -> None:
    opened = offline.open(demo)
    heatmap = Figure(opened.page.locator(".tokenviz").nth(0))
    value = reference("attribution")["values"][0][2]
    assert heatmap.colors([(0, 2)]) == {(0, 2): expected_color(value, "RdYlGn", -1, 1, 0)}
    heatmap.open_controls()
    heatmap.drag("vmax", 0.6)
    high = float(heatmap.control("vmax").input_value())
    assert heatmap.colors([(0, 2)]) == {(0, 2): expected_color(value, "RdYlGn", -high, high, 0)}

    trace = Figure(opened.page.locator(".tokenviz").nth(1))
    probability = reference("trace")["steps"][13]["probability"]
    assert trace.colors([(13, 0)]) == {(13, 0): expected_color(probability, "Greens", 0, 1)}
    trace.open_controls()
    trace.drag("vmin", 0.4)
    low = float(trace.control("vmin").input_value())
    assert trace.colors([(13, 0)]) == {(13, 0): expected_color(probability, "Greens", low, 1)}
    opened.assert_quiet()


def test_the_model_s_figures_are_there(demo: Path, offline: OfflinePages) -> None:
    opened = offline.open(demo)
    page = opened.page
    tables = page.locator(".tokenviz-static")
    assert "1.3714" in (tables.nth(0).text_content() or "")
    assert "</think>" in (tables.nth(1).text_content() or "")
    assert "</think>" in (tables.nth(2).text_content() or "")
    expect(page.get_by_text("1,462").first).to_be_visible()
    kinds = page.locator(".tokenviz").evaluate_all("all => all.map(e => e.dataset.tokenvizKind)")
    # An explorer is a trace, and around it what can be asked.
    explorer = [None, "trace"]
    assert kinds == ["heatmap", "trace", "trace", "heatmap", "heatmap", *explorer, "heatmap"]


def test_the_explorer_shows_what_was_asked(demo: Path, offline: OfflinePages) -> None:
    opened = offline.open(demo)
    explorer = opened.page.locator('.tokenviz-explorer[data-tokenviz-explorer-ready="true"]')
    expect(explorer).to_contain_text("What spoke for ‘3’, not ‘4’")
    branches = explorer.get_by_role("treeitem")
    expect(branches).to_have_count(2)
    branches.nth(1).click()
    expect(branches.nth(1)).to_contain_text("3,999")
    assert explorer.evaluate("e => e.tokenvizExplorer.view.current") == 1
    opened.assert_quiet()


def test_integrated_gradients_say_how_they_came_about(demo: Path, offline: OfflinePages) -> None:
    opened = offline.open(demo)
    figure = Figure(opened.page.locator(".tokenviz").nth(4))
    caption = figure.locator.inner_text()
    assert "method: integrated gradients" in caption and "steps:" in caption
    error = re.search(r"standard error: (?:at most )?([\d.]+)", caption)
    assert error is not None and 0 < float(error[1]) < 2, caption  # of values up to 17 nats


def test_the_tables_are_read_where_no_script_runs(demo: Path, offline: OfflinePages) -> None:
    opened = offline.open(demo, scripts=False)
    tables = opened.page.locator(".tokenviz-static table:visible")
    expect(tables).to_have_count(9)  # the explorer's are its text, its branches and the answer
    expect(tables.nth(0)).to_contain_text("1.3714")
    expect(tables.nth(2)).to_contain_text("</think>")
