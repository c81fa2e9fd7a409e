"""Boxes that hold figures leave the figures' tables, as figures alone do.

A box, a tab or an accordion is ipywidgets' own, and puts nothing but the widget into a cell's
output: where no widget can run, that is blank. So IPython is asked to show a box that holds
figures by this module, which writes what stands in for each of them beside it. Other boxes it shows
as ever.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import ipywidgets

from tokenviz._options import options

if TYPE_CHECKING:
    from tokenviz.widget.figure import Figure

__all__ = ["figures_inside", "watch_boxes"]

_shells: WeakSet[Any] = WeakSet()


def watch_boxes() -> None:
    """Have the running IPython, if there is one, show boxes by this module."""
    ipython = sys.modules.get("IPython")  # not imported where there is none
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or shell in _shells:
        return
    _shells.add(shell)
    formatter = shell.display_formatter.ipython_display_formatter
    before = formatter.for_type(ipywidgets.Box, None)
    formatter.for_type(ipywidgets.Box, lambda box: _show(box, before))


def figures_inside(box: Any) -> list[Figure]:
    """The figures that a box holds, each once, however deep and in the order of the page."""
    from tokenviz.widget.figure import Figure

    found: dict[int, Figure] = {}
    seen: set[int] = set()
    waiting = [box]
    while waiting:
        widget = waiting.pop()
        if id(widget) in seen:
            continue
        seen.add(id(widget))
        if isinstance(widget, Figure):
            found[id(widget)] = widget
        else:
            waiting += reversed(getattr(widget, "children", ()))
    return list(found.values())


def _show(box: Any, before: Any) -> None:
    figures = figures_inside(box) if options.display in ("both", "picture") else []
    if before is not None:
        before(box)
    elif not figures:
        raise NotImplementedError  # which IPython takes for: show it by other means
    from IPython.display import display

    from tokenviz.export.html import still, twin_output

    if before is None:
        display(_view(box), raw=True)  # type: ignore[no-untyped-call]
    if options.display == "both":
        outputs = [twin_output(*figures)] if figures else []
    else:
        outputs = [still(figure) for figure in figures]
    for data, metadata in outputs:
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]


def _view(box: Any) -> dict[str, Any]:
    bundle = box._repr_mimebundle_()
    data: dict[str, Any] = bundle[0] if isinstance(bundle, tuple) else bundle
    return data
