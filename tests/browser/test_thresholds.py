"""Thresholds, spans and marks of a trace, by hand, on an exported page without a kernel."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.axe import assert_accessible
from tests.chromium import OfflinePages
from tests.figure import Figure
from tokenviz import Trace


def rollout() -> Trace:
    rng = np.random.default_rng(3)
    n, prompt = 120, 24
    answered = np.arange(n) >= prompt
    known = np.where(answered, 0, math.nan)
    ratio = np.exp(rng.normal(0, 0.5, n)) + known
    return Trace(
        [f" t{i}" for i in range(n)],
        known - rng.exponential(0.6, n),
        channels={"advantage": rng.normal(0, 1, n) + known, "importance_ratio": ratio},
        flags={"loss_mask": answered, "clipped": ratio > 1.6},
        categories={"role": ["user"] * prompt + ["assistant"] * (n - prompt)},
    )


def state(figure: Figure, name: str) -> Any:
    return figure.locator.evaluate("(e, name) => e.tokenvizFigure.state[name]", name)


def test_a_threshold_by_hand(offline: OfflinePages, tmp_path: Path) -> None:
    trace = rollout()
    path = trace.show(channel="importance_ratio", height=260).save(tmp_path / "rollout.html")
    opened = offline.open(path)
    figure = Figure(opened.page.locator(".tokenviz"))
    caption = figure.locator.locator(".tokenviz-caption")
    live = figure.locator.locator(".tokenviz-live")
    handle = figure.control("colorbar-threshold")
    expect(handle).to_be_hidden()

    # With nothing set, the key leads to where it is set.
    figure.viewport.press("e")
    expect(figure.control("threshold")).to_be_focused()
    figure.type("threshold", 1.5)
    beyond = np.flatnonzero(trace.channels["importance_ratio"] >= np.float32(1.5))
    share = math.floor(100 * len(beyond) / 96 + 0.5)
    counted = f"{len(beyond)} of 96 tokens ({share} %)"
    expect(figure.control("beyond-count")).to_have_text(counted)
    expect(caption).to_contain_text(f"importance_ratio ≥ 1.5: {counted}")
    assert_accessible(opened.page)

    for position in beyond[:3]:
        figure.viewport.press("e")
        expect(live).to_contain_text(f"position {position + 1},")
    figure.viewport.press("Shift+E")
    expect(live).to_contain_text(f"position {beyond[1] + 1},")
    figure.control("beyond-next").click()
    expect(live).to_contain_text(f"position {beyond[2] + 1},")

    # The bar's own: by the keys, then dragged to where the scale says 1.
    handle.press("ArrowDown")
    assert state(figure, "threshold") < 1.5
    box = handle.bounding_box()
    ticks = figure.locator.locator(".tokenviz-tick")
    one = ticks.get_by_text("1", exact=True).bounding_box()
    assert box and one
    x, y = box["x"] + 12, box["y"] + 12
    opened.page.mouse.move(x, y)
    opened.page.mouse.down()
    opened.page.mouse.move(x, (y + one["y"]) / 2)
    opened.page.mouse.move(x, one["y"] + one["height"] / 2)
    opened.page.mouse.up()
    assert state(figure, "threshold") == pytest.approx(1, abs=0.03)

    figure.control("beyond").select_option("below")
    figure.type("threshold", 0.5)
    expect(caption).to_contain_text("importance_ratio ≤ 0.5: ")
    # Another channel has other units.
    figure.control("channel").select_option("advantage")
    expect(figure.control("beyond-count")).to_have_text("")
    expect(handle).to_be_hidden()
    opened.assert_quiet()


def test_spans_by_keys_and_mouse(offline: OfflinePages, tmp_path: Path) -> None:
    trace = rollout()
    path = trace.show(selected=(30, 0)).save(tmp_path / "rollout.html")
    opened = offline.open(path)
    figure = Figure(opened.page.locator(".tokenviz"))
    caption = figure.locator.locator(".tokenviz-caption")
    live = figure.locator.locator(".tokenviz-live")

    def said(start: int, stop: int) -> str:
        total = trace.summary(start, stop).logprob
        return f"tokens {start + 1} to {stop}: log-probability −{-total:.4f} nats, probability "

    for _ in range(3):
        figure.viewport.press("Shift+ArrowRight")
    assert state(figure, "span") == [30, 34]
    expect(caption).to_contain_text(said(30, 34))
    expect(live).to_contain_text(said(30, 34))
    tooltip = figure.locator.locator(".tokenviz-tooltip")
    expect(tooltip).to_contain_text("loss_mask 100 %")
    worst = trace.summary(30, 34).worst
    assert worst is not None
    expect(tooltip).to_contain_text(f"at {worst.position + 1}: ")
    assert_accessible(opened.page)
    for _ in range(5):
        figure.viewport.press("Shift+ArrowLeft")
    assert state(figure, "span") == [28, 31]
    figure.viewport.press("Escape")
    assert state(figure, "span") is None
    expect(caption).not_to_contain_text("tokens 29")

    middle = {i: figure.rect((i, 0)) for i in (45, 50)}
    start, end = ((x + w / 2, y + h / 2) for x, y, w, h in middle.values())
    mouse = opened.page.mouse
    mouse.move(*start)
    mouse.down()
    mouse.move((start[0] + end[0]) / 2, start[1], steps=3)
    mouse.move(*end)
    mouse.up()
    assert state(figure, "span") == [45, 51]
    assert state(figure, "selected") == [30, 0]  # a drag is no click
    expect(caption).to_contain_text(said(45, 51))
    mouse.click(*start)
    assert state(figure, "span") is None
    assert state(figure, "selected") == [45, 0]
    opened.page.keyboard.down("Shift")
    mouse.click(*end)
    opened.page.keyboard.up("Shift")
    assert state(figure, "span") == [45, 51]

    # Typed, as one does without mouse and Shift.
    figure.open_controls()
    expect(figure.control("span-first")).to_have_value("46")
    figure.type("span-last", 60)
    assert state(figure, "span") == [45, 60]
    figure.control("span-first").fill("")
    assert state(figure, "span") is None
    figure.control("span-first").fill("3")
    assert state(figure, "span") == [2, 60]
    figure.control("span-last").fill("1")  # before the first: not a span yet
    assert state(figure, "span") == [2, 60]
    opened.assert_quiet()


def test_marks_are_in_the_panel_where_there_are_any(offline: OfflinePages, tmp_path: Path) -> None:
    path = rollout().show(show_controls=True).save(tmp_path / "rollout.html")
    opened = offline.open(path, width=360, color_scheme="dark")
    figure = Figure(opened.page.locator(".tokenviz"))
    caption = figure.locator.locator(".tokenviz-caption")
    expect(caption).to_contain_text("dimmed: not in loss_mask (20 %)")
    figure.control("flag").select_option("clipped")
    expect(caption).to_contain_text("striped: clipped")
    figure.control("category").select_option("")
    expect(caption).not_to_contain_text("bands")
    figure.control("written").select_option("advantage")
    expect(caption).to_contain_text("written: advantage")
    expect(figure.control("show_rest")).to_be_hidden()  # there are no alternatives
    assert_accessible(opened.page)
    figure.control("reset").click()
    expect(caption).to_contain_text("dimmed: not in loss_mask")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
    opened.assert_quiet()

    plain = Trace(["a", "b"], [-1.0, -2.0], [[("c", -1.5)], []])
    opened = offline.open(plain.show(show_controls=True).save(tmp_path / "plain.html"))
    figure = Figure(opened.page.locator(".tokenviz"))
    for name in ("flag", "category"):
        expect(figure.control(name)).to_be_hidden()
    figure.control("show_rest").check()
    assert state(figure, "show_rest") is True
