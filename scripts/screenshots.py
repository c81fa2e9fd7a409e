"""Take the pictures in docs/: both reference figures, light and dark, as Chromium draws them.

`python scripts/screenshots.py` writes them into docs/; a test takes them again elsewhere and
compares.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

import tokenviz as tv

DOCS = Path(__file__).parents[1] / "docs"
WIDTHS = {"attribution": 680, "trace": 1360}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def take(browser: Browser, folder: Path) -> list[Path]:
    """Write the four pictures into ``folder``, at two device pixels per CSS pixel."""
    taken = []
    with TemporaryDirectory() as pages:
        for name, width in WIDTHS.items():
            page_file = getattr(tv.examples, name)().save(Path(pages) / f"{name}.html")
            for theme in THEMES:
                page = browser.new_page(
                    viewport={"width": width, "height": 900},
                    color_scheme=theme,
                    device_scale_factor=2,
                )
                page.goto(page_file.as_uri())
                page.locator('.tokenviz[data-tokenviz-ready="true"]').wait_for()
                page.locator(".tokenviz").evaluate("e => e.tokenvizFigure.painted()")
                height = page.evaluate("document.body.getBoundingClientRect().height")
                taken.append(folder / f"{name}-{theme}.png")
                page.screenshot(
                    path=taken[-1], clip={"x": 0, "y": 0, "width": width, "height": height}
                )
                page.close()
    return taken


def main() -> None:
    """Take the pictures with the Chromium of the tests."""
    sys.path.insert(0, str(DOCS.parent))
    from tests.chromium import ARGUMENTS, EXECUTABLE

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        for path in take(browser, DOCS):
            print(path.relative_to(DOCS.parent))
        browser.close()


if __name__ == "__main__":
    main()
