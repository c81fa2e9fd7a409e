"""A set on a page of its own: sorted, filtered, searched, opened with no kernel and no network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.browse.sets import rollouts
from tests.browser.browsing import GRID, ROWS, SET, Browsing
from tests.chromium import OfflinePages, Opened
from tokenviz.export.html import save, twin
from tokenviz.export.nbconvert import TokenvizHTMLExporter
from tokenviz.sets.saving import Rejected

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


def test_what_a_text_came_after_is_seen_and_found(offline: OfflinePages, tmp_path: Path) -> None:
    lm = tv.load_model()
    prompts = ["What is 43 x 34?", "So <b>it</b> is, and is, and is, and is, and is Wednesday:"]
    scored = [lm.score(" 1462", prompt=prompt, top_k=1) for prompt in prompts]
    rows = tv.TraceSet(scored, ["first", "second"])
    opened = offline.open(rows.show(selected="second").save(tmp_path / "page.html"))
    browsing = Browsing(opened.page.locator(SET))
    prompt = browsing.root.locator(".tokenviz-set-prompt")
    expect(prompt.locator("summary")).to_contain_text("and is Wednesday:")
    expect(prompt.locator(".tokenviz-set-whole")).to_be_hidden()
    prompt.locator("summary").click()
    expect(prompt.locator(".tokenviz-set-whole")).to_have_text(prompts[1])
    assert_accessible(opened.page)
    browsing.control("find-rows").fill("WEDNESDAY")
    expect(browsing.root.locator("[role=row]:not([hidden]) mark")).to_have_text(["Wednesday"])
    shown = browsing.root.locator("[role=row]:not([hidden]) .tokenviz-set-words")
    expect(shown).to_have_text(["prompt: … and is, and is Wednesday:"])
    opened.assert_quiet()


def test_a_page_does_not_scroll_to_what_was_open_when_it_was_saved(
    rows: tv.TraceSet, offline: OfflinePages, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    browser = rows.show(selected=rows.keys[3], channel="surprisal")
    save(browser, path, before="<div style='height:2000px'>above</div>")
    opened = offline.open(path)
    Browsing(opened.page.locator(SET)).settle()
    expect(opened.page.locator(".tokenviz-set-key")).to_have_text(rows.keys[3])
    opened.page.wait_for_timeout(300)
    assert opened.page.evaluate("scrollY") == 0


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
    found = browsing.root.locator("[role=row]:not([hidden]) mark").all_text_contents()
    assert found and {one.lower() for one in found} == {"water"}
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
    saved = [json.loads(line) for line in lines]
    marked = some.filter(key=[some.keys[0], some.keys[2]]).to_pandas()
    assert [one["key"] for one in saved] == [some.keys[2], some.keys[0]]
    assert [one.get("note") for one in saved] == ["look at this", None]
    for one in saved:
        assert one["worst_logprob"] == pytest.approx(marked.loc[one["key"], "worst_logprob"])
    with opened.page.expect_download() as download:
        browsing.control("save-table").click()
    table = pandas.read_csv(download.value.path(), index_col="key")
    np.testing.assert_allclose(table["reward"], marked.loc[table.index, "reward"])
    assert table["note"].tolist()[0] == "look at this"
    browsing.control("show-marked").click()
    browsing.assert_shows(some.filter(key=[some.keys[0], some.keys[2]]))
    browsing.control("clear").click()
    browsing.control("find-rows").fill("")
    browsing.assert_shows(rows.sort("reward", descending=True))
    opened.assert_quiet()


def test_the_worst_tokens_are_listed_and_lead_to_their_rows(
    opened: Opened, rows: tv.TraceSet
) -> None:
    browsing = Browsing(opened.page.locator(SET))
    browsing.head("reward").locator("canvas").click()
    browsing.control("filter-from").fill("0.4")
    browsing.page.keyboard.press("Tab")
    some = rows.filter("reward >= 0.4")
    browsing.assert_shows(some)
    for channel in ("surprisal", "advantage", "entropy"):
        browsing.control("colour").select_option(channel)
        if channel == "surprisal":
            browsing.control("worst").click()
        expected = some.worst(channel, 50, mask="loss_mask")
        wanted = [f"{one.key}, token {one.position + 1}" for one in expected]
        buttons = browsing.root.locator(".tokenviz-set-placelist button")
        expect(buttons.first).to_have_attribute("title", wanted[0])
        assert buttons.evaluate_all("all => all.map(one => one.title)") == wanted
        expect(buttons.first.locator("mark")).to_have_text(expected[0].token)
    # By keys: the focus is in the list.
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        browsing.page.keyboard.press(key)
    expect(browsing.root.locator(".tokenviz-set-key")).to_have_text(expected[2].key)
    figure = browsing.root.locator(".tokenviz[data-tokenviz-kind=trace]")
    assert figure.evaluate("one => one.tokenvizFigure.state.selected") == [expected[2].position, 0]
    expect(buttons.nth(2)).to_have_attribute("aria-current", "true")
    expect(browsing.grid).to_be_hidden()
    assert_accessible(opened.page, SET)
    buttons.nth(2).press("Escape")
    expect(browsing.grid).to_be_visible()
    opened.assert_quiet()


def test_a_row_opens_at_the_token_that_the_table_is_sorted_by(
    opened: Opened, rows: tv.TraceSet
) -> None:
    browsing = Browsing(opened.page.locator(SET))
    browsing.head("worst_logprob").locator(".tokenviz-set-name").click()
    some = rows.sort("worst_logprob")
    browsing.assert_shows(some)
    trace = some[0]
    worst = int(np.argmin(trace.logprobs))
    cell = browsing.root.locator(f"{ROWS} .tokenviz-set-two").first
    expect(cell.locator(".tokenviz-set-token")).to_have_text(trace.tokens[worst].label)
    browsing.root.locator(ROWS).first.locator(".tokenviz-set-first").click()
    browsing.assert_open(some, 0)
    figure = browsing.root.locator(".tokenviz[data-tokenviz-kind=trace]")
    assert figure.evaluate("one => one.tokenvizFigure.state.selected") == [worst, 0]
    opened.assert_quiet()


def test_the_first_rows_are_printed(opened: Opened, rows: tv.TraceSet) -> None:
    browsing = Browsing(opened.page.locator(SET))
    browsing.assert_shows(rows)
    browsing.settle()
    opened.page.emulate_media(media="print")
    paper = browsing.root.locator(".tokenviz-set-paper")
    expect(paper.locator("caption")).to_contain_text("The first 96 of 150 rows")
    assert paper.locator("tbody th bdi").all_text_contents() == rows.keys[:96]
    expect(paper.locator("tbody tr").last).to_be_visible()
    expect(browsing.grid).to_be_hidden()
    opened.page.emulate_media(media="screen")
    expect(paper).to_have_count(0)
    opened.assert_quiet()


def test_two_sets_by_mouse_and_by_keys(offline: OfflinePages, tmp_path: Path) -> None:
    both = rollouts(40).join(rollouts(40, worse=2.0))
    opened = offline.open(both.show().save(tmp_path / "page.html"))
    browsing = Browsing(opened.page.locator(SET))
    browsing.head("max_delta").locator(".tokenviz-set-name").click()
    some = both.sort("max_delta", descending=True)
    expect(browsing.head("max_delta")).to_have_attribute("aria-sort", "descending")
    assert browsing.keys()[:10] == some.keys[:10]
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        browsing.grid.press(key)
    figure = browsing.root.locator(".tokenviz[data-tokenviz-kind=trace]")
    place = int(some.keys.index(browsing.root.locator(".tokenviz-set-key").inner_text()))
    at = some.to_arrow(["max_at"]).column(0)[place].as_py()
    browsing.settle()
    assert figure.evaluate("one => one.tokenvizFigure.state.selected") == [at, 0]
    # What was chosen for one row stays for the next, by keys, too.
    bar = browsing.root.locator("[data-tokenviz-control=colorbar-vmax]")
    bar.press("ArrowDown")
    browsing.settle()
    chosen = figure.evaluate("one => one.tokenvizFigure.state.vmax")
    assert chosen < 2
    browsing.control("next-row").press("Enter")
    browsing.settle()
    assert figure.evaluate("one => one.tokenvizFigure.state.vmax") == chosen
    expect(browsing.root.locator(".tokenviz-set-where")).to_have_text(f"{place + 2} of 40")
    browsing.control("worst").press("Enter")
    buttons = browsing.root.locator(".tokenviz-set-placelist button")
    wanted = [f"{one.key}, token {one.position + 1}" for one in both.worst(50)]
    expect(buttons.first).to_have_attribute("title", wanted[0])
    assert buttons.evaluate_all("all => all.map(one => one.title)") == wanted
    opened.assert_quiet()


def test_rows_that_could_not_be_read_are_counted(
    rows: tv.TraceSet, offline: OfflinePages, tmp_path: Path
) -> None:
    some = rows[:5].with_rejected([Rejected("rows.jsonl", 7, "no tokens")])
    opened = offline.open(some.show().save(tmp_path / "page.html"))
    root = opened.page.locator(SET)
    expect(root).to_contain_text("1 row could not be read: set.rejected says which, and why.")
    browsing = Browsing(root)
    browsing.control("find-rows").fill("no text has this")
    expect(root).to_contain_text("No row is like that.")
    expect(root.locator(".tokenviz-set-status")).to_have_text("0 of 5 rows")
    opened.assert_quiet()


@pytest.mark.parametrize("count", [0, 1])
def test_a_set_of_hardly_any_rows(
    count: int, rows: tv.TraceSet, offline: OfflinePages, tmp_path: Path
) -> None:
    some = rows[:count]
    opened = offline.open(some.show().save(tmp_path / "page.html"))
    browsing = Browsing(opened.page.locator(SET))
    expect(browsing.root.locator(ROWS)).to_have_count(count)
    expect(browsing.grid).to_have_attribute("aria-busy", "false")
    browsing.control("worst").click()
    browsing.settle()
    found = browsing.root.locator(".tokenviz-set-placelist button")
    assert (found.count() > 0) == bool(count)
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


def test_a_cells_output_keeps_the_first_rows(
    rows: tv.TraceSet, offline: OfflinePages, tmp_path: Path
) -> None:
    browser = rows.show(channel="surprisal")
    browser._most = 50
    output = new_output("display_data", data=twin(browser))
    cell = new_code_cell("rows.show()", outputs=[output], execution_count=1)
    exporter = TokenvizHTMLExporter()  # type: ignore[no-untyped-call]
    html, _ = exporter.from_notebook_node(new_notebook(cells=[cell, *cell_of_a_trace()]))
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    opened = offline.open(tmp_path / "page.html")
    browsing = Browsing(opened.page.locator(SET))
    browsing.assert_shows(rows[:50])
    expect(browsing.root).to_contain_text("This page holds the first 50 of 150 rows.")
    browsing.root.locator(ROWS).nth(1).locator(".tokenviz-set-first").click()
    browsing.assert_open(rows[:50], 1)
    # Another kind of figure stands beside it as ever.
    expect(opened.page.locator('.tokenviz[data-tokenviz-kind="trace"]')).to_have_count(2)
    opened.assert_quiet()


def cell_of_a_trace() -> list[Any]:
    data = twin(tv.examples.trace().show())
    output = new_output("display_data", data=data)
    return [new_code_cell("trace", outputs=[output], execution_count=2)]
