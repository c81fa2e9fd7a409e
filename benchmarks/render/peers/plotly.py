"""plotly: `graph_objects.Heatmap` in a page with plotly.js inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.render.cases import LABELLED, WRITTEN, labels
from benchmarks.render.contender import Contender

__all__ = ["CONTENDERS"]

_PLOT = "document.querySelector('.js-plotly-plot')"
_SIZE = 860

FINISHED = f"""() => {{
  const plot = {_PLOT};
  const image = plot?.querySelector(".heatmaplayer image");
  return Boolean(image?.getAttribute("href") ?? image?.getAttribute("xlink:href"));
}}"""
RECOLOUR = f"i => Plotly.restyle({_PLOT}, {{ zmax: 0.5 + (i % 7) / 20 }})"
# What the wheel and the hand do when they come to rest.
ZOOM = f"""i => {{
  const {{ xaxis, yaxis }} = {_PLOT}._fullLayout;
  const about = ([low, high]) => {{
    const middle = (low + high) / 2, reach = (high - low) / 2 * (i % 10 < 5 ? 0.9 : 1 / 0.9);
    return [middle - reach, middle + reach];
  }};
  return Plotly.relayout({_PLOT}, {{
    "xaxis.range": about(xaxis.range), "yaxis.range": about(yaxis.range) }});
}}"""
PAN = f"""i => {{
  const {{ xaxis, yaxis }} = {_PLOT}._fullLayout;
  const by = ([low, high]) => {{
    const step = (high - low) / 30 * (i % 10 < 5 ? 1 : -1);
    return [low + step, high + step];
  }};
  return Plotly.relayout({_PLOT}, {{
    "xaxis.range": by(xaxis.range), "yaxis.range": by(yaxis.range) }});
}}"""


def build(source: Any, path: Path) -> None:
    """Write the page."""
    import plotly.graph_objects as go

    rows, columns = source.values.shape
    options: dict[str, Any] = {}
    if max(rows, columns) <= LABELLED:
        # A position before the label, because plotly merges columns of one name.
        options["x"] = [f"{i} {label}" for i, label in enumerate(labels(source.targets))]
        options["y"] = [f"{i} {label}" for i, label in enumerate(labels(source.tokens))]
    if max(rows, columns) <= WRITTEN:
        options["texttemplate"] = "%{z:.4f}"
    figure = go.Figure(
        go.Heatmap(z=source.values, colorscale="RdYlGn", zmin=-1, zmax=1, zmid=None, **options)
    )
    figure.update_layout(width=_SIZE, height=_SIZE)
    figure.update_yaxes(autorange="reversed")
    figure.write_html(path, include_plotlyjs=True)


CONTENDERS = (
    Contender(
        "plotly",
        "heatmap",
        build,
        FINISHED,
        imports=("plotly.graph_objects", "plotly.io"),
        recolour=RECOLOUR,
        zoom=ZOOM,
        pan=PAN,
    ),
)
