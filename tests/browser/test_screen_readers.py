"""What a screen reader finds in a figure: a grid with rows, headers and cells, and where one is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import tokenviz as tv
from tests.chromium import OfflinePages
from tests.figure import Figure


def open_figure(offline: OfflinePages, path: Path, **options: Any) -> tuple[Page, Figure]:
    page = offline.open(path, **options).page
    figure = Figure(page.locator(".tokenviz"))
    expect(figure.viewport).not_to_have_attribute("aria-busy", "true")
    return page, figure


def active(figure: Figure) -> Locator:
    """The cell that a screen reader reads while the grid has the focus."""
    identity = figure.viewport.get_attribute("aria-activedescendant")
    assert identity, "no cell is active"
    return figure.locator.locator(f"[id='{identity}']")


def test_heatmap_is_a_grid_with_headers(offline: OfflinePages, tmp_path: Path) -> None:
    page, figure = open_figure(offline, tv.examples.attribution().save(tmp_path / "a.html"))
    grid = page.get_by_role("grid", name="Token Attribution")
    expect(grid).to_have_attribute("aria-rowcount", "14")
    expect(grid).to_have_attribute("aria-colcount", "6")
    expect(grid.get_by_role("row")).to_have_count(14)
    headers = ["token", *tv.examples.attribution().target_labels]
    expect(grid.get_by_role("columnheader")).to_have_text(headers)
    expect(grid.get_by_role("rowheader")).to_have_count(13)
    expect(grid.get_by_role("gridcell")).to_have_count(65)
    row = grid.get_by_role("row").nth(8)
    expect(row).to_have_attribute("aria-rowindex", "9")
    cell = row.get_by_role("gridcell").first
    expect(cell).to_have_text("token x, target 8 x 48 = 384, attribution 1.3714, above range")
    expect(cell).to_have_attribute("aria-colindex", "2")
    assert "- gridcell" in figure.viewport.aria_snapshot()


def test_trace_is_a_grid_of_its_rows(offline: OfflinePages, tmp_path: Path) -> None:
    page, _ = open_figure(offline, tv.examples.trace().save(tmp_path / "t.html"))
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-colcount", "21")
    expect(grid.get_by_role("gridcell")).to_have_count(97 + 32)
    first = grid.get_by_role("row").first
    expect(first.get_by_role("rowheader")).to_have_text("positions 1 to 20, chosen")
    expect(first.get_by_role("gridcell").first).to_contain_text("position 1, token")


@pytest.mark.parametrize(
    ("name", "options"), [("attribution", {}), ("trace", {}), ("trace", {"layout": "flow"})]
)
def test_tab_leads_to_a_cell_and_arrows_to_others(
    name: str, options: dict[str, Any], offline: OfflinePages, tmp_path: Path
) -> None:
    source = getattr(tv.examples, name)().show(**options).save(tmp_path / "page.html")
    page, figure = open_figure(offline, source)
    figure.control("toggle").focus()
    page.keyboard.press("Tab")
    expect(figure.viewport).to_be_focused()
    first = active(figure).text_content()
    assert first is not None
    expect(page.locator(".tokenviz-tooltip")).to_be_visible()
    page.keyboard.press("ArrowRight")
    second = active(figure).text_content()
    assert second != first
    # The same words stand where they can be found again; they are not read a second time.
    expect(figure.locator.locator(".tokenviz-live")).to_have_text(second or "")
    expect(figure.locator.locator(".tokenviz-live")).to_have_attribute("aria-live", "off")
    page.keyboard.press("Enter")
    expect(active(figure)).to_have_attribute("aria-selected", "true")


def test_focus_begins_at_the_selected_cell(offline: OfflinePages, tmp_path: Path) -> None:
    source = tv.examples.attribution().show(selected=(7, 0)).save(tmp_path / "a.html")
    page, figure = open_figure(offline, source)
    figure.control("toggle").focus()
    page.keyboard.press("Tab")
    expect(active(figure)).to_contain_text("attribution 1.3714")


def test_a_large_figure_keeps_few_cells_wherever_one_goes(
    offline: OfflinePages, tmp_path: Path
) -> None:
    values = np.arange(1000 * 300, dtype=np.float32).reshape(1000, 300)
    tokens = [f"t{i}" for i in range(1000)]
    source = tv.Attribution(values, tokens, [f"c{j}" for j in range(300)])
    page, figure = open_figure(
        offline, source.show(decimals=0, vmin=0, vmax=3e5).save(tmp_path / "large.html")
    )
    figure.viewport.focus()
    for keys, cell in [
        ("ArrowDown", (0, 0)),
        ("Control+End", (999, 299)),
        ("ArrowUp", (998, 299)),
        ("Home", (998, 0)),
    ]:
        page.keyboard.press(keys)
        row, column = cell
        expect(active(figure)).to_have_text(
            f"token t{row}, target c{column}, attribution {int(values[cell])}"
        )
        expect(active(figure).locator("..")).to_have_attribute("aria-rowindex", str(row + 2))
        expect(active(figure)).to_have_attribute("aria-colindex", str(column + 2))
        assert figure.viewport.get_by_role("gridcell").count() < 400
    expect(figure.viewport).to_have_attribute("aria-rowcount", "1001")


def test_a_cell_pressed_by_a_screen_reader_is_selected(
    offline: OfflinePages, tmp_path: Path
) -> None:
    page, figure = open_figure(offline, tv.examples.attribution().save(tmp_path / "a.html"))
    cell = page.get_by_role("gridcell", name="token x, target 8 x 48 = 384")
    cell.dispatch_event("click")
    expect(figure.viewport).to_be_focused()
    expect(cell).to_have_attribute("aria-selected", "true")
    expect(active(figure)).to_have_text(cell.text_content() or "")


def test_cells_follow_the_range(offline: OfflinePages, tmp_path: Path) -> None:
    page, figure = open_figure(offline, tv.examples.attribution().save(tmp_path / "a.html"))
    cell = page.get_by_role("gridcell", name="attribution 1.3714")
    expect(cell).to_contain_text("above range")
    figure.open_controls()
    figure.type("vmax-number", 2)
    expect(cell).not_to_contain_text("range")


def test_keys_are_listed(offline: OfflinePages, tmp_path: Path) -> None:
    page, figure = open_figure(offline, tv.examples.attribution().save(tmp_path / "a.html"))
    keys = page.get_by_role("dialog", name="Keys")
    figure.control("help").click()
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("Copy as tab-separated values")
    figure.control("help").click()
    expect(keys).to_be_hidden()
    figure.viewport.focus()
    page.keyboard.press("?")
    expect(keys).to_be_focused()
    expect(figure.control("help")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(figure.viewport).to_be_focused()
