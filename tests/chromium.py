"""Chromium for tests: pages that cannot reach the network and remember what they tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route

EXECUTABLE = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",  # containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_LOCAL = ("file://", "data:", "blob:", "http://127.0.0.1", "http://localhost")


@dataclass
class Opened:
    """A page, and what happened on it."""

    page: Page
    outside: list[str] = field(default_factory=list)
    """Requests that would have left this machine; they were refused."""
    errors: list[str] = field(default_factory=list)
    """Console errors and uncaught exceptions."""

    def assert_quiet(self) -> None:
        assert self.outside == []
        assert self.errors == []


Kept = dict[tuple[bool, float], BrowserContext]
"""Contexts that stay: with scripts or without, and the density of their screens."""


class OfflinePages:
    """Opens pages that have no network, each on its own, and closes them.

    A server's page gets a context of its own, with its cookies and storage. Saved files have
    neither, so they share what is ``kept``: processes of a new context, or of one whose last page
    was closed, are two thirds of what it costs to open a figure.
    """

    def __init__(self, browser: Browser, kept: Kept | None = None) -> None:
        self._browser = browser
        self._kept = kept
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        target: Path | str,
        *,
        color_scheme: Literal["light", "dark"] = "light",
        scripts: bool = True,
        width: int = 1280,
        height: int = 900,
        device_scale_factor: float = 1,
    ) -> Opened:
        """Open a file (or a local URL) and wait until it has loaded."""
        context = self._context(target, scripts, device_scale_factor)
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=color_scheme)
        opened = Opened(page)

        def refuse(route: Route) -> None:
            if route.request.url.startswith(_LOCAL):
                route.continue_()
            else:
                opened.outside.append(route.request.url)
                route.abort()

        def refuse_in(page: Page) -> None:
            page.route("**/*", refuse)

        def listen(message: ConsoleMessage) -> None:
            if message.type == "error":
                opened.errors.append(message.text)

        if context in self._contexts:
            context.route("**/*", refuse)
        else:  # others open pages in it, too
            refuse_in(page)
            page.on("popup", refuse_in)
        page.on("console", listen)
        page.on("pageerror", lambda error: opened.errors.append(str(error)))
        page.goto(target.as_uri() if isinstance(target, Path) else target)
        return opened

    def _context(self, target: Path | str, scripts: bool, density: float) -> BrowserContext:
        key = (scripts, density)
        if self._kept is not None and isinstance(target, Path):
            if key not in self._kept:
                self._kept[key] = self._new_context(*key)
                self._kept[key].new_page()  # stays open
            return self._kept[key]
        self._contexts.append(self._new_context(*key))
        return self._contexts[-1]

    def _new_context(self, scripts: bool, density: float) -> BrowserContext:
        return self._browser.new_context(
            java_script_enabled=scripts,
            device_scale_factor=density,
            viewport={"width": 1280, "height": 900},
        )

    def __enter__(self) -> OfflinePages:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        for context in (self._kept or {}).values():
            context.clear_permissions()
            for page in context.pages[1:]:
                page.close()
