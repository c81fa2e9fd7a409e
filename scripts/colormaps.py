"""Write js/color/colormaps.json: the colour tables of the menu, taken from cmap.

The browser recolours without the kernel, so it carries the tables it offers. They are made by the
package's own ``tokenviz.colors.colormap_table``, so that Python and JavaScript agree to the bit.
A table is written as the steps from each colour to the next, channel by channel: colormaps are
smooth, so the steps are few and small, and a fifth as large as the colours once compressed.
Run it after changing MENU or the version of cmap: ``python scripts/colormaps.py``.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tokenviz.colors import colormap_table

MENU = {
    "diverging": ["RdYlGn", "RdBu", "PuOr", "BrBG", "coolwarm", "vik"],
    "sequential": ["Greens", "Oranges", "Blues", "viridis", "cividis", "magma", "batlow"],
}
RED_GREEN = {"RdYlGn"}
"""Maps whose two ends look alike to a reader who cannot tell red from green."""

TARGET = Path(__file__).parents[1] / "js" / "color" / "colormaps.json"


def entry(name: str, kind: str) -> dict[str, object]:
    """What the menu needs to know of a colormap, the steps between its colours in base64."""
    rgb = colormap_table(name)[1]
    reverse = colormap_table(f"{name}_r")[1]
    if not np.array_equal(reverse, rgb[::-1]):
        raise ValueError(f"{name}_r is not {name} reversed; the browser assumes it is")
    return {
        "name": name,
        "kind": kind,
        "safe": name not in RED_GREEN,
        "steps": base64.b64encode(steps(rgb).tobytes()).decode("ascii"),
    }


def steps(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """[3, 256] differences along each channel, modulo 256; the first is from 0."""
    before = np.zeros((1, 3), np.uint8)
    return np.ascontiguousarray(np.diff(rgb, axis=0, prepend=before).T)


if __name__ == "__main__":
    entries = [entry(name, kind) for kind, names in MENU.items() for name in names]
    TARGET.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
