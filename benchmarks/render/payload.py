"""What a live figure costs before it reaches a browser: seconds of Python, and bytes to send."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np

from benchmarks.render.jobs import source

__all__ = ["rows", "size_of"]

_RENDERER = ("_esm", "_css", "_renderer")


def rows(sizes: dict[str, list[str]]) -> list[dict[str, Any]]:
    """For each size: CPU seconds until the figure could be sent, its bytes, and the data's own."""
    source("heatmap", "13 × 5").show().close()  # what a process reads once
    found = []
    for kind, of_kind in sizes.items():
        for size in of_kind:
            shown = source(kind, size)
            start = time.process_time()
            widget = shown.show()
            state = widget.get_state()
            seconds = time.process_time() - start
            raw = _raw(shown)
            sent = size_of({name: v for name, v in state.items() if name not in _RENDERER})
            widget.close()
            found.append(
                {
                    "kind": kind,
                    "size": size,
                    "show_seconds": seconds,
                    "raw_bytes": raw,
                    "sent_bytes": sent,
                    "ratio": sent / raw,
                }
            )
    return found


def _raw(shown: Any) -> int:
    """Bytes of the arrays that the data object holds."""
    arrays = [value for value in vars(shown).values() if isinstance(value, np.ndarray)]
    return sum(array.nbytes for array in arrays)


def size_of(value: Any) -> int:
    """Bytes of a state: its buffers, and the rest as JSON."""
    buffers: list[int] = []

    def write(item: Any) -> Any:
        if isinstance(item, bytes | bytearray | memoryview):
            buffers.append(memoryview(item).nbytes)
            return None
        if isinstance(item, dict):
            return {name: write(inner) for name, inner in item.items()}
        if isinstance(item, list | tuple):
            return [write(inner) for inner in item]
        return item

    text = json.dumps(write(value), ensure_ascii=False)
    return len(text.encode("utf-8", "surrogatepass")) + sum(buffers)
