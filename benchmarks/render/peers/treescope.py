"""treescope: `render_array`, as a notebook's output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.render.contender import Contender, html_page

__all__ = ["CONTENDERS"]

FINISHED = """() =>
  document.querySelector("treescope-container")?.shadowRoot.querySelector("canvas")?.width > 0"""


def build(source: Any, path: Path) -> None:
    """Write the page."""
    import treescope

    figure = treescope.render_array(source.values, vmin=-1, vmax=1, around_zero=True)
    path.write_text(html_page(figure._repr_html_()), encoding="utf-8")


CONTENDERS = (Contender("treescope", "heatmap", build, FINISHED, imports=("treescope",)),)
