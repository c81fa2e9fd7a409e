"""Both figures for a paper: SVG, PDF or PNG through matplotlib, with the widget's current look.

Vector formats keep text as text. The drawing follows the interactive figure: the same colours, the
same labels, saturation marked by the colour bar's arrows and a corner mark in the cell.
"""

from __future__ import annotations

import math
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from tokenviz._optional import require
from tokenviz.color.numbers import written
from tokenviz.color.scale import ColorScale
from tokenviz.data.attribution import Attribution
from tokenviz.data.channels import CHANNELS
from tokenviz.data.replacing import replacing
from tokenviz.data.tokens import labels
from tokenviz.data.trace import Trace
from tokenviz.export.table import DEFAULT_ROW_LENGTH, TraceCell, arranged_places, trace_columns
from tokenviz.widget.scale import scaled_values

if TYPE_CHECKING:
    from tokenviz.widget.figure import Figure

__all__ = ["save"]

MAX_CELLS = 20_000
"""Cells drawn one by one; more would take minutes and could not be read in a paper anyway."""

_POINT = 1 / 72  # inches
_FONT = 8.0  # points
_SMALL = 6.5
_ROW = 20 * _POINT
_LINE = 0.85 * _ROW  # one unit of height in the trace
_NARROWEST_CAPTION = 4.0  # inches
_NO_BREAK = "\u00a0"
_GREY = "#6b6b6b"
_HAIRLINE = "#d4d6d9"
_CHOSEN = "#d62728"
_STYLE: Any = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}


def save(widget: Figure, path: Path) -> Path:
    """Draw ``widget`` as it looks now to ``path`` (.svg, .png or .pdf).

    Raises
    ------
    ValueError
        If there are more than :data:`MAX_CELLS` cells.
    ImportError
        If matplotlib is not installed; the message says which extra to install.
    """
    require("matplotlib", feature=f"saving {path.suffix}", install="tokenviz-widget[figure]")
    source = widget.source
    if isinstance(source, Attribution):
        down, across, _ = arranged_places(source, widget)
        cells = len(down) * len(across)
    else:
        cells = len(source)
    if cells > MAX_CELLS:
        raise ValueError(
            f"path: a {path.suffix} holds at most {MAX_CELLS:,} cells, this figure has {cells:,}; "
            "save it as .html"
        )
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    with mpl.rc_context(_STYLE):
        canvas = Canvas()
        scale = widget.color_scale()
        if isinstance(source, Attribution):
            height = _heatmap(canvas, source, scale, widget)
        else:
            height = _trace(canvas, source, scale, widget)
        values = scaled_values(source, getattr(widget, "channel", "probability"))
        _colorbar(canvas, scale, values, widget.label, height)
        if widget.caption:
            _caption(canvas, widget.caption, height)
        if widget.title:
            canvas.suptitle(widget.title, fontsize=_FONT + 2, x=0, ha="left", y=1 + 0.3 / height)
        with replacing(path) as place:
            canvas.savefig(place, bbox_inches="tight", pad_inches=0.05, dpi=200)
    return path


def _heatmap(canvas: Any, source: Attribution, scale: ColorScale, widget: Any) -> float:
    """Draw the cells; return the height of the drawing in inches."""
    down, across, _ = arranged_places(source, widget)
    shown, every = source.values[np.ix_(down, across)], labels(source.tokens)
    targets = [source.target_labels[j] for j in across]
    n, m = shown.shape
    texts = [[written(float(v), widget.decimals) for v in row] for row in shown]
    longest = max((len(text) for row in texts for text in row), default=4)
    header = max((len(label) for label in targets), default=4)
    width = max(longest * 5.5, min(header, 24) * 5.2, 24) * _POINT + 0.15
    axes = _axes(canvas, m * width, n * _ROW, m, n)
    for row in range(n):
        for column in range(m):
            value = float(shown[row, column])
            bold = widget.emphasis is not None and abs(value) >= widget.emphasis
            text = texts[row][column] if widget.show_values else ""
            _cell(axes, column, row, 1, value, [(text, _FONT, 0.5, bold)], scale)
    axes.set_yticks(np.arange(n) + 0.5, [_plain(every[i]) for i in down], fontsize=_FONT)
    rotated = header * 5.2 * _POINT > width
    axes.set_xticks(
        np.arange(m) + 0.5,
        map(_plain, targets),
        fontsize=_FONT,
        rotation=45 if rotated else 0,
        ha="left" if rotated else "center",
    )
    axes.xaxis.tick_top()
    return float(max(n * _ROW, _ROW))


