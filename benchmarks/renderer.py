"""How large the renderer is, and how soon the two reference pages stand.

Times are medians of several openings of a saved page in headless Chromium on this machine: from
navigation to the first painted figure, and from a changed range to the repainted figure.
"""

from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, sync_playwright

import tokenviz as tv
from benchmarks.timing import Budget
from tests.chromium import ARGUMENTS, EXECUTABLE

OPENINGS = 7
RECOLOUR = """async root => {
  const field = root.querySelector('[data-tokenviz-control="vmax-number"]');
  const start = performance.now();
  field.value = field.value === "0.5" ? "0.75" : "0.5";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  await root.tokenvizFigure.painted();
  return performance.now() - start;
}"""


def bundle() -> dict[str, dict[str, int]]:
    """Bytes of each built file, plain and compressed."""
    static = files("tokenviz") / "static"
    contents = {file.name: file.read_bytes() for file in static.iterdir()}
    return {
        name: {"bytes": len(content), "gzip": len(gzip.compress(content))}
        for name, content in sorted(contents.items())
    }


def page_times(browser: Browser, page_file: Path, openings: int) -> dict[str, Any]:
    """Medians in milliseconds for one saved page."""
    first_paints, recolourings = [], []
    for _ in range(openings):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        # The clock of the page starts with the navigation.
        page.add_init_script(
            "new MutationObserver((_, observer) => {"
            "  if (document.querySelector('[data-tokenviz-ready]')) {"
            "    window.painted = performance.now(); observer.disconnect(); } })"
            ".observe(document, { subtree: true, childList: true, attributes: true });"
        )
        page.goto(page_file.as_uri())
        page.wait_for_function("() => window.painted")
        first_paints.append(page.evaluate("window.painted"))
        page.locator('[data-tokenviz-control="toggle"]').click()
        recolourings.append(page.locator(".tokenviz").evaluate(RECOLOUR))
        page.close()
    return {
        "bytes": page_file.stat().st_size,
        "first_paint_ms": round(median(first_paints), 1),
        "recolour_ms": round(median(recolourings), 1),
    }


def run(*, quick: bool = False, budget: Budget | None = None) -> dict[str, Any]:
    """Bytes of the built files, and times of the two pages."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        pages = {
            name: page_times(
                browser,
                getattr(tv.examples, name)().save(Path(folder) / f"{name}.html"),
                budget.repeats if quick and budget else OPENINGS,
            )
            for name in ("attribution", "trace")
        }
        report = {"chromium": browser.version, "bundle": bundle(), "pages": pages}
        browser.close()
    return report
