"""The page of several traces in Chromium, and the page that is served."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.chromium import OfflinePages
from tests.cli.running import LONG, run, start
from tests.figure import Figure, expected_color

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
SMALL, LARGE = [0.0, 0.5, 1.0], [0.0, 2.0, 4.0]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two traces, a comparison and an attribution, sorted by a channel that the traces have."""
    folder = tmp_path_factory.mktemp("view")
    words = [HOSTILE, " two", " three"]
    small = tv.Trace(words, [-1.0, -2.0, -3.0], channels={"mismatch_kl": SMALL})
    large = tv.Trace(["one", " two", " three"], [-1.0, -1.0, -1.0], channels={"mismatch_kl": LARGE})
    small.save(folder / "a.json")
    large.save(folder / "b.json")
    tv.compare(large, tv.Trace(large.tokens, [-1.0, -4.0, -1.0])).save(folder / "c.npz")
    tv.Attribution(np.array([[3.0], [-1.0]]), ["43", " x"], [" 172"]).save(folder / "d.json")
    out = folder / "page.html"
    ran = run(
        "view", folder, "--channel", "mismatch_kl", "--sort", "mismatch_kl", "-o", out,
        "--title", "Rollouts <of> step 100",
    )  # fmt: skip
    assert (ran.status, ran.err) == (0, "")
    return out


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_page_begins_with_what_is_on_it(
    page: Path, scheme: Any, width: int, offline: OfflinePages
) -> None:
    opened = offline.open(page, color_scheme=scheme, width=width)
    shown = opened.page
    expect(shown).to_have_title("Rollouts <of> step 100")
    expect(shown.get_by_role("heading", level=1)).to_have_text("Rollouts <of> step 100")
    contents = shown.get_by_role("navigation", name="Contents")
    rows = contents.get_by_role("row")
    heads = rows.first.get_by_role("columnheader").all_inner_texts()
    assert heads == [
        "Begins", "From", "Tokens", "log p", "per token", "Worst token", "its log p",
        "extreme mismatch_kl",
    ]  # fmt: skip
    # The largest first; what has no such channel, or is no trace, last.
    cells = [row.get_by_role("cell").all_inner_texts() for row in rows.all()[1:]]
    assert [row[1] for row in cells] == ["b.json", "c.npz", "a.json", "d.json"]
    assert cells[0][2:] == ["3", "−3", "−1", "one", "−1", "4"]
    assert cells[2][0].startswith(HOSTILE[:20])
    assert cells[3][-1] == "–"
    figures = shown.locator(".tokenviz-figure > .tokenviz")
    expect(figures).to_have_count(4)
    # A link leads to its figure, by the keys.
    contents.get_by_role("link").nth(2).focus()
    shown.keyboard.press("Enter")
    expect(shown.locator("#tokenviz-3")).to_be_in_viewport()
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # One colour means one number in all of them.
    for number, values in ((0, LARGE), (2, SMALL)):
        figure = Figure(figures.nth(number))
        cells_of = [(i, 0) for i in range(3)]
        found = figure.colors(cells_of)
        expected = [expected_color(value, "Oranges", 0, 4) for value in values]
        assert [found[cell] for cell in cells_of] == expected
    assert_accessible(shown, "main")
    opened.assert_quiet()


def test_it_is_read_without_scripts(page: Path, offline: OfflinePages) -> None:
    shown = offline.open(page, scripts=False).page
    expect(shown.get_by_role("navigation").get_by_role("link")).to_have_count(4)
    expect(shown.locator(".tokenviz-static table").first).to_be_visible()


def test_without_a_place_it_is_served_until_it_is_enough(page: Path, offline: OfflinePages) -> None:
    with start("view", page.parent / "a.json", "--no-open") as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        for _ in range(2):  # and again, when it is reloaded
            opened = offline.open(address)
            Figure(opened.page.locator(".tokenviz"))
            opened.assert_quiet()
        head, _, _ = address.rstrip("/").rpartition("/")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{head}/guessed/", timeout=LONG)
        process.send_signal(signal.SIGINT)
        assert process.wait(LONG) == 0
        assert process.stderr is not None
        assert process.stderr.read() == "tokenviz: note: Ctrl-C ends it\n"
