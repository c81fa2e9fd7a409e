"""bokeh: `figure().image` with its resources inline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.render.contender import Contender

__all__ = ["CONTENDERS"]

_FIND = "Bokeh.documents[0].roots()[0]"
_SIZE = 860

FINISHED = "() => window.Bokeh?.documents.length > 0 && Bokeh.documents[0].is_idle"
# bokeh paints in the next frame, in a callback asked for before ours.
RECOLOUR = f"""async i => {{
  {_FIND}.renderers[0].glyph.color_mapper.high = 0.5 + (i % 7) / 20;
  await tokenvizBenchmark.frame();
}}"""
_RANGES = """async i => {{
  const {{ x_range, y_range }} = {find};
  for (const range of [x_range, y_range]) {{
    const {{ start, end }} = range, middle = (start + end) / 2, reach = (end - start) / 2;
    range.setv({change});
  }}
  await tokenvizBenchmark.frame();
}}"""
ZOOM = _RANGES.format(
    find=_FIND,
    change="(f => ({ start: middle - reach * f, end: middle + reach * f }))"
    "(i % 10 < 5 ? 0.9 : 1 / 0.9)",
)
PAN = _RANGES.format(
    find=_FIND,
    change="(d => ({ start: start + d, end: end + d }))((i % 10 < 5 ? 1 : -1) * reach / 15)",
)


def build(source: Any, path: Path) -> None:
    """Write the page."""
    import bokeh.embed
    import bokeh.models
    import bokeh.palettes
    import bokeh.plotting
    import bokeh.resources

    rows, columns = source.values.shape
    mapper = bokeh.models.LinearColorMapper(palette=bokeh.palettes.RdYlGn11[::-1], low=-1, high=1)
    figure = bokeh.plotting.figure(
        width=_SIZE,
        height=_SIZE,
        x_range=(0, columns),
        y_range=(rows, 0),
        tools="pan,wheel_zoom,hover,reset",
    )
    figure.image(image=[source.values[::-1]], x=0, y=0, dw=columns, dh=rows, color_mapper=mapper)
    figure.add_layout(bokeh.models.ColorBar(color_mapper=mapper), "right")
    path.write_text(
        bokeh.embed.file_html(figure, bokeh.resources.INLINE, "figure"), encoding="utf-8"
    )


CONTENDERS = (
    Contender(
        "bokeh",
        "heatmap",
        build,
        FINISHED,
        setting="image",
        imports=("bokeh.plotting", "bokeh.embed", "bokeh.palettes"),
        recolour=RECOLOUR,
        zoom=ZOOM,
        pan=PAN,
    ),
)
