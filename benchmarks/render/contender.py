"""One way of showing a heatmap or a trace in a browser, and how the driver handles its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["Contender", "Kind", "html_page"]

Kind = Literal["heatmap", "trace"]


@dataclass(frozen=True)
class Contender:
    """A library in one setting.

    Parameters
    ----------
    library
        Its name on the package index; "" for what needs none.
    kind
        What it shows.
    build
        Writes the page of an Attribution or a Trace to a path. The page may not need a network.
    finished
        JavaScript: a function that gives true once the figure stands, asked in every frame; or a
        promise of it.
    setting
        What tells it from the library's other ways; "" if there are none.
    imports
        Modules loaded before `build` is timed.
    prepare
        JavaScript: an async function that is run once before actions are measured.
    recolour, zoom, pan
        JavaScript: functions of a counter that change the range of colours, the magnification, or
        the part in view, and give a promise that settles in or before the frame that shows it. None
        where the figure cannot.
    scroller
        JavaScript: the element that scrolls; by default the document's.
    """

    library: str
    kind: Kind
    build: Callable[[Any, Path], None]
    finished: str
    setting: str = ""
    imports: tuple[str, ...] = ()
    prepare: str | None = None
    recolour: str | None = None
    zoom: str | None = None
    pan: str | None = None
    scroller: str = "document.scrollingElement"

    @property
    def name(self) -> str:
        """How tables call it."""
        return " ".join(word for word in (self.library, self.setting) if word)


def html_page(body: str) -> str:
    """A page around a fragment, as a notebook's export would have it."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>figure</title>'
        f'<link rel="icon" href="data:,"></head>\n<body>{body}</body></html>\n'
    )
