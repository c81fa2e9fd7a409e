"""Write js/color/colormaps.json: the colour tables of the menu, taken from cmap.

The browser recolours without the kernel, so it carries the tables it offers. They are made by
``tokenviz.color.colormaps.colormap_table``, so that Python and JavaScript agree to the bit.
ColorBrewer's are straight between a few colours, which is all that is written of them. Any other
table is written as its first colour and then, channel by channel, as by how much each step to the
next colour differs from the step before it, a letter each: colormaps are smooth, so these are few
and small, and a sixth as large as the colours once compressed.
Run it after changing MENU or the version of cmap: ``python scripts/colormaps.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.color.colormaps import colormap_table

MENU = {
    "diverging": ["RdYlGn", "RdBu", "PuOr", "BrBG", "coolwarm", "vik"],
    "sequential": ["Greens", "Oranges", "Blues", "viridis", "cividis", "magma", "batlow"],
}
RED_GREEN = {"RdYlGn"}
"""Maps whose two ends look alike to a reader who cannot tell red from green."""

COLORBREWER = (9, 11)
"""How many colours ColorBrewer's maps have, sequential and diverging."""

TARGET = Path(__file__).parents[1] / "js" / "color" / "colormaps.json"


def entry(name: str, kind: str) -> dict[str, object]:
    """What the menu needs to know of a colormap."""
    rgb = colormap_table(name)[1]
    reverse = colormap_table(f"{name}_r")[1]
    if not np.array_equal(reverse, rgb[::-1]):
        raise ValueError(f"{name}_r is not {name} reversed; the browser assumes it is")
    return {
        "name": name,
        "kind": kind,
        "safe": name not in RED_GREEN,
        **written(rgb),
    }


def written(rgb: npt.NDArray[np.uint8]) -> dict[str, str]:
    """A table as the browser reads it."""
    for count in COLORBREWER:
        near = np.round(np.linspace(0, 255, count)).astype(int)
        knots = np.stack([knots_of(rgb[:, channel], near) for channel in range(3)], axis=1)
        if np.array_equal(between(knots), rgb):
            return {"knots": knots.astype(np.uint8).tobytes().hex()}
    return {"first": rgb[0].tobytes().hex(), "bends": bends(rgb)}


def knots_of(column: npt.NDArray[np.uint8], near: npt.NDArray[np.int_]) -> npt.NDArray[Any]:
    """Whole numbers with as few differences as can be: an entry is beside its knot, not on it."""
    knots = column[near].astype(float)

    def wrong(value: float) -> int:
        knots[j] = value
        return int((between(knots[:, None])[:, 0] != column).sum())

    for _ in range(3):  # neighbours have a say in it
        for j, value in enumerate(knots.tolist()):
            knots[j] = min((value + by for by in (0, -1, 1, -2, 2)), key=wrong)
    return knots


def between(knots: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """256 entries on straight lines between knots, rounded half up, as colormaps.ts has it."""
    at = np.arange(256) * (len(knots) - 1) / 255
    lower = np.minimum(len(knots) - 2, at.astype(int))
    start = knots[lower]
    entries: npt.NDArray[Any] = start + (knots[lower + 1] - start) * (at - lower)[:, None]
    return np.floor(entries + 0.5)


def bends(rgb: npt.NDArray[np.uint8]) -> str:
    """How much each step differs from the one before: 255 letters for each channel, O for 0."""
    steps = np.diff(rgb.astype(int), axis=0, prepend=rgb[:1])
    letters = ord("O") + np.diff(steps, axis=0).T
    if letters.min() < ord("A") or letters.max() > ord("Z"):
        raise ValueError("a colormap bends too much for a letter")
    return "".join(map(chr, letters.ravel()))


if __name__ == "__main__":
    entries = [entry(name, kind) for kind, names in MENU.items() for name in names]
    TARGET.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
