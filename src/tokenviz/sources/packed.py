"""Files that are packed: ``answers.jsonl.gz`` is what ``answers.jsonl`` is."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from pathlib import Path
from typing import Any

__all__ = ["PACKED", "head_of", "suffix_of", "text_of"]

PACKED = (".gz", ".bz2", ".xz", ".zst")
# By how such a file begins: names are not always right, and some have none.
_OPEN: dict[bytes, Any] = {
    b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open,
}  # fmt: skip
_ZSTD = b"\x28\xb5\x2f\xfd"
_BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error)
_MOST = 1 << 30
"""Bytes that are unpacked at most: some kilobytes may be made to hold any number of them."""


def suffix_of(path: Path) -> str:
    """What a file's name ends in, in small letters, packed or not."""
    packed = path.suffix.lower() in PACKED
    return (Path(path.stem) if packed else path).suffix.lower()


def head_of(path: Path, size: int) -> bytes:
    """The first bytes of a file, unpacked; none if it is damaged."""
    try:
        with _opened(path) as file:
            head: bytes = file.read(size)
    except (ValueError, *_BROKEN):
        return b""
    return head


def text_of(path: Path) -> str:
    """The text of a file, unpacked.

    Raises
    ------
    ValueError
        If it is damaged, packed in a way that Python does not know, holds more than 1 GiB packed,
        or is no text.
    """
    try:
        with _opened(path) as file:
            is_packed = not hasattr(file, "raw")
            content: bytes = file.read(_MOST + 1) if is_packed else file.read()
    except _BROKEN as error:
        raise ValueError(f"{path.name}: it cannot be unpacked: {error}") from None
    if is_packed and len(content) > _MOST:
        raise ValueError(f"{path.name}: it holds more than {_MOST:,} bytes; unpack it first")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name}: expected text in UTF-8: {error}") from None


def _opened(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(6)
    if head.startswith(_ZSTD):
        raise ValueError(f"{path.name}: it is packed by zstd; unpack it first (zstd -d)")
    unpack = next((unpack for sign, unpack in _OPEN.items() if head.startswith(sign)), None)
    return path.open("rb") if unpack is None else unpack(path, "rb")
