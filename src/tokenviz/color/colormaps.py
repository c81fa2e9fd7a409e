"""Colormaps as tables of 256 colours, from :mod:`cmap`: by name, or any object it understands."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import cmap
import numpy as np
import numpy.typing as npt

__all__ = ["BUNDLED", "SIZE", "Table", "colormap_table", "reversed_name"]

Table = npt.NDArray[np.uint8]

SIZE = 256
BUNDLED = (
    "RdYlGn", "RdBu", "PuOr", "BrBG", "coolwarm", "vik",
    "Greens", "Oranges", "Blues", "viridis", "cividis", "magma", "batlow",
)  # fmt: skip
"""The colormaps whose tables the renderer holds; any other is sent with the figure."""


def colormap_table(colormap: Any) -> tuple[str, Table]:
    """Name and 256 RGB colours of a colormap.

    Parameters
    ----------
    colormap
        A name that cmap or matplotlib knows (``"RdYlGn"``, ``"viridis_r"``, ``"crameri:vik"``), or
        an object: a ``cmap.Colormap``, a matplotlib ``Colormap``, a list of colours.

    Returns
    -------
    name : str
    table : uint8 array [256, 3]

    Raises
    ------
    ValueError
        If there is no such colormap; the message names the nearest ones.
    """
    if isinstance(colormap, str):
        return colormap, _named_table(colormap)
    try:
        found = cmap.Colormap(colormap)
    except Exception as error:
        raise ValueError(
            "colormap: expected a name, a cmap or matplotlib colormap, or a list of colours, "
            f"got {type(colormap).__name__}: {colormap!r}"
        ) from error
    return str(getattr(colormap, "name", None) or found.name), _table(found)


@lru_cache(maxsize=64)
def _named_table(name: str) -> Table:
    try:
        with _no_ambiguity_warnings():
            # Asked first, because cmap also reads the name of any colour as a colormap.
            cmap.Catalog()[name.removesuffix("_r")]
            return _table(cmap.Colormap(name))
    except Exception as error:
        known = {str(key).rpartition(":")[2] for key in cmap.Catalog()}
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ValueError(f"colormap: no colormap is called {name!r}{hint}") from error


@contextmanager
def _no_ambiguity_warnings() -> Iterator[None]:
    """Keep cmap from warning that ``coolwarm`` is in two catalogues: matplotlib's is meant."""
    logger = logging.getLogger("cmap")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _table(colormap: cmap.Colormap) -> Table:
    table = np.round(np.asarray(colormap.lut(SIZE))[:, :3] * 255).astype(np.uint8)
    table.flags.writeable = False
    return table


def reversed_name(name: str) -> str:
    """``viridis`` to ``viridis_r`` and back."""
    return name.removesuffix("_r") if name.endswith("_r") else f"{name}_r"
