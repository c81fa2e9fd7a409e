"""How a tokenizer spells its vocabulary, undone: a piece (``Ġthe``, ``▁the``, ``<0x0A>``) to bytes.

Every family of tokenizers writes white space and raw bytes in an alphabet of its own. Which one a
tokenizer uses is read from its own description (the decoder, pre-tokenizer and model of its JSON),
never guessed from how the pieces look, since a vocabulary may hold a real ``Ġ`` as well.

=================  ==================================================  =======================
family             spelling                                            exact bytes
=================  ==================================================  =======================
byte-level BPE     each byte is one character (GPT-2's table)          yes
SentencePiece      ``▁`` is a space, ``<0x0A>`` a byte                 yes, with byte fallback
WordPiece          ``##ing`` continues a word, others start one        no: spaces are inferred
BPE with a suffix  ``the</w>`` ends a word                             no: spaces are inferred
anything else      as written
=================  ==================================================  =======================

Source: the byte table is that of GPT-2's encoder (Radford et al. 2019); ``▁`` and byte fallback
are SentencePiece's (Kudo and Richardson 2018).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["PieceDecoder", "piece_decoder"]

PieceDecoder = Callable[[str], bytes]
"""From a piece as the vocabulary spells it to the bytes it stands for."""

_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SENTENCEPIECE_SPACE = "▁"


def piece_decoder(tokenizer: Any) -> PieceDecoder:
    """Choose how to undo the spelling of a transformers tokenizer's ordinary (not added) pieces."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        return _from_backend(backend)
    return _from_python(tokenizer)


def _from_backend(backend: Any) -> PieceDecoder:
    """Read the spelling from a ``tokenizers.Tokenizer``.

    Its parts are described one by one: the description of the whole holds the vocabulary, which
    takes a second to read where that is large.
    """
    decoders = list(_parts(_described(backend.decoder)))
    encoders = [
        part
        for own in (backend.normalizer, backend.pre_tokenizer)
        for part in _parts(_described(own))
    ]
    model = backend.model
    kinds = {part["type"] for part in (*decoders, *encoders)}
    if "ByteLevel" in kinds:
        return _byte_level(getattr(model, "end_of_word_suffix", None) or "")
    for part in decoders:
        if part["type"] == "WordPiece":
            return _word_piece(part["prefix"])
        if part["type"] == "BPEDecoder":
            return _suffixed(part["suffix"])
    if type(model).__name__ == "WordPiece":
        return _word_piece(model.continuing_subword_prefix)
    spaces = {part["replacement"] for part in (*decoders, *encoders) if part["type"] == "Metaspace"}
    spaces |= {
        part["pattern"]["String"]
        for part in decoders
        if part["type"] == "Replace" and part["content"] == " " and "String" in part["pattern"]
    }
    byte_fallback = "ByteFallback" in kinds or _falls_back(model)
    return _sentence_piece(spaces, byte_fallback) if spaces or byte_fallback else str.encode


def _described(part: Any) -> dict[str, Any] | None:
    """What a part of a tokenizer says of itself."""
    return None if part is None else json.loads(part.__getstate__())


def _falls_back(model: Any) -> bool:
    """Whether a model spells bytes that it has no piece for."""
    if type(model).__name__ == "Unigram":  # it does not say so but in its whole description
        return bool((_described(model) or {}).get("byte_fallback"))
    return bool(getattr(model, "byte_fallback", False))


def _from_python(tokenizer: Any) -> PieceDecoder:
    """Read the spelling from the attributes of a tokenizer written in Python ("slow")."""
    byte_of = getattr(tokenizer, "byte_decoder", None)
    if isinstance(byte_of, dict):
        return _byte_level("")
    if hasattr(tokenizer, "sp_model"):
        return _sentence_piece({_SENTENCEPIECE_SPACE}, byte_fallback=True)

    def decode(piece: str) -> bytes:
        return str(tokenizer.convert_tokens_to_string([piece])).encode()

    return decode


def _parts(part: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """The steps of a possibly nested sequence of normalizers, pre-tokenizers or decoders."""
    if part is None:
        return
    for key in ("decoders", "pretokenizers", "normalizers"):
        if key in part:
            for inner in part[key]:
                yield from _parts(inner)
            return
    yield part


def _byte_table() -> dict[str, int]:
    """GPT-2's alphabet: printable Latin-1 stands for itself, the other bytes follow U+0100."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    table = {chr(byte): byte for byte in printable}
    return table | {chr(0x100 + place): byte for place, byte in enumerate(others)}


_BYTE_OF = _byte_table()


def _byte_level(word_end: str) -> PieceDecoder:
    def decode(piece: str) -> bytes:
        ends_word = bool(word_end) and piece.endswith(word_end)
        body = piece[: -len(word_end)] if ends_word else piece
        try:
            data = bytes(_BYTE_OF[character] for character in body)
        except KeyError:  # not spelled in the alphabet at all, so it is plain text
            data = body.encode()
        return data + b" " if ends_word else data

    return decode


def _sentence_piece(spaces: set[str], byte_fallback: bool) -> PieceDecoder:
    def decode(piece: str) -> bytes:
        if byte_fallback and (match := _BYTE_PIECE.fullmatch(piece)):
            return bytes.fromhex(match[1])
        for space in spaces:
            piece = piece.replace(space, " ")
        return piece.encode()

    return decode


def _word_piece(prefix: str) -> PieceDecoder:
    def decode(piece: str) -> bytes:
        if piece.startswith(prefix):
            return piece[len(prefix) :].encode()
        return b" " + piece.encode()

    return decode


def _suffixed(suffix: str) -> PieceDecoder:
    def decode(piece: str) -> bytes:
        if piece.endswith(suffix):
            return piece[: -len(suffix)].encode() + b" "
        return piece.encode()

    return decode
