"""A set on a page of its own: sorted, filtered, searched, opened with no kernel and no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.browse.sets import rollouts
from tests.browser.browsing import GRID, ROWS, SET, Browsing
from tests.chromium import OfflinePages, Opened

N = 150


@pytest.fixture(scope="module")
def rows() -> tv.TraceSet:
    return rollouts(N)


@pytest.fixture(scope="module")
def saved(rows: tv.TraceSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    browser = rows.show(channel="surprisal")
    return browser.save(tmp_path_factory.mktemp("set") / "page.html")


@pytest.fixture
def opened(saved: Path, offline: OfflinePages) -> Opened:
    return offline.open(saved)


def kept(browsing: Browsing, column: str) -> tuple[float, float]:
    """The range that a column is kept to."""
    found: Any = browsing.root.evaluate(
        "(element, name) => element.tokenvizSet.look.filters.find(one => one.column === name)",
        column,
    )
    return found["low"], found["high"]


def test_by_mouse(opened: Opened, rows: tv.TraceSet) -> None:
    browsing = Browsing(opened.page.locator(SET))
    browsing.assert_shows(rows)
    name = browsing.head("worst_logprob").locator(".tokenviz-set-name")
    name.click()
    expect(browsing.head("worst_logprob")).to_have_attribute("aria-sort", "ascending")
    browsing.assert_shows(rows.sort("worst_logprob"))
    name.click()
    browsing.assert_shows(rows.sort("worst_logprob", descending=True))
    browsing.control("sort").select_option("reward")
    browsing.assert_shows(rows.sort("reward", descending=True))

    browsing.drag_over("reward", 0.4, 0.8)
    expect(browsing.control("chip")).to_have_count(1)
    low, high = kept(browsing, "reward")
    assert 0 < low < high < 1
    some = rows.sort("reward", descending=True).filter(f"reward BETWEEN {low!r} AND {high!r}")
    browsing.assert_shows(some)
    browsing.control("find-rows").fill("Water")
    some = some.search("water")
    browsing.assert_shows(some)
    browsing.head("env").locator("canvas").click()
    browsing.root.get_by_label("math").check()
    some = some.filter(env="math")
    browsing.assert_shows(some)

    browsing.root.locator(ROWS).nth(1).locator(".tokenviz-set-first").click()
    browsing.assert_open(some, 1)
    browsing.control("next-row").click()
    browsing.assert_open(some, 2)
    browsing.control("note").fill("look at this")
    browsing.control("mark-row").click()
    browsing.root.locator(ROWS).nth(0).locator(".tokenviz-set-mark").click()
    expect(browsing.root.locator("[role=row][aria-selected=true]:not([hidden])")).to_have_count(2)
    with opened.page.expect_download() as download:
        browsing.control("save-marked").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines == [
        f'{{"key":"{some.keys[2]}","note":"look at this"}}',
        f'{{"key":"{some.keys[0]}"}}',
    ]
    browsing.control("show-marked").click()
    browsing.assert_shows(some.filter(key=[some.keys[0], some.keys[2]]))
    browsing.control("clear").click()
    browsing.control("find-rows").fill("")
    browsing.assert_shows(rows.sort("reward", descending=True))
    opened.assert_quiet()


def test_by_keys_alone(opened: Opened, rows: tv.TraceSet) -> None:
    browsing = Browsing(opened.page.locator(SET))
    browsing.assert_shows(rows)
    press = opened.page.keyboard.press

    def until(reached: Callable[[], bool]) -> None:
        for _ in range(40):
            if reached():
                return
            press("Tab")
        raise AssertionError("the Tab key does not get there")

    def on(selector: str) -> Callable[[], bool]:
        return lambda: bool(
            opened.page.evaluate("selector => document.activeElement.matches(selector)", selector)
        )

    until(on(GRID))
    heads = browsing.root.locator("[role=columnheader]")
    at = heads.evaluate_all(
        "heads => heads.findIndex(one => one.dataset.tokenvizColumn === 'reward')"
    )
    for _ in range(at - 1):
        press("ArrowRight")
    press("Enter")
    some = rows.sort("reward")
    browsing.assert_shows(some)
    press("f")
    until(on("[data-tokenviz-control=filter-from]"))
    opened.page.keyboard.type("0.3")
    press("Tab")
    some = some.filter("reward >= 0.3")
    browsing.assert_shows(some)
    press("Escape")
    assert on(GRID)()
    for key in ("ArrowDown", "ArrowDown", "Space", "PageDown", "Control+End", "Enter"):
        press(key)
        browsing.settle()
    browsing.assert_open(some, len(some) - 1)
    assert browsing.keys()[-1] == some.keys[-1]
    press("Control+Home")
    press("n")
    until(on("[data-tokenviz-control=note]"))
    opened.page.keyboard.type("first")
    press("Tab")
    browsing.assert_open(some, 0)
    until(on("[data-tokenviz-control=mark-row]"))
    press("Enter")
    opened.page.locator(GRID).focus()
    press("/")
    assert on("[data-tokenviz-control=find-rows]")()
    opened.page.keyboard.type("water")
    browsing.assert_shows(some.search("water"))
    until(on("[data-tokenviz-control=chip]"))
    press("Delete")
    browsing.assert_shows(rows.sort("reward").search("water"))
    opened.assert_quiet()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing(saved: Path, offline: OfflinePages, scheme: Any, width: int) -> None:
    opened = offline.open(saved, color_scheme=scheme, width=width)
    browsing = Browsing(opened.page.locator(SET))
    browsing.control("group").select_option("env")
    browsing.drag_over("reward", 0.2, 0.9)
    browsing.root.locator(ROWS).nth(1).locator(".tokenviz-set-first").click()
    browsing.root.locator(ROWS).nth(2).locator(".tokenviz-set-mark").click()
    browsing.settle()
    browsing.control("columns").click()
    assert_accessible(opened.page, SET)
    wide = opened.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    # Nothing of a text was taken for markup.
    assert opened.page.evaluate("window.hurt") is None
    opened.assert_quiet()


def test_groups_lead_to_their_rows(opened: Opened, rows: tv.TraceSet) -> None:
    browsing = Browsing(opened.page.locator(SET))
    browsing.control("group").select_option("step")
    table = browsing.root.locator(".tokenviz-set-groups")
    expect(table.locator("tbody tr")).to_have_count(3)
    mean = rows.filter(step=200).to_pandas()["reward"].mean()
    expect(table.locator("tbody tr").nth(1).locator("td").nth(1)).to_have_text(f"{mean:.4f}")
    table.get_by_role("button", name="200").click()
    browsing.assert_shows(rows.filter(step=200))
    expect(table).to_be_hidden()
