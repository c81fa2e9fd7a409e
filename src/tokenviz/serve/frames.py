"""Messages of the comm protocol as bytes: JSON, and after it the buffers; see js/serve/frames.ts.

A frame is the number of bytes that follow, the number of those that are JSON (both 32 bits, little
end first), the JSON (``data`` as a comm has it, and the buffers' lengths), the buffers. A request
has a length of its own and leaves out the first.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

__all__ = ["frame", "unpack"]

_LENGTH = struct.Struct("<I")
Buffer = bytes | bytearray | memoryview


def frame(data: dict[str, Any], buffers: Sequence[Buffer] = ()) -> bytes:
    """What a stream holds of one message.

    Raises
    ------
    ValueError
        If a number is not finite: JSON has no word for that.
    """
    parts = [memoryview(buffer).cast("B") for buffer in buffers]
    described = {"data": data, "buffers": [part.nbytes for part in parts]}
    text = json.dumps(described, default=_plain, allow_nan=False).encode()
    content = b"".join([_LENGTH.pack(len(text)), text, *parts])
    return _LENGTH.pack(len(content)) + content


def unpack(content: bytes) -> tuple[Any, list[memoryview], int]:
    """A request's data and buffers, and the number of the page that it is from.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        (size,) = _LENGTH.unpack_from(content)
        start = _LENGTH.size + size
        described = json.loads(content[_LENGTH.size : start])
        data, sizes, page = (described[name] for name in ("data", "buffers", "page"))
        if not all(type(n) is int and n >= 0 for n in sizes) or start + sum(sizes) != len(content):
            raise ValueError("its buffers are not as long as it says")
    except (struct.error, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"it is no message: {type(error).__name__}") from None
    buffers = []
    for n in sizes:
        buffers.append(memoryview(content)[start : start + n])
        start += n
    return data, buffers, page


def _plain(value: Any) -> Any:
    """Numbers of numpy, as a kernel writes them."""
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(f"expected what JSON can hold, got {type(value).__name__}")
