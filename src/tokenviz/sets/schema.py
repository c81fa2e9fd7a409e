"""What stands in a set: a row per trace, its columns by name, and what its files say of themselves.

``docs/sets.md`` is the same for readers that are not tokenviz. Columns per token have one entry per
chosen token, so that they line up; the prompt has columns of its own. What a trace does not have
is null.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from tokenviz.sets.arrow import arrow_type

__all__ = [
    "COLUMNS",
    "FEW",
    "LISTS",
    "METADATA",
    "REQUIRED",
    "VERSION",
    "Facts",
    "Tokenizer",
    "check_metadata_name",
    "kind_of",
    "own_types",
    "tokenizer_of",
]

VERSION = 1
METADATA = b"tokenviz"
"""The key, in a file's metadata, of :class:`Facts` as JSON."""

FEW: Mapping[str, str] = {
    "text": "string",
    "n_tokens": "int32",
    "known_tokens": "int32",
    "sum_logprob": "double",
    "mean_logprob": "double",
    "worst_logprob": "float",
    "worst_at": "int32",
    "mean_entropy": "double",
    "share_masked": "double",
    "prompt_text": "string",
    "prompt_tokens": "int32",
    "model": "string",
    "source": "string",
    "distribution": "string",
    "temperature": "double",
    "partial": "bool",
    "notes": "list<note>",
}
"""One value per trace, after the key; what sorting and filtering need is here."""

LISTS: Mapping[str, str] = {
    "ids": "list<int32>",
    "bytes": "binary",
    "offsets": "list<int32>",
    "special": "list<int32>",
    "unknown": "list<int32>",
    "logprobs": "list<float>",
    "ranks": "list<int32>",
    "ranks_at_least": "list<bool>",
    "entropies": "list<float>",
    "entropies_at_least": "list<bool>",
    "alternative_offsets": "list<int32>",
    "alternative_ids": "list<int32>",
    "alternative_bytes": "binary",
    "alternative_byte_offsets": "list<int32>",
    "alternative_special": "list<int32>",
    "alternative_unknown": "list<int32>",
    "alternative_logprobs": "list<float>",
    "prompt_ids": "list<int32>",
    "prompt_bytes": "binary",
    "prompt_offsets": "list<int32>",
    "prompt_special": "list<int32>",
    "prompt_unknown": "list<int32>",
    "prompt_roles": "list<string>",
    "prompt_turns": "list<int64>",
    "own_columns": "list<string>",
}
"""What is known token by token. ``own_columns`` names the channels, flags and categories that a
trace has, in its order."""

COLUMNS: Mapping[str, str] = {"key": "string", **FEW, **LISTS}
"""All columns that every set has, with their types."""

REQUIRED = ("key", "bytes", "offsets", "logprobs")
"""What a Parquet file must have to be read as part of a set."""

_OWN = {"channel": "list<float>", "flag": "list<bool>", "category": "list<string>"}
_SUMMARIES = {
    "channel": {"mean": "double", "min": "float", "max": "float", "argmin": "int32",
                "argmax": "int32"},
    "flag": {"share": "double"},
    "category": {},
}  # fmt: skip
_PREFIXES = (*_OWN, *(name for columns in _SUMMARIES.values() for name in columns))
ROW = "__row"
"""Where a row stands among all; queries alone know it."""


def own_types(kind: str, label: str) -> dict[str, str]:
    """The columns that a channel, flag or category has, and their types: its own comes first."""
    own = {f"{kind}.{label}": _OWN[kind]}
    return own | {f"{which}.{label}": of for which, of in _SUMMARIES[kind].items()}


def kind_of(column: str) -> tuple[str, str] | None:
    """Of a channel's, flag's or category's own column, which of these and its name; else None."""
    kind, dot, label = column.partition(".")
    return (kind, label) if dot and kind in _OWN else None


def is_ours(column: str) -> bool:
    """Whether a name is one of the schema's; all others are the user's."""
    prefix, dot, _ = column.partition(".")
    return column.lower() in COLUMNS or bool(dot and prefix.lower() in _PREFIXES)


def check_metadata_name(name: Any) -> str:
    """Refuse what a column of the user's cannot be called.

    Raises
    ------
    TypeError, ValueError
        If it is no text, is empty, or is a name of the schema's.
    """
    if not isinstance(name, str):
        raise TypeError(f"metadata: expected names of columns, got {name!r}")
    if not name.strip() or "\0" in name or any("\ud800" <= c <= "\udfff" for c in name):
        raise ValueError(f"metadata: {name!r} cannot be the name of a column")
    if name.lower() == ROW or is_ours(name):
        raise ValueError(
            f"metadata: {name!r} is a column of every set, or begins as one; "
            f"give yours another name, as 'my_{name}'"
        )
    return name


