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


class OfflinePages:
    """Opens files in fresh browser contexts that have no network."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
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
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=color_scheme,
            java_script_enabled=scripts,
            device_scale_factor=device_scale_factor,
        )
        self._contexts.append(context)
        page = context.new_page()
        opened = Opened(page)

        def refuse(route: Route) -> None:
            if route.request.url.startswith(_LOCAL):
                route.continue_()
            else:
                opened.outside.append(route.request.url)
                route.abort()

        def listen(message: ConsoleMessage) -> None:
            if message.type == "error":
                opened.errors.append(message.text)

        context.route("**/*", refuse)
        page.on("console", listen)
        page.on("pageerror", lambda error: opened.errors.append(str(error)))
        page.goto(target.as_uri() if isinstance(target, Path) else target)
        return opened

    def __enter__(self) -> OfflinePages:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        for context in self._contexts:
            context.close()
