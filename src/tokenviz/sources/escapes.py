r"""Bytes that are no character, as OpenAI's servers write them in the text of a token.

A piece of a character comes as ``\xf0\x9f``, spelled out: eight characters that stand for two
bytes (legacy completions put ``bytes:`` before them). The same text may be meant literally, in code
for instance, so whoever knows the text that the tokens make together lets that decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["literal", "unescaped"]

_PREFIX = "bytes:"
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")


def unescaped(text: str) -> bytes | None:
    r"""The bytes that ``text`` spells out, or None where it spells out none.

    Only what :meth:`bytes.decode` with ``errors="backslashreplace"`` would have written is taken
    for bytes: pieces of characters, never a whole one.
    """
    written = text.removeprefix(_PREFIX)
    if not _ESCAPE.search(written):
        return None
    pieces = _ESCAPE.split(written)
    data = b"".join(
        bytes.fromhex(piece) if i % 2 else piece.encode("utf-8", errors="surrogatepass")
        for i, piece in enumerate(pieces)
    )
    if data.decode("utf-8", errors="backslashreplace") != written:
        return None
    return data


def literal(texts: Sequence[str], whole: str | None) -> bool:
    """Whether tokens that look like bytes spelled out are meant as they stand.

    They are where there are such among the tokens, and these, as they stand, make the ``whole``
    text.
    """
    looks = any(unescaped(text) is not None for text in texts)
    return looks and whole is not None and "".join(texts) == whole
