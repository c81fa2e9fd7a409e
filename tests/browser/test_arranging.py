"""A heatmap's rows and columns are ordered, cut and hidden in the browser, as Python would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.browser.test_saved_pages import open_figure
from tests.chromium import OfflinePages
from tests.figure import Figure
from tokenviz.data.arrange import arrange


def matrix(n: int = 12, m: int = 5) -> tv.Attribution:
    """With ties, NaN and Inf; small enough to be seen whole."""
    rng = np.random.default_rng(3)
    values = rng.choice(np.array([0, 0.5, -0.5, 1, -2, np.nan], np.float32), size=(n, m))
    values[2, 1] = np.inf
    return tv.Attribution(values, [f"t{i}" for i in range(n)], [f"c{j}" for j in range(m)])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return matrix().show(title="In order").save(tmp_path_factory.mktemp("order") / "map.html")


def shown(figure: Figure) -> tuple[list[int], list[int]]:
    """Rows and columns in the order in which they stand on the screen, by what is copied."""
    figure.settle()
    text = figure.locator.evaluate(
        "e => { const data = new DataTransfer(); const event = new ClipboardEvent('copy',"
        " { clipboardData: data, bubbles: true, cancelable: true });"
        " e.querySelector('.tokenviz-viewport').dispatchEvent(event);"
        " return data.getData('text/plain'); }"
    )
    head, *lines = text.rstrip("\n").split("\n")
    columns = [int(label[1:]) for label in head.split("\t")[1:]]
    rows = [int(line.split("\t")[0][1:]) for line in lines]
    lefts = [figure.rect((rows[0], j))[0] for j in columns]
    tops = [figure.rect((i, columns[0]))[1] for i in rows]
    assert lefts == sorted(set(lefts))
    assert tops == sorted(set(tops))
    return rows, columns


def expected(**options: Any) -> tuple[list[int], list[int]]:
    rows, columns = arrange(matrix().values, **options)
    return rows.tolist(), columns.tolist()


def test_with_the_mouse(offline: OfflinePages, page: Path) -> None:
    opened, figure = open_figure(offline, page)
    figure.open_controls()
    assert shown(figure) == expected()
    figure.control("row_order").select_option("magnitude")
    assert shown(figure) == expected(row_order="magnitude")
    figure.control("row_order").select_option("3")
    figure.control("column_order").select_option("2")
    assert shown(figure) == expected(row_order=3, column_order=2)
    figure.type("top_rows", 4)
    assert shown(figure) == expected(row_order=3, column_order=2, top_rows=4)

    figure.control("columns").click()
    boxes = figure.control("column")
    expect(boxes).to_have_count(5)
    boxes.nth(1).uncheck()
    boxes.nth(4).uncheck()
    expect(figure.control("columns")).to_have_text("3 of 5 shown")
    hidden = {"row_order": 3, "column_order": 2, "top_rows": 4, "hidden_columns": [1, 4]}
    assert shown(figure) == expected(**hidden)
    for index in (0, 2):
        boxes.nth(index).uncheck()
    expect(boxes.nth(3)).to_be_disabled()  # the last one stays
    figure.control("all_columns").click()
    expect(boxes.nth(1)).to_be_checked()
    figure.type("top_rows", 12)
    assert shown(figure) == expected(row_order=3, column_order=2)
    figure.control("reset").click()
    assert shown(figure) == expected()
    opened.assert_quiet()


def test_with_the_keyboard(offline: OfflinePages, page: Path) -> None:
    opened, figure = open_figure(offline, page)
    keyboard = opened.page.keyboard
    figure.viewport.focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "Enter", "o"):
        keyboard.press(key)
    assert shown(figure) == expected(row_order=2)
    # What was selected is the same cell, and the cursor went with it.
    state = "e => e.tokenvizFigure.state"
    selected = figure.locator.evaluate(f"e => ({state})(e).selected")
    assert selected[1] == 2
    rows, _ = expected(row_order=2)
    below = rows[rows.index(selected[0]) + 1]
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    assert figure.locator.evaluate(f"e => ({state})(e).selected") == [below, 2]

    keyboard.press("h")
    assert shown(figure) == expected(row_order=2, hidden_columns=[2])
    keyboard.press("Enter")  # the cursor went to the column beside
    assert figure.locator.evaluate(f"e => ({state})(e).selected") == [below, 3]
    keyboard.press("Shift+H")
    keyboard.press("ArrowLeft")
    keyboard.press("o")
    assert shown(figure) == expected()
    keyboard.press("?")
    help_ = opened.page.locator(".tokenviz-help")
    expect(help_).to_contain_text("Sort rows by the column")
    opened.assert_quiet()


def test_what_python_set_is_what_a_page_shows(offline: OfflinePages, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "row_order": "magnitude",
        "column_order": 2,
        "top_rows": 5,
        "hidden_columns": [0],
    }
    _, figure = open_figure(offline, matrix().show(**options).save(tmp_path / "set.html"))
    assert shown(figure) == expected(**options)


def test_a_matrix_that_a_worker_pools_is_pooled_anew(offline: OfflinePages, tmp_path: Path) -> None:
    values = np.tile(np.linspace(-1, 1, 1100, dtype=np.float32)[:, None], (1, 1000))
    source = tv.Attribution(values, [str(i) for i in range(1100)], [str(j) for j in range(1000)])
    _, figure = open_figure(offline, source.show().save(tmp_path / "large.html"))

    def ends() -> list[list[int]]:
        """Colours near the upper and the lower end."""
        figure.settle()
        picture = figure.picture()
        x = picture.width // 2
        at = [picture.getpixel((x, y)) for y in (picture.height // 4, picture.height - 8)]
        return [list(rgb) for rgb in at if isinstance(rgb, tuple)]

    upper, lower = ends()
    figure.open_controls()
    figure.control("row_order").select_option("0")
    figure.settle()
    assert figure.rect((1099, 0))[1] < figure.rect((0, 0))[1]
    now = ends()
    assert (now[0][1] > now[0][0]) == (lower[1] > lower[0])  # green above,
    assert (now[1][0] > now[1][1]) == (upper[0] > upper[1])  # red below