class Tokenizer(NamedTuple):
    """Which tokenizer ids belong to."""

    name: str | None
    hash: str | None = None
    """Of its vocabulary: sha256, in hexadecimal."""


def tokenizer_of(tokenizer: Any) -> Tokenizer | None:
    """What a set says of a tokenizer: its name, and a hash of its vocabulary.

    Parameters
    ----------
    tokenizer
        One of transformers or tokenizers, a name, or what this gives; None where it is not known.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if tokenizer is None or isinstance(tokenizer, Tokenizer):
        return tokenizer
    if isinstance(tokenizer, str):
        return Tokenizer(_plain(tokenizer))
    vocabulary = getattr(tokenizer, "get_vocab", None)
    if not callable(vocabulary):
        raise TypeError(
            "tokenizer: expected a tokenizer of transformers or tokenizers, or its name, "
            f"got {type(tokenizer).__name__}: {tokenizer!r}"
        )
    name = getattr(tokenizer, "name_or_path", None)
    return Tokenizer(_plain(name) if name else None, _hash(tokenizer, vocabulary))


def _hash(tokenizer: Any, vocabulary: Callable[[], Mapping[str, int]]) -> str:
    """Of a vocabulary; of 262,144 tokens it takes most of a second, so it is kept."""
    import hashlib

    size = len(tokenizer) if hasattr(tokenizer, "__len__") else None
    try:
        known = _HASHES.get(tokenizer)
    except TypeError:  # what cannot be kept by
        known = None
    if known is not None and known[0] == size:
        return known[1]
    pairs = sorted(vocabulary().items(), key=lambda pair: (pair[1], pair[0]))
    content = json.dumps(pairs, ensure_ascii=True).encode()
    found = hashlib.sha256(content).hexdigest()
    if size is not None:
        with suppress(TypeError):
            _HASHES[tokenizer] = size, found
    return found


_HASHES: WeakKeyDictionary[Any, tuple[int, str]] = WeakKeyDictionary()
"""By tokenizer, with how many tokens it had: some may have been added since."""


def said(tokenizer: Tokenizer) -> str:
    """A tokenizer in words."""
    name = repr(tokenizer.name) if tokenizer.name else "one without a name"
    return name if tokenizer.hash is None else f"{name} (vocabulary {tokenizer.hash[:12]})"


def _plain(name: str) -> str:
    """A name without the folders of this machine."""
    path = Path(name)
    return path.name if path.is_absolute() or path.is_dir() else name


class Facts(NamedTuple):
    """What a file says of all its rows."""

    version: int = VERSION
    tokenizer: Tokenizer | None = None
    distributions: tuple[str, ...] = ()
    """Each that some row has."""
    temperatures: tuple[float, ...] = ()
    mixed: tuple[str, ...] = ()
    """The names of tokenizers, where files differ in them."""

    def encoded(self) -> dict[bytes, bytes]:
        """As metadata of a file, which is of this version, whatever its rows were read from."""
        content = {
            "format": "tokenviz.set",
            "version": VERSION,
            "tokenizer": None if self.tokenizer is None else self.tokenizer._asdict(),
            "distributions": list(self.distributions),
            "temperatures": list(self.temperatures),
        }
        return {METADATA: json.dumps(content).encode()}

    @classmethod
    def decoded(cls, metadata: Mapping[bytes, bytes] | None, name: str) -> Facts | None:
        """From metadata of the file ``name``; None where it says nothing.

        Raises
        ------
        ValueError
            If it is of a later version, or damaged.
        """
        if not metadata or METADATA not in metadata:
            return None
        try:
            content = json.loads(metadata[METADATA])
            version = content["version"]
            if type(version) is not int or version < 1:
                raise ValueError
            if version > VERSION:
                return cls(version)
            tokenizer = content.get("tokenizer")
            return cls(
                version,
                None if tokenizer is None else Tokenizer(tokenizer["name"], tokenizer["hash"]),
                tuple(map(str, content.get("distributions", ()))),
                tuple(map(float, content.get("temperatures", ()))),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ValueError(f"path: the metadata of {name} is damaged") from None

    @classmethod
    def together(cls, several: Iterable[Facts]) -> Facts:
        """Of several files; a tokenizer only where all that name one name the same."""
        all_ = list(several)
        tokenizers = {one.tokenizer for one in all_ if one.tokenizer is not None}
        return cls(
            max((one.version for one in all_), default=VERSION),
            next(iter(tokenizers)) if len(tokenizers) == 1 else None,
            tuple(sorted({d for one in all_ for d in one.distributions})),
            tuple(sorted({t for one in all_ for t in one.temperatures})),
            tuple(sorted(map(said, tokenizers))) if len(tokenizers) > 1 else (),
        )


def fields_of(types: Mapping[str, str]) -> list[tuple[str, Any]]:
    """Names with Arrow's types."""
    return [(name, arrow_type(of)) for name, of in types.items()]
