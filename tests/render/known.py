"""Figures of which is known what they cost, for tests of the driver that measures figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.render.contender import Contender, html_page

WORK = 300
"""Milliseconds before the figure stands."""
RECOLOUR = 100
SCROLLED = 20_000

_BUSY = (
    "const busy = ms => { const end = performance.now() + ms; while (performance.now() < end); }"
)
_FIGURE = (
    f'<div style="height:{SCROLLED}px;background:linear-gradient(red,blue)">figure</div>'
    f"<script>{_BUSY}; busy({WORK}); window.stands = true</script>"
)


def slow(source: Any, path: Path) -> None:
    """It stands after some work, as large as the matrix."""
    path.write_text(html_page(f"{_FIGURE}<!--{source.values.shape}-->"), encoding="utf-8")


def nothing(source: Any, path: Path) -> None:
    """It shows nothing, soon."""
    path.write_text(html_page("<script>window.stands = true</script>"), encoding="utf-8")


def changing(source: Any, path: Path) -> None:
    """It says too early that it stands."""
    later = "setTimeout(() => { document.body.style.background = 'green' }, 700)"
    path.write_text(html_page(f"<script>window.stands = true; {later}</script>"), encoding="utf-8")


def broken(source: Any, path: Path) -> None:
    """It cannot be built."""
    raise ValueError("no picture of this")


_STANDS = "() => window.stands === true"

CONTENDERS = (
    Contender("", "heatmap", slow, _STANDS, "slow", recolour=f"async () => busy({RECOLOUR})"),
    Contender("", "heatmap", nothing, _STANDS, "nothing"),
    Contender("", "heatmap", changing, _STANDS, "changing"),
    Contender("", "heatmap", broken, _STANDS, "broken"),
    Contender("", "heatmap", nothing, "() => false", "never"),
    Contender("no-such-package", "heatmap", nothing, _STANDS),
)
