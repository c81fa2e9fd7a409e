"""Many traces from the shell: the table to browse, on a page that asks nobody and served."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import Page, expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.browse.sets import rollouts
from tests.browser.browsing import SET, Browsing
from tests.chromium import OfflinePages
from tests.cli.running import LONG, run, start
from tokenviz.browse.page import MOST
from tokenviz.cli.view import view

pytest.importorskip("duckdb")
N = 40


@pytest.fixture(scope="module")
def rows() -> tv.TraceSet:
    return rollouts(N)


@pytest.fixture(scope="module")
def folder(rows: tv.TraceSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rows.save(tmp_path_factory.mktemp("rollouts") / "step")


def table(page: Page) -> Browsing:
    shown = page.locator(SET)
    expect(shown).to_have_count(1, timeout=LONG * 1000)
    return Browsing(shown)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_a_page_of_many_is_the_table_and_asks_nobody(
    scheme: Any, width: int, rows: tv.TraceSet, folder: Path, tmp_path: Path, offline: OfflinePages
) -> None:
    out = tmp_path / "page.html"
    ran = run(
        "view", folder, "--filter", "reward > 0.2", "--sort", "reward", "--top", "12", "--channel",
        "surprisal", "--title", "Step <100>", "-o", out,
    )  # fmt: skip
    fitting = rows.filter("reward > 0.2")
    assert ran == (0, "", f"tokenviz: note: 12 of {len(fitting)} are shown; --top 0 shows all\n")
    expected = fitting.sort("reward", descending=True)[:12]
    opened = offline.open(out, color_scheme=scheme, width=width, height=1200)
    page = opened.page
    expect(page).to_have_title("Step <100>")
    expect(page.get_by_role("heading", level=1)).to_have_text("Step <100>")
    expect(page.get_by_role("main").locator("> p")).to_have_text(
        f"12 of {len(fitting)}, sorted by reward. Of {N} these {len(fitting)} fit reward > 0.2."
    )
    browsing = table(page)
    browsing.assert_shows(expected)
    # What it is sorted by is seen first, and can be turned about here.
    expect(browsing.root.get_by_role("columnheader").nth(2)).to_contain_text("reward")
    expect(browsing.head("reward")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("row").nth(3).click()
    browsing.assert_open(expected, 2)
    browsing.head("reward").locator(".tokenviz-set-name").click()
    expect(browsing.head("reward")).to_have_attribute("aria-sort", "none")
    browsing.assert_shows(expected)  # as it lies in the page
    browsing.head("reward").locator(".tokenviz-set-name").click()
    expect(browsing.head("reward")).to_have_attribute("aria-sort", "ascending")
    browsing.assert_shows(expected.sort("reward"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page, "main")
    opened.assert_quiet()


def test_a_page_says_what_it_does_not_hold(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    with patch("tokenviz.cli.view.most_of_page", lambda: 10):
        ran = run("view", folder, "--sort", "worst", "--top", "0", "-o", out)
    assert ran.status == 0
    assert f"10 of {N} are shown; a page holds no more; without -o" in ran.err
    assert f"10 of {N}, sorted by worst." in out.read_text("utf-8")
    assert MOST == 5000  # what help says


def test_an_order_that_a_page_cannot_compute_is_that_of_its_rows(
    rows: tv.TraceSet, folder: Path, tmp_path: Path, offline: OfflinePages
) -> None:
    out = tmp_path / "page.html"
    sort = "reward * n_tokens"
    assert run("view", folder, "--sort", sort, "--reverse", "--top", "15", "-o", out).status == 0
    table(offline.open(out).page).assert_shows(rows.sort(sort)[:15])


@contextmanager
def served(capsys: pytest.CaptureFixture[str], **options: Any) -> Iterator[str]:
    """The command in a thread, until its page has had enough; the address that it prints."""
    given = {"sort": None, "filter": None, "top": None, "channel": None, "title": None}
    rest = {"output": None, "reverse": False, "format": None, "tokenizer": None, "open_": False}
    call = threading.Thread(target=view, kwargs={**given, **rest, "port": 0, **options})
    call.start()
    said = ""
    until = time.monotonic() + LONG
    while "\n" not in said and call.is_alive() and time.monotonic() < until:
        call.join(0.05)
        said += capsys.readouterr().out
    yield said.strip()
    call.join(LONG)
    assert not call.is_alive()


def test_served_all_rows_can_be_browsed(
    rows: tv.TraceSet, folder: Path, tmp_path: Path, offline: OfflinePages,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    # More than a page would hold.
    with (
        patch("tokenviz.cli.view.most_of_page", lambda: 10),
        served(
            capsys, files=[str(folder)], sort="worst", filter="n_tokens > 20", channel="surprisal"
        ) as address,
    ):
        expected = rows.filter("n_tokens > 20").sort("worst_logprob")
        assert 10 < len(expected) < N
        opened = offline.open(address, height=1200)
        page = opened.page
        browsing = table(page)
        browsing.assert_shows(expected)
        page.get_by_role("row").nth(2).click()
        browsing.assert_open(expected, 1)
        assert_accessible(page, "body")
        # What the shell asked for can be taken back, and other things asked.
        page.get_by_role("button", name="n_tokens > 20").click()
        browsing.assert_shows(rows.sort("worst_logprob"))
        condition = browsing.control("condition")
        condition.fill("reward * n_tokens > 30")
        condition.press("Enter")
        expected = rows.filter("reward * n_tokens > 30").sort("worst_logprob")
        browsing.assert_shows(expected)
        # A reload shows what was there, and the page can be kept.
        page.reload()
        browsing = table(page)
        browsing.assert_shows(expected)
        with page.expect_download() as download:
            page.get_by_role("link", name="Save page").click()
        assert download.value.suggested_filename == "set.html"
        download.value.save_as(tmp_path / "kept.html")
        opened.assert_quiet()
        page.get_by_role("button", name="Quit").click()
    table(offline.open(tmp_path / "kept.html").page).assert_shows(expected)


def test_while_the_command_is_busy_the_page_says_who_does_not_answer(
    rows: tv.TraceSet, folder: Path, offline: OfflinePages
) -> None:
    with start("view", folder, "--sort", "worst", "--no-open") as process:
        assert process.stdout is not None
        page = offline.open(process.stdout.readline().strip()).page
        browsing = table(page)
        browsing.assert_shows(rows.sort("worst_logprob"))
        status = page.locator(".tokenviz-set-foot [role=status]")
        try:
            process.send_signal(signal.SIGSTOP)
            browsing.head("n_tokens").click()
            expect(status).to_contain_text("No answer comes from tokenviz", timeout=LONG * 1000)
            expect(status).to_contain_text("if it is gone, run the command again.")
        finally:
            process.send_signal(signal.SIGCONT)
        expect(status).to_have_text(f"{N} rows", timeout=LONG * 1000)
