"""The kernel's end of the conversation with the browser; the other is ``js/heatmap/tiles/``.

The browser keeps the queue: it asks for the tiles that it shows, a few at a time, nearest to the
middle of the view first, so that what was scrolled away is never asked for. An answer is one tile
of at most a megabyte. The kernel remembers nothing of whom it told what.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tokenviz.tiles.large import LargeAttribution

__all__ = ["answer"]

Reply = tuple[dict[str, Any], list[memoryview]]


def answer(large: LargeAttribution, question: Any) -> Reply | None:
    """Answer a message; None if it does not ask for a tile.

    What goes wrong while reading (the file has vanished, there is no such tile) is the answer too,
    because the browser waits for one.

    Raises
    ------
    ValueError
        If the message is none that the renderer sends.
    """
    if not isinstance(question, dict) or question.get("type") != "tile":
        return None
    place = [question.get(name) for name in ("level", "row", "column")]
    if not all(type(number) is int and 0 <= number < 2**53 for number in place):
        raise ValueError(f"tile: {repr(place)[:80]} are no level, row and column")
    asker = question.get("id")
    if not (asker is None or type(asker) is int or (isinstance(asker, str) and len(asker) < 100)):
        raise ValueError(f"tile: {repr(asker)[:80]} is no id of a view")
    level, row, column = (int(number or 0) for number in place)
    reply: dict[str, Any] = {
        "type": "tile",
        "id": asker,
        "level": level,
        "row": row,
        "column": column,
    }
    try:
        values, exact = large.pyramid.tile(level, row, column)
    except (Exception, KeyboardInterrupt) as error:
        return reply | {"error": f"{type(error).__name__}: {error}"}, []
    dtype = "<f2" if large.pyramid.reader.halves else "<f4"
    packed = np.ascontiguousarray(values, dtype=dtype)
    view = packed.reshape(-1).view(np.uint8).data
    reply |= {"exact": exact, "dtype": packed.dtype.name, "shape": list(packed.shape)}
    return reply, [view]
