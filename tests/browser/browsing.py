"""What a reader sees of a set, and does: on a page, and in a notebook."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Locator, expect

import tokenviz as tv
from tests.figure import Figure, expected_color

__all__ = ["GRID", "ROWS", "SET", "Browsing"]

SET = ".tokenviz-set"
GRID = ".tokenviz-set-grid"
ROWS = ".tokenviz-set-row:not([hidden])"


class Browsing:
    """What a reader sees of a set, and does."""

    def __init__(self, root: Locator) -> None:
        self.page = root.page
        self.root = root
        self.grid = root.locator(GRID)

    def settle(self) -> None:
        self.page.wait_for_timeout(30)
        self.root.evaluate("element => element.tokenvizSet.settled()")

    def control(self, name: str) -> Locator:
        return self.root.locator(f"[data-tokenviz-control={name}]")

    def head(self, column: str) -> Locator:
        return self.root.locator(f'[role=columnheader][data-tokenviz-column="{column}"]')

    def keys(self) -> list[str]:
        self.settle()
        return self.root.locator(ROWS).evaluate_all("rows => rows.map(row => row.title)")

    def assert_shows(self, rows: tv.TraceSet) -> None:
        """The table shows these rows, from the first on."""
        expect(self.grid).to_have_attribute("aria-rowcount", str(len(rows) + 1))
        expect(self.grid).to_have_attribute("aria-busy", "false")
        shown = self.keys()
        assert len(shown) >= min(len(rows), 10)
        assert shown == rows.keys[: len(shown)]

    def assert_open(self, rows: tv.TraceSet, place: int) -> None:
        """The figure of a row is open, in its own colours."""
        trace = rows[place]
        key = rows.keys[place]
        expect(self.root.locator(".tokenviz-set-key")).to_have_text(key)
        expect(self.root.locator(".tokenviz-set-where")).to_have_text(f"{place + 1} of {len(rows)}")
        self.settle()
        figure = Figure(self.root.locator(".tokenviz[data-tokenviz-kind=trace]"))
        figure.settle()
        label = self.root.locator(".tokenviz-colorbar-label").text_content()
        assert label == "Surprisal (bits)"
        values = -trace.logprobs / np.log(2)
        mask = trace.flags["loss_mask"]
        cells: list[tuple[int, int]] = [(i, 0) for i in range(min(8, len(trace))) if mask[i]]
        for cell, color in figure.colors(cells).items():
            wanted = expected_color(float(values[cell[0]]), "Oranges", 0, 10)
            np.testing.assert_allclose(color, wanted, atol=2)

    def drag_over(self, column: str, start: float, stop: float) -> None:
        box = self.head(column).locator("canvas").bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + start * box["width"], y)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + stop * box["width"], y, steps=3)
        self.page.mouse.up()
