"""Write js/color/colormaps.json: the colour tables of the menu, taken from cmap.

The browser recolours without the kernel, so it carries the tables it offers. They are made by
``tokenviz.color.colormaps.colormap_table``, so that Python and JavaScript agree to the bit.
A table is written as its first colour and then, channel by channel, as by how much each step to
the next colour differs from the step before it, a letter each: colormaps are smooth, so these are
few and small, and a sixth as large as the colours once compressed.
Run it after changing MENU or the version of cmap: ``python scripts/colormaps.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tokenviz.color.colormaps import colormap_table

MENU = {
    "diverging": ["RdYlGn", "RdBu", "PuOr", "BrBG", "coolwarm", "vik"],
    "sequential": ["Greens", "Oranges", "Blues", "viridis", "cividis", "magma", "batlow"],
}
RED_GREEN = {"RdYlGn"}
"""Maps whose two ends look alike to a reader who cannot tell red from green."""

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
        "first": rgb[0].tobytes().hex(),
        "bends": bends(rgb),
    }


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
