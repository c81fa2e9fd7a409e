"""The colour scale of a figure: its display traits and its data, put together.

Used by the live widget, by the state of an exported one, and by the pictures, so that all of them
colour alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.color.colormaps import Table, colormap_table, reversed_name
from tokenviz.color.range import resolve_range
from tokenviz.color.scale import ColorScale
from tokenviz.data.attribution import Attribution
from tokenviz.data.channels import channel_values
from tokenviz.data.trace import Trace
from tokenviz.tiles.large import LargeAttribution

__all__ = ["figure_scale", "find_table", "scaled_values"]


def scaled_values(
    source: Attribution | LargeAttribution | Trace, channel: str = "probability"
) -> npt.NDArray[np.float32]:
    """What the scale colours: attributions, or a channel of chosen tokens and alternatives."""
    if isinstance(source, Attribution):
        return source.values
    if isinstance(source, LargeAttribution):
        return source.pyramid.overview().values  # what the browser knows at first
    chosen, alternatives = channel_values(source, channel)
    return chosen if alternatives is None else np.concatenate([chosen, alternatives])


def find_table(colormap: Any, own: Mapping[str, Any] | None) -> tuple[str, Table]:
    """Name and table of a colormap: ``own`` (a ``_colormap_table`` trait), its reverse, or any."""
    if own and isinstance(colormap, str):
        table = np.frombuffer(own["table"], np.uint8).reshape(-1, 3)
        if colormap == own["name"]:
            return colormap, table
        if colormap == reversed_name(own["name"]):
            return colormap, table[::-1]
    return colormap_table(colormap)


def figure_scale(
    traits: Mapping[str, Any],
    source: Attribution | LargeAttribution | Trace,
    values: npt.NDArray[np.float32] | None = None,
) -> ColorScale:
    """The scale that display traits describe for some data, or for those ``values`` of it."""
    _, table = find_table(traits["colormap"], traits["_colormap_table"])
    norm = traits.get("norm") or "linear"
    ends = resolve_range(
        traits["vmin"],
        traits["vmax"],
        traits["center"],
        symmetric=traits["symmetric"],
        norm=norm,
        values=scaled_values(source, traits.get("channel", "probability"))
        if values is None
        else values,
    )
    return ColorScale(table, ends, traits["gamma"], norm)
