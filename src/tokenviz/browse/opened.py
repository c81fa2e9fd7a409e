"""A row as it is opened: the trace of its figure, and how that is packed into a page."""

from __future__ import annotations

import json
import zlib
from typing import Any, NamedTuple

from ipywidgets.widgets.widget import _remove_buffers

from tokenviz.data.marks import shown_category, shown_flag
from tokenviz.data.trace import Trace
from tokenviz.sets.joined import JoinedSet
from tokenviz.wire import encode_trace

__all__ = ["Opened", "opened", "packed", "wire"]


_END = 2000  # characters of a prompt, at either end


class Opened(NamedTuple):
    """What the figure of a row shows."""

    trace: Trace
    """Of two rows that are compared, the first with the comparison as its channels."""
    said: str | None
    """Why it is not what it should be."""


def opened(rows: Any, place: int) -> Opened:
    """The row at a place of a set, or of a joined one."""
    if not isinstance(rows, JoinedSet):
        return Opened(rows[place], None)
    try:
        return Opened(rows[place].to_trace(), None)
    except ValueError:
        return Opened(
            rows.traces(place)[1], "The two texts differ, so there is no comparison; this is b."
        )


def wire(one: Opened) -> dict[str, Any]:
    """As the browser takes it: ``_data`` of a trace's figure, and which of its marks are drawn."""
    trace = one.trace
    return {
        "data": encode_trace(trace),
        "flag": shown_flag(trace.flags),
        "category": shown_category(trace.categories),
        "said": one.said,
        "prompt": _prompt(trace),
    }


def _prompt(trace: Trace) -> str | None:
    """What the text came after, as it is read; of a long one both ends."""
    if not trace.prompt:
        return None
    text = b"".join(token.bytes for token in trace.prompt).decode("utf-8", errors="replace")
    return text if len(text) <= 2 * _END else f"{text[:_END]} … {text[-_END:]}"


def packed(one: Opened) -> bytes:
    """The same in one compressed piece, which ``js/set/packed.ts`` reads.

    A head of JSON behind its length (of four bytes, little-endian), padded to four; then the
    buffers, each padded to four, in the order of their paths.
    """
    state, paths, buffers = _remove_buffers(wire(one))
    sizes = [memoryview(buffer).nbytes for buffer in buffers]
    head = {"state": state, "paths": paths, "sizes": sizes}
    text = json.dumps(head, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    content = text.encode("utf-8", errors="replace")
    content += b" " * (-len(content) % 4)
    pieces = [len(content).to_bytes(4, "little"), content]
    for buffer, size in zip(buffers, sizes, strict=True):
        pieces += [bytes(buffer), b"\0" * (-size % 4)]
    return zlib.compress(b"".join(pieces), 6)
