"""captum: `visualize_text`, which shows tokens without alternatives."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.render.contender import Contender, html_page

__all__ = ["CONTENDERS"]


def build(source: Any, path: Path) -> None:
    """Write the page."""
    from captum.attr import visualization

    record = visualization.VisualizationDataRecord(
        word_attributions=source.probabilities,
        pred_prob=1.0,
        pred_class="text",
        true_class="text",
        attr_class="text",
        attr_score=1.0,
        raw_input_ids=[token.text for token in source.tokens],
        convergence_score=0.0,
    )
    with patch.object(visualization, "display", lambda output: None):
        html = visualization.visualize_text([record]).data
    path.write_text(html_page(html), encoding="utf-8")


CONTENDERS = (
    Contender(
        "captum",
        "trace",
        build,
        "() => document.readyState === 'complete'",
        setting="visualize_text",
        imports=("captum.attr",),
    ),
)
