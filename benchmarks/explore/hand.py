"""The mouse and the keys on an explorer, and how long it takes until one sees what came of them.

They are the browser's own, moved by its debugger. A time begins with the event, as the browser
dates it, and ends with the presentation of the frame that shows what came of it, as Element Timing
reports it. That rounds to 4 ms, and a frame has to come: `nothing` tells what that alone takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks.render.driver import SCRIPT as DRIVER

__all__ = ["SCRIPT", "Hand"]

SCRIPT = DRIVER + (Path(__file__).parent / "page.js").read_text(encoding="utf-8")
"""Runs in a page before anything else."""
_REST = 100  # milliseconds before each action


class Hand:
    """Who clicks in an explorer.

    Parameters
    ----------
    page
        Where it is the first explorer; :data:`SCRIPT` runs there.
    """

    def __init__(self, page: Page) -> None:
        self._page = page

    def rest(self, milliseconds: float = _REST) -> None:
        """Do nothing for a while."""
        self._page.wait_for_timeout(milliseconds)

    def click(self, position: int, slot: int, wait: str = "answered") -> dict[str, Any]:
        """Click a token, or an alternative, and wait for what comes of it."""
        return self._pressed(self._place("place", position, slot), wait)

    def show(self, branch: int) -> dict[str, Any]:
        """Click a branch's row."""
        return self._pressed(self._place("row", branch), "answered")

    def press(self, key: str, wait: str) -> dict[str, Any]:
        """Press a key."""
        self.rest()
        self._arm("keydown", wait)
        self._page.keyboard.press(key)
        return self._came()

    def hover(self, position: int, slot: int) -> dict[str, Any]:
        """Move the mouse to a token."""
        x, y = self._place("place", position, slot)
        self._arm("pointermove", "painted")
        self._page.mouse.move(x, y)
        return self._came()

    def wheel(self, pixels: int) -> dict[str, Any]:
        """Turn the wheel, above the text."""
        self.rest()
        self._arm("wheel", "scrolled")
        self._page.mouse.wheel(0, pixels)
        return self._came()

    def nothing(self, count: int) -> list[float]:
        """Milliseconds for a frame that changes nothing."""
        found = []
        for _ in range(count):
            self.rest()
            found.append(float(self._page.evaluate("tokenvizExplore.nothing()")))
        return found

    def _place(self, what: str, *which: int) -> Sequence[float]:
        found: Sequence[float] = self._page.evaluate(
            f"which => tokenvizExplore.{what}(...which)", which
        )
        return found

    def _pressed(self, place: Sequence[float], wait: str) -> dict[str, Any]:
        """A click as a hand makes it: what is under the mouse is pointed at first."""
        x, y = place
        self._page.mouse.move(x, y)
        self.rest()
        self._arm("click", wait)
        self._page.mouse.click(x, y)
        return self._came()

    def _arm(self, event: str, wait: str) -> None:
        self._page.evaluate("which => tokenvizExplore.arm(...which)", [event, wait])

    def _came(self) -> dict[str, Any]:
        found: dict[str, Any] = self._page.evaluate("tokenvizExplore.pending()")
        return found
