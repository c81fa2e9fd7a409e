"""A figure as a picture: fonts and colours found, the drawing, title and caption put together."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from tokenviz._optional import require
from tokenviz.color.scale import ColorScale
from tokenviz.data.attribution import Attribution
from tokenviz.data.replacing import replacing
from tokenviz.data.trace import Trace
from tokenviz.export.legends import legend
from tokenviz.export.picture import fonts
from tokenviz.export.picture.colorbar import paint_colorbar
from tokenviz.export.picture.flow import flow_texts, paint_flow
from tokenviz.export.picture.heatmap import heatmap_texts, paint_heatmap
from tokenviz.export.picture.lettering import Lettering
from tokenviz.export.picture.sheet import POINT, SMALL, Sheet, colors, printable
from tokenviz.export.picture.trace import paint_trace, trace_texts
from tokenviz.export.table import arranged_places
from tokenviz.widget.scale import scaled_values

__all__ = ["MAX_CELLS", "drawable", "picture", "png", "save"]

MAX_CELLS = 20_000
"""Cells drawn one by one; more would take minutes and could not be read in a paper anyway."""

_TITLE = 15.0  # CSS pixels, as all sizes here
_TITLE_LINE = 20
_TITLE_LINES = 4
_NARROWEST = 420
"""What a title or a caption may take, however narrow the figure."""
_CAPTION_LINE = 15
_NO_BREAK = "\u00a0"
_ALWAYS_WRITTEN = "0123456789−≈∞–…␣·"


def save(widget: Any, path: Path) -> Path:
    """Draw ``widget`` as it looks now to ``path`` (.svg, .png or .pdf).

    Raises
    ------
    ValueError
        If there are more than :data:`MAX_CELLS` cells.
    ImportError
        If matplotlib is not installed; the message says which extra to install.
    """
    with replacing(path) as place:
        draw(widget.drawn, widget.color_scale(), widget, place, path.suffix.lower()[1:])
    return path


def picture(source: Attribution | Trace, scale: ColorScale, options: Any, kind: str) -> bytes:
    """The bytes of a picture, ``"png"``, ``"svg"`` or ``"pdf"``; see :func:`save`.

    Parameters
    ----------
    options
        Anything that has a widget's traits as attributes.
    """
    written = io.BytesIO()
    draw(source, scale, options, written, kind)
    return written.getvalue()


def png(source: Attribution | Trace, scale: ColorScale, options: Any) -> tuple[bytes, int, int]:
    """A PNG, and the width and height at which it is to be shown, in CSS pixels."""
    data = picture(source, scale, options, "png")
    # In its header, and the second size of the density in its pHYs chunk: pixels per metre.
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    at = data.index(b"pHYs") + 4
    per_pixel = int.from_bytes(data[at : at + 4], "big") * 0.0254 / 72 * POINT
    return data, round(width / per_pixel), round(height / per_pixel)


def drawable(source: Any, options: Any) -> bool:
    """Whether a picture can hold a figure: not too many cells, and all of them at hand."""
    return isinstance(source, Attribution | Trace) and _cells(source, options) <= MAX_CELLS


def draw(
    source: Attribution | Trace, scale: ColorScale, options: Any, place: Path | IO[bytes], kind: str
) -> None:
    """Draw data as ``options`` describe it to a file."""
    require("matplotlib", feature=f"saving .{kind}", install="tokenviz-widget[figure]")
    _check_size(source, options, kind)
    flow = isinstance(source, Trace) and options.arrangement == "flow"
    texts = [options.title, options.caption, options.label, _ALWAYS_WRITTEN]
    texts += (
        heatmap_texts(source) if isinstance(source, Attribution)
        else flow_texts(source) if flow else trace_texts(source)
    )  # fmt: skip
    with _matplotlib():
        known = fonts.families(texts)
        _warn(texts, known, kind)
        sheet = Sheet(Lettering(known), colors(options.theme))
        import matplotlib as mpl

        mpl.rcParams["font.family"] = known
        paint: Any = paint_flow if flow else paint_trace
        if isinstance(source, Attribution):
            paint = paint_heatmap
        top, height = paint(sheet, source, scale, options)
        values = scaled_values(source, getattr(options, "channel", "probability"))
        bar = np.asarray(values, dtype=np.float64)
        body = sheet.bottom
        threshold = getattr(options, "threshold", None)
        paint_colorbar(sheet, scale, bar, printable(options.label), top, height, threshold)
        lines = [options.caption, *(legend(source, options) if isinstance(source, Trace) else ())]
        _caption(sheet, " · ".join(filter(None, lines)), max(body, sheet.bottom))
        _title(sheet, options.title)
        sheet.save(place, kind, printable(options.title))


def _check_size(source: Attribution | Trace, options: Any, kind: str) -> None:
    cells = _cells(source, options)
    if cells > MAX_CELLS:
        raise ValueError(
            f"path: a .{kind} holds at most {MAX_CELLS:,} cells, this figure has {cells:,}; "
            "save it as .html"
        )


def _cells(source: Attribution | Trace, options: Any) -> int:
    if isinstance(source, Attribution):
        down, across, _ = arranged_places(source, options)
        return len(down) * len(across)
    return len(source)


@contextmanager
def _matplotlib() -> Iterator[None]:
    """Set what is matplotlib's own but the user's fonts; silence what it says of glyphs."""
    import matplotlib as mpl
    from matplotlib import style

    own = {name: mpl.rcParams[name] for name in mpl.rcParams if name.startswith("font.")}
    del own["font.size"]
    settings: Any = {
        "svg.fonttype": "none", "pdf.fonttype": 42, "text.parse_math": False, "text.usetex": False,
        "text.hinting": "no_hinting",  # hinted text is wider than it was measured
    }  # fmt: skip
    with style.context(["default", own | settings]), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=r"Glyph \d+ .* missing from", category=UserWarning
        )
        log = logging.getLogger("matplotlib.font_manager")  # of a font that has no bold face
        level = log.level
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.setLevel(level)


def _warn(texts: list[str], known: list[str], kind: str) -> None:
    """Say what will not look as it should."""
    absent = fonts.missing(texts, known)
    if absent:
        named, some = ", ".join(fonts.scripts(absent)), " ".join(absent[:5])
        fate = (
            "they show where the SVG is opened with fonts that have them"
            if kind == "svg"
            else "they are drawn as boxes"
        )
        warnings.warn(
            f"no installed font that matplotlib can draw has {len(absent)} of the characters "
            f"({named}; {some} …): {fate}. Install fonts for {named}, such as those of Noto, or "
            "save as .html",
            stacklevel=5,
        )
    letters = [] if kind == "svg" else fonts.unshaped(texts)
    if letters:
        warnings.warn(
            f"this matplotlib writes {', '.join(letters)} letter by letter, from left to right; "
            "matplotlib 3.11 and newer join and order the letters, as do .svg and .html",
            stacklevel=5,
        )


def _title(sheet: Sheet, title: str) -> None:
    """Above all that is there."""
    if not title:
        return
    room = max(sheet.right - sheet.left, _NARROWEST)
    text = printable(title)
    fitted = sheet.lettering.wrapped(text, _TITLE, room, _TITLE_LINES)
    left, bottom = sheet.left, sheet.top - 12
    for i, line in enumerate(fitted.lines):
        middle = bottom - (len(fitted.lines) - 1 - i) * _TITLE_LINE - _TITLE / 2
        sheet.text(left, middle, line, _TITLE, whole=text if fitted.cut else "")


def _caption(sheet: Sheet, caption: str, bottom: float) -> None:
    """How the figure came about, below it, with each fact on one line if it can be."""
    if not caption:
        return
    room = max(sheet.right - sheet.left, _NARROWEST)
    lines: list[str] = []
    line = ""
    facts = [printable(fact) for fact in caption.split(" · ")]
    for i, fact in enumerate(facts):
        more = i < len(facts) - 1
        joined = f"{line} {fact}" if line else fact
        if sheet.lettering.width(joined, SMALL) <= room:
            line = joined
        else:
            lines += [line] * bool(line)
            *full, line = sheet.lettering.wrapped(fact, SMALL, room, 40).lines
            lines += full
        line += " ·" * more
    for i, text in enumerate([*lines, line]):
        middle = bottom + 18 + i * _CAPTION_LINE
        sheet.text(sheet.left, middle, text, SMALL, color=sheet.look.muted)