def _trace(canvas: Any, source: Trace, scale: ColorScale, widget: Any) -> float:
    """Draw the rows of positions; return the height of the drawing in inches."""
    from matplotlib.patches import Rectangle

    length, n = widget.row_length or DEFAULT_ROW_LENGTH, len(source)
    columns = list(trace_columns(source, widget))
    cells: list[tuple[float, float, float, TraceCell]] = []  # x, y, height
    borders: list[tuple[float, int]] = []
    y = 0.0
    for start in range(0, n, length):
        stretch = columns[start : start + length]
        y += 0.9
        borders.append((y, len(stretch)))
        for x, (chosen, *others) in enumerate(stretch):
            cells.append((x, y, 1.6, chosen))
            for rank, other in enumerate(others):
                cells.append((x, y + 1.85 + 1.5 * rank, 1.35, other))
        y += 1.85 + 1.5 * max((len(column) - 1 for column in stretch), default=0)
    longest = max((len(cell.label) for *_, cell in cells), default=4)
    width = min(max(longest * 4.6, 26), 60) * _POINT
    across = min(length, max(n, 1))
    height = max(y * _LINE, _ROW)
    axes = _axes(canvas, across * width, height, across, y)
    for left, top, tall, (label, value, plain) in cells:
        room = width / _POINT - 3
        size = max(min(_FONT, room / max(len(label) * 0.62, 1)), 4)
        decimals = CHANNELS["probability"].look.decimals if plain else widget.decimals
        number = written(value, decimals) if widget.show_values else ""
        lines = [(_plain(label), size, 0.33, False), (number, _SMALL, 0.74, False)]
        _cell(axes, left, top, tall, value, lines, None if plain else scale)
    for row, (y, count) in enumerate(borders):
        for x in range(count):
            axes.text(x + 0.5, y - 0.2, row * length + x + 1,
                      ha="center", va="bottom", fontsize=_SMALL, color=_GREY)  # fmt: skip
        if widget.border:
            axes.add_patch(Rectangle((0, y), count, 1.6, fill=False, ec=_CHOSEN, lw=1.3,
                                     clip_on=False, zorder=3))  # fmt: skip
    axes.set_axis_off()
    return height


def _axes(canvas: Any, width: float, height: float, columns: float, rows: float) -> Any:
    """Axes of a size in inches, whose units are cells, counted from the top left."""
    canvas.set_size_inches(max(width, 0.2), max(height, 0.2))
    axes = canvas.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, max(columns, 1))
    axes.set_ylim(max(rows, 1), 0)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def _cell(
    axes: Any,
    x: float,
    y: float,
    height: float,
    value: float,
    lines: list[tuple[str, float, float, bool]],
    scale: ColorScale | None,
) -> None:
    """One cell with lines of text: (text, size, place from 0 to 1, bold). Plain without a scale."""
    from matplotlib.patches import Polygon, Rectangle

    if scale is None:
        axes.add_patch(Rectangle((x + 0.03, y), 0.94, height, fill=False, ec=_HAIRLINE, lw=0.6))
        _write(axes, x, y, height, lines, "black")
        return
    fill, ink = (tuple(c(value) / 255) for c in (scale.rgb, scale.text_rgb))
    hatch = "////" if math.isnan(value) else None
    axes.add_patch(Rectangle((x, y), 1, height, fc=fill, ec="white", lw=0.6, hatch=hatch))
    if value > scale.range.high or value < scale.range.low:
        edge, inward = (y, 0.22) if value > scale.range.high else (y + height, -0.22)
        corner = [(x + 0.99, edge), (x + 0.89, edge), (x + 0.99, edge + inward)]
        axes.add_patch(Polygon(corner, fc=ink, ec="none"))
    _write(axes, x, y, height, lines, ink)


def _write(
    axes: Any,
    x: float,
    y: float,
    height: float,
    lines: list[tuple[str, float, float, bool]],
    ink: Any,
) -> None:
    for text, size, place, bold in lines:
        axes.text(x + 0.5, y + height * place, text, fontsize=size, color=ink, ha="center",
                  va="center_baseline", weight="bold" if bold else "normal")  # fmt: skip


def _colorbar(canvas: Any, scale: ColorScale, values: Any, label: str, height: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import FuncNorm, ListedColormap
    from matplotlib.ticker import MaxNLocator

    low, high, _ = scale.range
    # matplotlib asks for an invertible norm; the inverse is only used to place the gradient.
    places = np.linspace(low, high, 2049)
    forward = scale.normalized(places)
    norm = FuncNorm(
        (lambda v: scale.normalized(v), lambda t: np.interp(t, forward, places)), low, high
    )
    known = values[~np.isnan(values)]
    below, above = bool((known < low).any()), bool((known > high).any())
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]
    width = canvas.get_size_inches()[0]
    tall = min(height, 3.2)
    axes = canvas.add_axes((1 + 0.18 / width, 1 - tall / height, 0.14 / width, tall / height))
    colors = ListedColormap(scale.table / 255)
    bar = canvas.colorbar(ScalarMappable(norm, colors), cax=axes, extend=extend, spacing="uniform")
    axes.set_yscale("linear")
    bar.set_label(label, fontsize=_FONT)
    bar.locator = MaxNLocator(5, steps=[1, 2, 5, 10])
    bar.ax.tick_params(labelsize=_SMALL, length=2)
    bar.outline.set_visible(False)


def _caption(canvas: Any, text: str, height: float) -> None:
    """Write how the figure came about below it, with each fact on one line if it can be."""
    width = max(canvas.get_size_inches()[0] + 0.6, _NARROWEST_CAPTION)
    facts = [fact.replace(" ", _NO_BREAK) for fact in text.split(" · ")]
    lines = wrap(f"{_NO_BREAK}· ".join(facts), int(width / (0.5 * _SMALL * _POINT)))
    canvas.text(0, -0.12 / height, "\n".join(map(_plain, lines)), fontsize=_SMALL, color=_GREY,
                ha="left", va="top", linespacing=1.4)  # fmt: skip


def _plain(text: str) -> str:
    """Text that matplotlib does not read as a formula."""
    return text.replace("$", r"\$")
