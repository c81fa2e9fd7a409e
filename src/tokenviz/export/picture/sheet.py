"""A picture in the making: shapes and lines of text, at CSS pixels from an origin.

What is put on a sheet is kept until it is saved, and the sheet is then as large as what is on it.
So a drawing need not know beforehand how much room it takes, and nothing is ever cut off.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tokenviz.export.picture.lettering import CAP_HEIGHT, Lettering

__all__ = ["LABEL", "POINT", "SMALL", "Colors", "Sheet", "colors", "printable"]

LABEL, SMALL = 12.0, 10.5
"""Sizes of type in CSS pixels: labels and values; ticks and whatever must give way."""

POINT = 2 / 3
"""Points of a CSS pixel: what is 12 pixels on the screen is 8 points on paper."""
_MARGIN = 6
_DPI = 200
_MOST_PIXELS = 80_000_000
_LONGEST = 14_000
"""Points that a side of a page may have, which is what readers of PDF accept."""

_GROUP = re.compile(r'<g id="tokenviz-(\d+)">')
# What XML cannot hold, and what would break or turn a line.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


@dataclass(frozen=True)
class Colors:
    """What is painted besides the data's own colours; those of the renderer's style sheet."""

    dark: bool
    page: str
    text: str
    muted: str
    hairline: str
    nan: str
    nan_line: str
    nan_text: str
    accent: str
    """Of what is selected, and of a threshold."""
    mark: str
    """Of what is beyond a threshold."""


_LIGHT = Colors(False, "#ffffff", "#1c1d1f", "#63666b", "#d4d6d9", "#e4e4e4", "#c4c4c4", "#3a3a3a",
                "#1769c4", "#d9480f")  # fmt: skip
_DARK = Colors(True, "#16181b", "#e6e7e9", "#a0a4aa", "#454950", "#5c5c5c", "#727272", "#ffffff",
               "#6cb2ff", "#ffa94d")  # fmt: skip


def colors(theme: str) -> Colors:
    """Of a theme; paper is light unless it is asked to be dark."""
    return _DARK if theme == "dark" else _LIGHT


def printable(text: str) -> str:
    """A text as one line that every format can hold."""
    # Drawn as nothing; matplotlib takes it for a mark of byte order, of which its PDF fails.
    text = text.replace("\ufeff", "")
    return _UNPRINTABLE.sub(
        lambda found: " " if found[0] in "\t\n\r\u2028\u2029" else "\ufffd", text
    )


class Sheet:
    """Collects what is drawn; coordinates are CSS pixels, y grows downwards."""

    def __init__(self, lettering: Lettering, look: Colors) -> None:
        self.lettering = lettering
        self.look = look
        self._drawn: list[Callable[[Any, Any], Any]] = []
        self._titles: list[str] = []
        self.left = self.top = math.inf
        self.right = self.bottom = -math.inf

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: Any = "none",
        edge: Any = "none",
        line: float = 1,
        alpha: float = 1,
        rounded: float = 0,
        dashed: bool = False,
    ) -> None:
        """A rectangle; its edge is painted inside."""
        from matplotlib.patches import FancyBboxPatch, Rectangle

        self.reach(x, y, x + width, y + height)
        inset = 0 if edge == "none" else line / 2
        place = (x + inset, y + inset), width - 2 * inset, height - 2 * inset
        style: dict[str, Any] = {
            "fc": fill, "ec": edge, "alpha": alpha, "lw": 0 if edge == "none" else line * POINT,
            "ls": (0, (2, 2)) if dashed else "solid",
        }  # fmt: skip
        if rounded:
            shape = f"round,pad=0,rounding_size={rounded}"
            self._drawn.append(
                lambda figure, at: figure.add_artist(
                    FancyBboxPatch(*place, boxstyle=shape, transform=at, clip_on=False, **style)
                )
            )
        else:
            self._drawn.append(
                lambda figure, at: figure.add_artist(
                    Rectangle(*place, transform=at, clip_on=False, **style)
                )
            )

    def polygon(self, corners: Sequence[tuple[float, float]], fill: Any) -> None:
        """A filled shape."""
        from matplotlib.patches import Polygon

        across, down = zip(*corners, strict=True)
        self.reach(min(across), min(down), max(across), max(down))
        self._drawn.append(
            lambda figure, at: figure.add_artist(
                Polygon(corners, fc=fill, ec="none", transform=at, clip_on=False)
            )
        )

    def lines(
        self,
        ends: Sequence[Sequence[tuple[float, float]]],
        color: str,
        width: float,
        *,
        dashes: Sequence[float] = (),
        alpha: float = 1,
    ) -> None:
        """Straight lines, each through some points, which lie inside of what else is drawn.

        Parameters
        ----------
        dashes
            Lengths of dashes and gaps in CSS pixels; none for a line without gaps.
        """
        from matplotlib.lines import Line2D

        def draw(figure: Any, at: Any) -> None:
            for points in ends:
                across, down = zip(*points, strict=True)
                line = Line2D(
                    across, down, color=color, lw=width * POINT, alpha=alpha, transform=at,
                    solid_capstyle="butt", dash_capstyle="butt",
                )  # fmt: skip
                if dashes:
                    line.set_dashes([length / width for length in dashes])  # in widths of the line
                figure.add_artist(line)

        self._drawn.append(draw)

    def strips(
        self, x: float, y: float, width: float, height: float, rows: npt.NDArray[np.uint8]
    ) -> None:
        """Colours one below the other, uint8 ``[n, 3]``, that fill a rectangle."""
        from matplotlib.image import BboxImage
        from matplotlib.transforms import Bbox, TransformedBbox

        self.reach(x, y, x + width, y + height)

        def draw(figure: Any, at: Any) -> None:
            place = TransformedBbox(Bbox([[x, y + height], [x + width, y]]), at)
            image = BboxImage(place, interpolation="nearest", origin="upper")
            image.set_data(rows[::-1, np.newaxis])
            figure.add_artist(image)

        self._drawn.append(draw)

    def text(
        self,
        x: float,
        middle: float,
        text: str,
        size: float = LABEL,
        *,
        align: str = "left",
        color: Any = None,
        bold: bool = False,
        upright: bool = False,
        whole: str = "",
    ) -> None:
        """A line of text whose capitals have their middle at ``middle``.

        Parameters
        ----------
        upright
            Turned to read from below; ``x`` is the middle then, and ``middle`` where it begins, or
            has its own middle, by ``align``.
        whole
            What it was cut from: an SVG shows it to who points at it.
        """
        if not text.strip(" ") and not whole:
            return
        width = self.lettering.width(text, size, bold=bold)
        before = {"left": 0.0, "center": 0.5, "right": 1.0}[align] * width
        if upright:
            self.reach(x - size * 0.6, middle - width + before, x + size * 0.6, middle + before)
            place = x + size * CAP_HEIGHT / 2, middle
        else:
            self.reach(x - before, middle - size * 0.7, x - before + width, middle + size * 0.75)
            place = x, middle + size * CAP_HEIGHT / 2
        group = None
        if whole:
            group = f"tokenviz-{len(self._titles)}"
            self._titles.append(whole)
        self._drawn.append(
            lambda figure, at: figure.text(
                *place,
                text,
                fontsize=size * POINT,
                color=self.look.text if color is None else color,
                weight="bold" if bold else 400,
                ha=align,
                va="baseline",
                transform=at,
                gid=group,
                rotation=90 if upright else 0,
                rotation_mode="anchor",
                parse_math=False,
                usetex=False,
            )
        )

    def save(self, place: Path | IO[bytes], kind: str, title: str) -> None:
        """Paint it all, as ``"png"``, ``"svg"`` or ``"pdf"``.

        Raises
        ------
        ValueError
            If a PNG of it could not be read: it would have more than 80 million pixels.
        """
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D

        if self.right < self.left:
            self.reach(0, 0, 1, 1)
        left, top = self.left - _MARGIN, self.top - _MARGIN
        width = (self.right + _MARGIN - left) * POINT
        height = (self.bottom + _MARGIN - top) * POINT
        shrink = min(1.0, _LONGEST / max(width, height)) if kind == "pdf" else 1.0
        dpi = _DPI
        if kind == "png":
            dpi = min(_DPI, int(72 * math.sqrt(_MOST_PIXELS / (width * height))))
            dpi = min(dpi, int(72 * 60_000 / max(width, height)))
            if dpi < 72:
                raise ValueError(
                    f"path: as a .png this figure would have more than {_MOST_PIXELS:,} pixels; "
                    "save it as .svg, .pdf or .html"
                )
        figure = Figure(
            figsize=(width * shrink / 72, height * shrink / 72), facecolor=self.look.page
        )
        at = (
            Affine2D().translate(-left, -top).scale(shrink * POINT / 72, -shrink * POINT / 72)
            + Affine2D().translate(0, height * shrink / 72)
            + figure.dpi_scale_trans
        )
        for draw in self._drawn:
            draw(figure, at)
        if shrink < 1:
            for text in figure.texts:
                text.set_fontsize(float(text.get_fontsize()) * shrink)
        metadata = {"Title": title} if title else {}
        if kind == "svg":
            written = io.StringIO()
            figure.savefig(written, format="svg", metadata=metadata)
            _put(place, _GROUP.sub(self._titled, written.getvalue()).encode())
        else:
            figure.savefig(place, format=kind, dpi=dpi, metadata=metadata)

    def _titled(self, group: re.Match[str]) -> str:
        return f"<g>\n     <title>{escape(self._titles[int(group[1])])}</title>"

    def reach(self, left: float, top: float, right: float, bottom: float) -> None:
        """Make room for what is drawn there."""
        self.left, self.top = min(self.left, left), min(self.top, top)
        self.right, self.bottom = max(self.right, right), max(self.bottom, bottom)


def _put(place: Path | IO[bytes], data: bytes) -> None:
    if isinstance(place, Path):
        place.write_bytes(data)
    else:
        place.write(data)
