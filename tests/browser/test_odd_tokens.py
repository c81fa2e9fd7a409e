"""Tokens that are hard to draw: each stays in its cell, and can be told from the others."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import expect

import tokenviz as tv
from tests.chromium import OfflinePages
from tests.figure import Figure

ODD = [
    "שלום",
    " مرحبا",
    "\u0301",
    "Z" + "\u0301\u0316" * 20,
    "👩\u200d👧\u200d👦",
    "x" * 300,
    "\u200d",
    "\u200b",
    "\ufeff",
    "\xad",
    "\x00",
    "\u202e",
    "\ufe0f",
    "\t\t",
    "\u2028",
    "\ufdfd",  # a ligature of four words
    "\u0940",
]


def shades(figure: Figure) -> npt.NDArray[np.int64]:
    """What the viewport shows, in greys."""
    picture = Image.open(io.BytesIO(figure.viewport.screenshot())).convert("L")
    return np.asarray(picture).astype(np.int64)


def test_in_a_trace_nothing_is_painted_outside_a_cell(
    offline: OfflinePages, tmp_path: Path
) -> None:
    widget = tv.Trace(ODD, np.zeros(len(ODD))).show(row_length=6, border=False, colormap="Greys")
    page = offline.open(widget.save(tmp_path / "odd.html"), width=1000).page
    figure = Figure(page.locator(".tokenviz"))
    box = figure.viewport.bounding_box()
    assert box is not None
    picture = shades(figure)
    for position in range(len(ODD)):
        x, y, width, height = (round(length) for length in figure.rect((position, 0)))
        left, top = x - round(box["x"]), y - round(box["y"])
        assert picture[top : top + height, left + width].min() > 200, f"right of {position}"
        assert picture[top + height + 1, left : left + width].min() > 200, f"below {position}"
        assert picture[top - 2, left : left + width].min() > 200, f"above {position}"


def test_in_a_heatmap_nothing_is_painted_between_the_labels(
    offline: OfflinePages, tmp_path: Path
) -> None:
    source = tv.Attribution(np.zeros((len(ODD), 1)), ODD, ["target"])
    page = offline.open(source.save(tmp_path / "odd.html"), width=1000).page
    figure = Figure(page.locator(".tokenviz"))
    box = figure.viewport.bounding_box()
    assert box is not None
    picture = shades(figure)
    for row in range(len(ODD)):
        x, y, _, height = (round(length) for length in figure.rect((row, 0)))
        left, top = x - round(box["x"]), y - round(box["y"])
        assert picture[top + height, : left - 1].min() > 200, f"below {row}"
        assert picture[top : top + height, left - 4 : left - 1].min() > 200, f"right of {row}"


def test_what_cannot_be_seen_is_named(offline: OfflinePages, tmp_path: Path) -> None:
    source = tv.Attribution(np.zeros((len(ODD), 1)), ODD, ["target"])
    page = offline.open(source.save(tmp_path / "odd.html")).page
    figure = Figure(page.locator(".tokenviz"))
    texts = page.get_by_role("rowheader").all_text_contents()
    expect(page.get_by_role("rowheader").nth(6)).to_have_text("zero width joiner")
    assert len(set(texts)) == len(texts)
    assert all(text.strip() for text in texts)
    figure.viewport.focus()
    for _ in range(7):
        page.keyboard.press("ArrowDown")
    tooltip = page.locator(".tokenviz-tooltip")
    expect(tooltip).to_contain_text("\\u200d")
    expect(tooltip).to_contain_text("zero width joiner")
