"""inspectus: attention matrices and coloured tokens, as a notebook's outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.render.cases import labels
from benchmarks.render.contender import Contender, html_page

__all__ = ["CONTENDERS"]


def build_attention(source: Any, path: Path) -> None:
    """Write the page of `attention`, the matrix alone."""
    import inspectus

    _write(
        path,
        inspectus.attention,
        source.values,
        labels(source.tokens),
        labels(source.targets),
        chart_types=["attention_matrix"],
    )


def build_tokens(source: Any, path: Path) -> None:
    """Write the page of `tokens`."""
    import inspectus

    _write(
        path,
        inspectus.tokens,
        [token.text for token in source.tokens],
        {"probability": source.probabilities},
        remove_padding=False,
    )


def _write(path: Path, show: Any, *arguments: Any, **options: Any) -> None:
    """Keep what a function displays in a notebook."""
    outputs: list[str] = []
    with patch("IPython.display.display", lambda output: outputs.append(output.data)):
        show(*arguments, **options)
    path.write_text(html_page("\n".join(outputs)), encoding="utf-8")


CONTENDERS = (
    Contender(
        "inspectus",
        "heatmap",
        build_attention,
        "() => document.querySelector('[id^=id_] canvas, [id^=id_] svg') !== null",
        setting="attention",
        imports=("inspectus", "inspectus.attention_viz", "IPython.display"),
    ),
    Contender(
        "inspectus",
        "trace",
        build_tokens,
        "() => document.querySelector('[id^=id_]')?.childElementCount > 0",
        setting="tokens",
        imports=("inspectus", "inspectus.token_viz", "IPython.display"),
    ),
)
