"""matplotlib: `imshow` as a PNG in the page, values written as text up to 64²."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from benchmarks.render.cases import LABELLED, WRITTEN, labels
from benchmarks.render.contender import Contender, html_page

__all__ = ["CONTENDERS"]

FINISHED = "() => document.querySelector('img')?.complete === true"
_INCHES = 8.6


def build(source: Any, path: Path) -> None:
    """Write the page."""
    from matplotlib.figure import Figure

    values = source.values
    rows, columns = values.shape
    # Cells of 64² must have room for their values.
    figure = Figure(figsize=(_INCHES, _INCHES) if max(rows, columns) != WRITTEN else (32, 20))
    axes = figure.add_subplot()
    image = axes.imshow(values, cmap="RdYlGn", vmin=-1, vmax=1, aspect="auto")
    figure.colorbar(image)
    if max(rows, columns) <= LABELLED:
        axes.set_xticks(range(columns), labels(source.targets), rotation=90)
        axes.set_yticks(range(rows), labels(source.tokens))
    if max(rows, columns) <= WRITTEN:
        for i in range(rows):
            for j in range(columns):
                axes.text(j, i, f"{values[i, j]:.4f}", ha="center", va="center", size=6)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    encoded = base64.b64encode(picture.getvalue()).decode()
    path.write_text(html_page(f'<img src="data:image/png;base64,{encoded}">'), encoding="utf-8")


CONTENDERS = (
    Contender(
        "matplotlib",
        "heatmap",
        build,
        FINISHED,
        setting="PNG",
        imports=("matplotlib.figure", "matplotlib.backends.backend_agg"),
    ),
)
