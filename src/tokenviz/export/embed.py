"""How a page carries the state of a figure; read by ``js/embedded.ts``.

The traits are JSON in a script element. Each binary leaf is base64 in an element of its own, in the
order of the paths that the JSON lists: a browser would otherwise parse tens of megabytes as JSON
before it could decode them. What a cell's output saves (:attr:`FigureState.as_json`) is one JSON
value with the leaves inside, and is read by the same code.

A large matrix is rounded to float16 where no colour could tell (:mod:`tokenviz.export.halves`), and
the caption says so. Nothing is compressed: float16 noise, which is what a matrix of attributions
looks like to gzip, shrinks by a fourteenth and takes many times as long to write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from tokenviz.attribution import Attribution
from tokenviz.export.halves import MIN_VALUES, as_halves
from tokenviz.export.state import FigureState, as_base64
from tokenviz.wire import memory

__all__ = ["state_scripts"]

_MATRIX = ("_data", "values", "view")


def state_scripts(figure: FigureState) -> Iterator[str]:
    """The script elements that hold a figure's state, piece by piece."""
    figure = _rounded(figure)
    paths = [{"path": list(path)} for path in figure.buffers]
    text = _script_json({"state": figure.traits, "buffers": paths})
    yield f'<script type="application/json" class="tokenviz-state">{text}</script>'
    for buffer in figure.buffers.values():
        yield '<script type="text/plain" class="tokenviz-buffer">'
        yield as_base64(buffer)
        yield "</script>"


def _rounded(figure: FigureState) -> FigureState:
    """The figure with its matrix as float16, where it is large and looks the same."""
    if not isinstance(figure.source, Attribution) or figure.source.values.size < MIN_VALUES:
        return figure
    halves = as_halves(figure.source.values, figure.scale)
    if halves is None:
        return figure
    fact = f"rounded to float16, by at most {halves.error:.2g}"
    data = figure.traits["_data"]
    values = data["values"] | {"dtype": "float16", "exponent": halves.exponent}
    facts = data["facts"] | {"values": fact}
    caption = [figure.traits["caption"]] * bool(figure.traits["caption"]) + [f"values: {fact}"]
    traits = figure.traits | {
        "_data": data | {"values": values, "facts": facts},
        "caption": " · ".join(caption),
    }
    numbers = memory(halves.values.astype("<f2", copy=False))
    return replace(figure, traits=traits, buffers=figure.buffers | {_MATRIX: numbers})


def _script_json(value: object) -> str:
    """JSON that may stand inside a script element: no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
