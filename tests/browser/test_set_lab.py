"""A set in JupyterLab: its rows stay with the kernel; Python and the page do the same things."""

from __future__ import annotations

import ast
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.browse.sets import rollouts
from tests.browser.browsing import ROWS, SET, Browsing
from tests.browser.test_live import Session, Wire
from tests.chromium import OfflinePages
from tests.jupyterlab import RUN_TIME, JupyterLab, command, evaluate, execute, wait_for

N = 1000
LARGEST = 200_000
"""Bytes of a message with rows."""

SETUP = f"""
import json, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.browse.sets import rollouts
rows = rollouts({N})
"""


class Lab(Session):
    rows: tv.TraceSet

    def show(self, code: str) -> Browsing:
        """Run code in a new cell; gives the set that it shows."""
        cells = self.page.locator(".jp-CodeCell")
        number = cells.count() - 1
        self.run(code)
        root = cells.nth(number).locator(SET)
        expect(root).to_have_count(1, timeout=RUN_TIME)
        root.scroll_into_view_if_needed()
        return Browsing(root)

    def wait_for(self, expression: str, wanted: Any) -> None:
        wait_for(self.kernel, expression, repr(wanted))

    def ask(self, expression: str) -> Any:
        return json.loads(ast.literal_eval(evaluate(self.kernel, f"json.dumps({expression})")))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Lab]:
    with JupyterLab(tmp_path_factory.mktemp("lab")) as server, OfflinePages(browser) as pages:
        server.write("set.ipynb", SETUP, "")
        opened = pages.open("about:blank", width=1500, height=1200)
        wire = Wire(opened.page)
        opened.page.goto(server.url("set.ipynb"))
        command(opened.page, "notebook:run-all-cells")
        expect(opened.page.locator(".jp-InputPrompt").first).to_have_text("[1]:", timeout=RUN_TIME)
        with server.kernel() as kernel:
            wait_for(kernel, "'rows' in globals()", "True")
            session = Lab(opened, wire, kernel)
            session.rows = rollouts(N)
            yield session


def test_the_kernel_sorts_filters_and_opens(lab: Lab) -> None:
    browsing = lab.show("browser = rows.show(channel='surprisal')\nbrowser")
    rows = lab.rows
    browsing.assert_shows(rows)
    browsing.head("worst_logprob").locator(".tokenviz-set-name").click()
    some = rows.sort("worst_logprob")
    browsing.assert_shows(some)
    lab.wait_for("browser._look['sort']", {"by": "worst_logprob", "descending": False})
    browsing.drag_over("reward", 0.5, 1)
    expect(browsing.control("chip")).to_have_count(1)
    low = lab.ask("browser._look['filters'][0]['low']")
    some = some.filter(f"reward >= {low!r}")
    browsing.assert_shows(some)
    browsing.control("condition").fill("n_tokens > 50")
    browsing.page.keyboard.press("Enter")
    some = some.filter("n_tokens > 50")
    browsing.assert_shows(some)
    assert lab.ask("browser.set.keys") == some.keys

    browsing.root.locator(ROWS).nth(2).locator(".tokenviz-set-first").click()
    browsing.assert_open(some, 2)
    lab.wait_for("browser.selected", some.keys[2])
    browsing.control("mark-row").click()
    browsing.control("note").fill("why?")
    browsing.control("next-row").click()
    browsing.assert_open(some, 3)
    lab.wait_for("(browser.marked, browser.notes)", ([some.keys[2]], {some.keys[2]: "why?"}))

    # Far down, by the bar and by a key.
    browsing.grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight; }")
    expect(browsing.root.locator(ROWS).last).to_have_attribute("title", some.keys[-1])
    browsing.grid.focus()
    browsing.page.keyboard.press("Control+Home")
    expect(browsing.root.locator(ROWS).first).to_have_attribute("title", some.keys[0])
    assert_accessible(lab.page, SET)
    lab.opened.assert_quiet()


def test_python_does_the_same_and_every_view_follows(lab: Lab) -> None:
    browsing = lab.show("browser = rows.show(channel='surprisal')\nbrowser")
    second = lab.show("browser")
    some = lab.rows.search("water").filter(env="math").sort("reward", descending=True)
    code = "browser.search('water'); browser.filter(env='math')"
    execute(lab.kernel, f"{code}; browser.sort('reward', descending=True); browser.open(40)")
    for view in (browsing, second):
        expect(view.head("reward")).to_have_attribute("aria-sort", "descending")
        expect(view.grid).to_have_attribute("aria-rowcount", str(len(some) + 1))
        view.assert_open(some, 40)
        expect(view.root.locator("[aria-current=true]:not([hidden])")).to_have_attribute(
            "title", some.keys[40]
        )
    execute(lab.kernel, "browser.mark(browser.set.keys[0]); browser.columns = ['reward']")
    expect(browsing.root.locator("[role=columnheader]")).to_have_count(3)
    expect(browsing.control("show-marked")).to_have_text("Marked (1)")
    execute(lab.kernel, "browser.open(None)")
    expect(browsing.root.locator(".tokenviz-set-detail")).to_be_hidden()
    second.control("find-rows").fill("")
    browsing.assert_shows(lab.rows.filter(env="math").sort("reward", descending=True))

    # An expression that means nothing is said, and the table goes on.
    browsing.control("condition").fill("no_column > 1")
    browsing.control("condition").press("Enter")
    expect(browsing.root.locator("[data-tokenviz-error]")).to_contain_text("no_column")
    browsing.control("clear").click()
    browsing.assert_shows(lab.rows.sort("reward", descending=True))
    lab.opened.assert_quiet()


