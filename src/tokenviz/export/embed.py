"""How a page carries the state of a figure; read by ``js/wire/embedded.ts``.

The traits are JSON in a script element. Each binary leaf is base64 in an element of its own, in the
order of the paths that the JSON lists: a browser would otherwise parse tens of megabytes as JSON
before it could decode them. What a cell's output saves (:attr:`FigureState.as_json`) is one JSON
value with the leaves inside, and is read by the same code.

A large matrix is rounded to float16 where no colour could tell (:mod:`tokenviz.export.halves`), and
the caption says so. Nothing is compressed: to gzip a matrix of attributions is noise, which hardly
shrinks and takes far longer to write than everything else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tokenviz.color.numbers import significant
from tokenviz.export.halves import MIN_VALUES, as_halves
from tokenviz.export.state import Buffer, FigureState, Path, as_base64, at, with_leaf
from tokenviz.tiles.large import LargeAttribution
from tokenviz.wire import encode_large, memory

__all__ = ["state_scripts"]

_MATRIX: Path = ("_data", "values", "view")
_PICTURE: Path = ("_data", "tiles", "picture", "view")


def state_scripts(figure: FigureState) -> Iterator[str]:
    """The script elements that hold a figure's state, piece by piece."""
    figure = _rounded(_detailed(figure))
    paths = [{"path": list(path)} for path in figure.buffers]
    text = _script_json({"state": figure.traits, "buffers": paths})
    yield f'<script type="application/json" class="tokenviz-state">{text}</script>'
    for buffer in figure.buffers.values():
        yield '<script type="text/plain" class="tokenviz-buffer">'
        yield as_base64(buffer)
        yield "</script>"


def _detailed(figure: FigureState) -> FigureState:
    """A figure whose values stay with a kernel, with a picture as large as a page can hold."""
    large = figure.source
    if not isinstance(large, LargeAttribution):
        return figure
    level, picture = large.pyramid.picture()
    down, across, _, _ = large.pyramid.levels[level]
    wire = encode_large(large, level, picture)
    leaf = wire["tiles"]["picture"]
    own = wire["tiles"] | {"picture": leaf | {"view": None}}
    traits = figure.traits | {"_data": figure.traits["_data"] | {"tiles": own}}
    kind = "the largest" if picture.exact else "a large one (sampled)"
    figure = _changed(figure, traits, figure.buffers | {_PICTURE: leaf["view"]})
    # A page fits its range to the picture that it has.
    figure = _changed(replace(figure, values=picture.values), traits, figure.buffers)
    if picture.exact and down == across == 1:
        return figure
    return _with_fact(figure, "shown", f"{kind} of each {down} × {across} cells")


def _rounded(figure: FigureState) -> FigureState:
    """The figure with its matrix as float16, where it is large and looks the same."""
    if figure.kind != "heatmap":
        return figure
    path = _PICTURE if "tiles" in figure.traits["_data"] else _MATRIX
    leaf = at(figure.traits, path[:-1])
    shape = leaf["shape"]
    if leaf["dtype"] != "float32" or math.prod(shape) < MIN_VALUES:
        return figure
    values = np.frombuffer(figure.buffers[path], dtype="<f4").reshape(shape)
    halves = as_halves(values, figure.scale)
    if halves is None:
        return figure
    leaf = leaf | {"dtype": "float16", "exponent": halves.exponent}
    traits = with_leaf(figure.traits, path[:-1], leaf)
    numbers = memory(halves.values.astype("<f2", copy=False))
    figure = _changed(figure, traits, figure.buffers | {path: numbers})
    return _with_fact(
        figure, "values", f"rounded to float16, by at most {significant(halves.error, 2)}"
    )


def _with_fact(figure: FigureState, name: str, fact: str) -> FigureState:
    """The figure with one more word about it, in its data and in its caption."""
    data, caption = figure.traits["_data"], figure.traits["caption"]
    traits = figure.traits | {
        "_data": data | {"facts": data["facts"] | {name: fact}},
        "caption": " · ".join([caption] * bool(caption) + [f"{name}: {fact}"]),
    }
    return _changed(figure, traits, figure.buffers)


def _changed(
    figure: FigureState, traits: dict[str, Any], buffers: dict[Path, Buffer]
) -> FigureState:
    """Another form of the same data."""
    changed = replace(figure, traits=traits, buffers=buffers)
    changed.__dict__["source"] = figure.source
    return changed


def _script_json(value: object) -> str:
    """JSON that may stand inside a script element: no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
