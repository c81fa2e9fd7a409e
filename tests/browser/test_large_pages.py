"""Pages with a large matrix: what is written small is read back, and the page says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.chromium import OfflinePages
from tests.figure import Figure

SIDE = 512
NO_NATIVE = "delete Uint8Array.fromBase64;"


@pytest.fixture(scope="module")
def values() -> npt.NDArray[np.float32]:
    matrix = (0.3 * np.random.default_rng(1).standard_normal((SIDE, SIDE))).astype(np.float32)
    matrix[0, :3] = [np.nan, np.inf, -0.0]
    return matrix


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, values: npt.NDArray[np.float32]) -> Path:
    rows = [f" row {i}" for i in range(SIDE - 1)] + ["</script><script>throw 1</script>"]
    widget = tv.Attribution(values, rows, [f"column {i}" for i in range(SIDE)]).show(height=300)
    path: Path = widget.save(tmp_path_factory.mktemp("large") / "page.html")
    state, _, _ = path.read_text(encoding="utf-8").partition('<div class="tokenviz-static">')
    assert len(state) < 0.75 * values.nbytes
    return path


@pytest.mark.parametrize("native", [True, False])
def test_numbers_are_read_whatever_the_browser_can(
    offline: OfflinePages, page: Path, values: npt.NDArray[np.float32], native: bool
) -> None:
    opened = offline.open(page if native else _without_native_base64(page))
    figure = Figure(opened.page.locator(".tokenviz"))
    expect(figure.locator.locator(".tokenviz-caption")).to_contain_text("rounded to float16")

    figure.viewport.focus()
    opened.page.keyboard.press("Control+End")
    opened.page.keyboard.press("Home")
    last = float(np.float16(values[-1, 0]))
    tooltip = opened.page.locator(".tokenviz-tooltip")
    expect(tooltip).to_contain_text("</script><script>throw␣1</script>")
    expect(tooltip).to_contain_text(str(np.float32(last)).replace("-", "−"))
    opened.assert_quiet()


def test_a_large_trace_is_read(offline: OfflinePages, tmp_path: Path) -> None:
    n = 20_000
    words = [f" w{i}" for i in range(500)]
    rng = np.random.default_rng(2)
    trace = tv.Trace.from_columns(
        words,
        rng.integers(0, 500, n),
        -rng.exponential(1, n),
        np.arange(n + 1) * 5,
        rng.integers(0, 500, 5 * n),
        -np.sort(rng.exponential(2, (n, 5)), axis=1).ravel(),
    )
    opened = offline.open(trace.show(height=400).save(tmp_path / "trace.html"))
    figure = Figure(opened.page.locator(".tokenviz"))
    figure.viewport.focus()
    opened.page.keyboard.press("ArrowRight")
    opened.page.keyboard.press("Control+End")
    tooltip = opened.page.locator(".tokenviz-tooltip")
    expect(tooltip).to_contain_text("20000 of 20000")
    expect(tooltip).to_contain_text(trace.tokens[-1].label)
    opened.assert_quiet()


def _without_native_base64(page: Path) -> Path:
    """The page as a browser sees it that has no ``Uint8Array.fromBase64``."""
    html = page.read_text(encoding="utf-8")
    older = page.with_name("older.html")
    older.write_text(html.replace("<body>", f"<body><script>{NO_NATIVE}</script>", 1), "utf-8")
    return older