def test_two_sets_are_sorted_by_what_changed_most(lab: Lab) -> None:
    lab.run("both = rollouts(60).join(rollouts(60, worse=2.0))")
    browsing = lab.show("browser = both.show()\nbrowser")
    both = rollouts(60).join(rollouts(60, worse=2.0))
    browsing.head("max_delta").locator(".tokenviz-set-name").click()
    some = both.sort("max_delta", descending=True)
    expect(browsing.root.locator(ROWS).first).to_have_attribute("title", some.keys[0])
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        browsing.grid.press(key)
    opened = browsing.root.locator(".tokenviz-set-key")
    expect(opened).not_to_have_text("")
    key = opened.inner_text()
    place = some.place_of(key)
    lab.wait_for("browser._at", (key, some.to_arrow(["max_at"]).column(0)[place].as_py()))
    # The list of the worst tokens is the kernel's.
    browsing.control("worst").click()
    buttons = browsing.root.locator(".tokenviz-set-placelist button")
    found = both.worst(50)
    expect(buttons).to_have_count(50)
    for i in (0, 30):
        expect(buttons.nth(i).locator("mark")).to_have_text(found[i].token)
        expect(buttons.nth(i).locator("bdi").last).to_have_text(found[i].after)
    buttons.nth(1).click()
    lab.wait_for("browser._at", (found[1].key, found[1].position))
    assert_accessible(lab.page, SET)
    lab.opened.assert_quiet()


def test_with_a_model_a_row_opens_as_an_explorer(lab: Lab) -> None:
    lab.run(
        "import tokenviz as tv\nlm = tv.load_model()\n"
        "texts = lm.score_set(['What is 3 + 4?', 'What is 12 + 5?', 'What is 9 - 2?'], "
        "keys=['a', 'b', 'c'], progress=False)"
    )
    browsing = lab.show("browser = texts.show(model=lm)\nbrowser")
    browsing.head("worst_logprob").locator(".tokenviz-set-name").click()
    some = lab.ask("texts.sort('worst_logprob').keys")
    expect(browsing.root.locator(ROWS).first).to_have_attribute("title", some[0])
    browsing.root.locator(ROWS).first.locator(".tokenviz-set-first").click()
    explorer = browsing.root.locator(".tokenviz-explorer[data-tokenviz-explorer-ready=true]")
    expect(explorer).to_be_visible(timeout=RUN_TIME)
    expect(browsing.root.locator(".tokenviz-set-figure")).to_be_hidden()
    worst = lab.ask(f"texts.to_pandas()['worst_at'][{some[0]!r}].item()")
    lab.wait_for("browser.explorer._view['selected']", [worst, 0])
    # Answers stay with the row.
    lab.ask("browser.explorer.why(2).values.shape")
    browsing.control("next-row").click()
    lab.wait_for("(browser.selected, len(browser.explorer.tree.answers))", (some[1], 0))
    expect(explorer).to_have_count(1)
    browsing.control("previous-row").click()
    lab.wait_for("(browser.selected, len(browser.explorer.tree.answers))", (some[0], 1))
    expect(explorer).to_be_visible(timeout=RUN_TIME)
    browsing.control("explore-row").click()
    expect(explorer).to_have_count(0)
    expect(browsing.root.locator(".tokenviz-set-figure")).to_be_visible()
    lab.wait_for("browser.exploring", False)
    assert_accessible(lab.page, SET)
    lab.opened.assert_quiet()


def test_messages_with_rows_are_small(lab: Lab) -> None:
    """The last test: of all that the others had sent."""
    sizes = [
        frame.size
        for frame in lab.wire.frames
        if frame.kind == "comm_msg"
        and frame.content["data"].get("content", {}).get("tokenviz") == "set"
        and "start" in frame.content["data"]["content"]
    ]
    assert len(sizes) > 10
    assert max(sizes) < LARGEST


def test_a_kernel_that_is_gone_is_told_of(lab: Lab) -> None:
    """After all others: it ends the kernel."""
    browsing = lab.show("browser = rows.show(channel='surprisal')\nbrowser")
    browsing.assert_shows(lab.rows)
    browsing.root.locator(ROWS).nth(1).locator(".tokenviz-set-first").click()
    expect(browsing.root.locator(".tokenviz-set-key")).to_have_text(lab.rows.keys[1])
    os.kill(int(evaluate(lab.kernel, "__import__('os').getpid()")), signal.SIGKILL)
    browsing.head("reward").locator(".tokenviz-set-name").click()
    status = browsing.root.locator(".tokenviz-set-status[data-tokenviz-error]")
    expect(status).to_contain_text("run the cell", timeout=RUN_TIME)
    expect(browsing.grid).to_have_attribute("aria-busy", "false")
    figure = browsing.root.locator(".tokenviz[data-tokenviz-kind=trace]")
    expect(figure).to_be_visible()
