"""Rollouts of our script on a page: from its first sight to the ten most mismatched tokens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

import tokenviz as tv
from scripts.make_rollouts import make_rollouts
from tests.browser.browsing import SET, Browsing
from tests.chromium import OfflinePages
from tests.cli.running import run

pytest.importorskip("duckdb")


def test_the_ten_most_mismatched_tokens_are_found_in_three_clicks(
    offline: OfflinePages, tmp_path: Path
) -> None:
    lm = tv.load_model()
    make_rollouts(tmp_path / "rollouts", count=96, seed=0, progress=False)
    rows = tv.read(f"{tmp_path}/rollouts/step_*/*.jsonl", tokenizer=lm.tokenizer, progress=False)
    found = sorted(
        (
            (float(trace.channels["mismatch_kl"][i]), key, int(i))
            for key, trace in zip(rows.keys, rows, strict=True)
            for i in np.flatnonzero(trace.flags["loss_mask"])
        ),
        reverse=True,
    )[:10]
    page = tmp_path / "page.html"
    ran = run(
        "view", tmp_path / "rollouts", "--tokenizer", "demo", "-o", page
    )  # no channel is asked
    assert ran.status == 0, ran.err
    opened = offline.open(page)
    opened.page.set_viewport_size({"width": 1280, "height": 900})
    browsing = Browsing(opened.page.locator(SET))
    browsing.settle()

    browsing.control("colour").select_option("mismatch_kl")  # opening the menu, and an entry of it
    browsing.control("worst").click()  # the third
    buttons = browsing.root.locator(".tokenviz-set-placelist button")
    wanted = [f"{key}, token {i + 1}" for _, key, i in found]
    expect(buttons.first).to_have_attribute("title", wanted[0])
    for place, one in enumerate(wanted):
        expect(buttons.nth(place)).to_have_attribute("title", one)
        expect(buttons.nth(place)).to_be_in_viewport()

    buttons.first.click()
    expect(browsing.root.locator(".tokenviz-set-key")).to_have_text(found[0][1])
    figure = browsing.root.locator(".tokenviz[data-tokenviz-kind=trace]")
    assert figure.evaluate("one => one.tokenvizFigure.state.selected") == [found[0][2], 0]
    opened.assert_quiet()
