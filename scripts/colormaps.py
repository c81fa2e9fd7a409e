"""Write js/color/colormaps.json: the colour tables of the menu, taken from cmap.

The browser recolours without the kernel, so it carries the tables it offers. They are made by the
package's own ``tokenviz.colors.colormap_table``, so that Python and JavaScript agree to the bit.
Run it after changing MENU or the version of cmap: ``python scripts/colormaps.py``.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np

from tokenviz.colors import colormap_table

MENU = {
    "diverging": ["RdYlGn", "RdBu", "PuOr", "BrBG", "coolwarm", "vik"],
    "sequential": ["Greens", "Oranges", "Blues", "viridis", "cividis", "magma", "batlow"],
}
RED_GREEN = {"RdYlGn"}
"""Maps whose two ends look alike to a reader who cannot tell red from green."""

TARGET = Path(__file__).parents[1] / "js" / "color" / "colormaps.json"


def entry(name: str, kind: str) -> dict[str, object]:
    """What the menu needs to know of a colormap, its colours in base64."""
    rgb = colormap_table(name)[1]
    reverse = colormap_table(f"{name}_r")[1]
    if not np.array_equal(reverse, rgb[::-1]):
        raise ValueError(f"{name}_r is not {name} reversed; the browser assumes it is")
    return {
        "name": name,
        "kind": kind,
        "safe": name not in RED_GREEN,
        "table": base64.b64encode(rgb.tobytes()).decode("ascii"),
    }


if __name__ == "__main__":
    entries = [entry(name, kind) for kind, names in MENU.items() for name in names]
    TARGET.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
