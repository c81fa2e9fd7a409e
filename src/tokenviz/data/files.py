"""Save and load, without loss: float32 to the bit, NaN, −0.0, every byte of every token.

An object is split once into a *header* (JSON) and *arrays* (numpy). ``.npz`` keeps the arrays as
they are and the header as UTF-8 bytes beside them; ``.json`` writes the arrays as lists, each
float32 by the shortest decimal that reads back as the same float32.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tokenviz.data.attribution import Attribution, Target
from tokenviz.data.replacing import replacing
from tokenviz.data.stored import Archive, Column, Text, listed, write_archive
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace

__all__ = ["load", "save"]

Arrays = dict[str, npt.NDArray[Any]]
PICTURES = (".html", ".svg", ".pdf", ".png")
"""Formats that hold a figure's look, and are written by its widget."""

_VERSION = 1
_NAMES: dict[str, type[Attribution | Trace]] = {"attribution": Attribution, "trace": Trace}
_TRACE_ARRAYS = (
    "index", "logprobs", "offsets", "alternative_index", "alternative_logprobs",
    "ranks", "entropies",
)  # fmt: skip
_TRACE_CHAT = ("prompt_roles", "prompt_turns")
_CHANNEL = "channel_"
_ATTRIBUTION_ARRAYS = ("values", "completeness_error", "standard_error")
_ATTRIBUTION_FACTS = ("method", "score", "baseline", "n_steps", "model", "label")
# Written only where they are known, so that a file says no more than the attribution does.
_ATTRIBUTION_RECORDS = (
    "seconds", "positions", "grouping", "aggregation", "reduction", "roles", "prompt_ids", "spans",
    "terms", "partial", "stopped_after", "rounding",
)  # fmt: skip
_Read = TypeVar("_Read")


def save(source: Attribution | Trace, path: str | Path) -> Path:
    """Write ``source`` to ``path``; the suffix chooses the format.

    ``.npz`` and ``.json`` keep the data, ``.html`` the interactive figure, ``.svg``, ``.pdf`` and
    ``.png`` (which need matplotlib) its picture. A file that is there stays as it is until the new
    one is whole.

    Returns
    -------
    Path
        Where it was written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in PICTURES:
        return source.show().save(path)
    if not isinstance(source, Attribution | Trace):
        raise TypeError(
            f"source: expected an Attribution or a Trace, got {type(source).__name__}; "
            "its values stay where they are, save a page (.html) of it"
        )
    header, arrays = _split(source)
    if suffix == ".npz":
        encoded = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
        with replacing(path) as place:
            write_archive(place, encoded, arrays)
    elif suffix == ".json":
        columns = {name: _to_json(array) for name, array in arrays.items()}
        with replacing(path) as place:
            place.write_text(json.dumps(header | columns, ensure_ascii=False), encoding="utf-8")
    else:
        raise ValueError(
            f"path: expected a name ending in .npz, .json, {', '.join(PICTURES)}, got {path.name!r}"
        )
    return path


def load(path: str | Path) -> Attribution | Trace:
    """Read what :func:`save` wrote to ``.npz`` or ``.json``.

    Anybody may have written the file: it is checked before anything in it is unpacked, nothing in
    it is run, and what it takes to read follows from its size.

    Raises
    ------
    ValueError
        If the file is not one of ours, is damaged, or comes from a later version; the message has
        its name, and what is wrong.
    OSError
        If there is no such file, or it may not be read.
    """
    path = Path(path)
    readers: dict[str, type[Archive | Text]] = {".npz": Archive, ".json": Text}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"path: expected a name ending in .npz or .json, got {path.name!r}")
    if path.exists() and not path.is_file():
        raise ValueError(f"path: {path.name} is no file")
    content = path.read_bytes()
    try:
        file = reader(content)
        kind = _kind_of(file.header, path.name)
        return _join(kind, file)
    except _ForeignError:
        raise
    except MemoryError as error:
        raise ValueError(f"path: {path.name} needs more memory than there is") from error
    # Damage makes zlib, zipfile, struct and json raise whatever they like.
    except Exception as error:
        why = str(error) or type(error).__name__
        why = why if len(why) <= _MOST_SAID else f"{why[:_MOST_SAID]}…"
        raise ValueError(
            f"path: {path.name} is damaged, or was not written by tokenviz ({why})"
        ) from error


class _ForeignError(ValueError):
    """A sound file that this version does not read."""


_MOST_SAID = 300  # characters of a reason, which may quote the file


def _kind_of(header: Any, name: str) -> str:
    """Which of the two it holds, by name."""
    kind = header.get("format") if isinstance(header, dict) else None
    if not isinstance(kind, str) or kind.removeprefix("tokenviz.") not in _NAMES:
        raise _ForeignError(f"path: {name} is not a tokenviz attribution or trace")
    version = header.get("version")
    if type(version) is not int or version != _VERSION:
        said = repr(version)[:40]
        raise _ForeignError(
            f"path: {name} has format version {said}, this tokenviz reads {_VERSION}"
        )
    return kind.removeprefix("tokenviz.")


def _split(source: Attribution | Trace) -> tuple[dict[str, Any], Arrays]:
    if isinstance(source, Attribution):
        given = {name: getattr(source, name) for name in _ATTRIBUTION_ARRAYS}
        arrays: Arrays = {name: array for name, array in given.items() if array is not None}
        records = {name: getattr(source, name) for name in _ATTRIBUTION_RECORDS}
        records = {name: r for name, r in records.items() if r is not None and r is not False}
        return {
            "format": "tokenviz.attribution",
            "version": _VERSION,
            "tokens": [_token_to_json(token) for token in source.tokens],
            "targets": [_target_to_json(target) for target in source.targets],
            **{name: getattr(source, name) for name in _ATTRIBUTION_FACTS},
            **records,
        }, arrays
    return {
        "format": "tokenviz.trace",
        "version": _VERSION,
        "vocabulary": [_token_to_json(token) for token in source.vocabulary],
        "prompt": [_token_to_json(token) for token in source.prompt],
        "distribution": source.distribution,
        "model": source.model,
        **({"partial": True} if source.partial else {}),
        **({"channels": list(source.channels)} if source.channels else {}),
        **({"notes": dict(source.notes)} if source.notes else {}),
        **{
            name: getattr(source, name) for name in _TRACE_CHAT if getattr(source, name) is not None
        },
    }, {name: getattr(source, name) for name in _TRACE_ARRAYS} | {
        # By number: a name may be any text, a member of an archive may not.
        f"{_CHANNEL}{i}": values
        for i, values in enumerate(source.channels.values())
    }


def _join(kind: str, file: Archive | Text) -> Attribution | Trace:
    return _attribution(file) if kind == "attribution" else _trace(file)


def _attribution(file: Archive | Text) -> Attribution:
    known = {"tokens", "targets", *_ATTRIBUTION_FACTS, *_ATTRIBUTION_RECORDS}
    facts = file.facts(known, required=("tokens", "targets"))
    own: dict[str, Any] = facts | {
        "tokens": _each("tokens", facts["tokens"], _token_from_json),
        "targets": _each("targets", facts["targets"], _target_from_json),
    }
    n, m = len(own["tokens"]), len(own["targets"])
    shapes = {"values": (n, m), "completeness_error": (m,), "standard_error": (n, m)}
    columns = [Column(name, np.float32, shape) for name, shape in shapes.items()]
    return Attribution(**own, **file.arrays(columns, required=("values",)))


def _trace(file: Archive | Text) -> Trace:
    known = {"vocabulary", "prompt", "distribution", "model", "partial", "channels", "notes"}
    known |= set(_TRACE_CHAT)
    facts = file.facts(known, required=("vocabulary",))
    channels = facts.pop("channels", [])
    if not isinstance(channels, list) or not all(isinstance(name, str) for name in channels):
        raise ValueError("channels: expected a list of names")
    if len(set(channels)) < len(channels):
        raise ValueError("channels: a name is there twice")
    n, k = file.length("index"), file.length("alternative_index")
    columns = [
        Column("index", np.uint32, (n,)),
        Column("logprobs", np.float32, (n,)),
        Column("offsets", np.uint32, (n + 1,)),
        Column("alternative_index", np.uint32, (k,)),
        Column("alternative_logprobs", np.float32, (k,)),
        Column("ranks", np.int32, (n,)),
        Column("entropies", np.float32, (n,)),
        *(Column(f"{_CHANNEL}{i}", np.float32, (n,)) for i in range(len(channels))),
    ]
    required = [c.name for c in columns if c.name not in ("ranks", "entropies")]
    arrays = file.arrays(columns, required=required)
    own = {name: arrays.pop(f"{_CHANNEL}{i}") for i, name in enumerate(channels)}
    facts |= {
        name: _each(name, facts[name], _token_from_json)
        for name in facts.keys() & {"vocabulary", "prompt"}
    }
    for name in facts.keys() & set(_TRACE_CHAT):
        listed(name, facts[name])
    return Trace.from_columns(**facts, **arrays, channels=own)


def _each(name: str, value: Any, read: Callable[[Any], _Read]) -> list[_Read]:
    """Each entry of a list as ``read`` takes it, with its place in the message where it cannot."""
    entries: list[_Read] = []
    for item in listed(name, value):
        try:
            entries.append(read(item))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name}[{len(entries)}]: {error}") from None
    return entries


def _token_to_json(token: Token) -> str | dict[str, Any]:
    """Plain text where that says everything, an object otherwise."""
    try:
        text = token.bytes.decode("utf-8")
    except UnicodeDecodeError:
        content: dict[str, Any] = {"hex": token.bytes.hex()}
    else:
        if token.id is None and not token.special:
            return text
        content = {"text": text}
    if token.id is not None:
        content["id"] = token.id
    if token.special:
        content["special"] = True
    return content


def _token_from_json(item: Any) -> Token:
    if isinstance(item, str):
        return Token(item)
    if not isinstance(item, dict) or item.keys() - {"text", "hex", "id", "special"}:
        raise ValueError("expected text, or an object of text or hex, id and special")
    if len(item.keys() & {"text", "hex"}) != 1:
        raise ValueError("expected either text or hex")
    text, octets = item.get("text"), item.get("hex")
    if not isinstance(text if octets is None else octets, str):
        raise ValueError("expected text or hex to be a string")
    special, id_ = item.get("special", False), item.get("id")
    if not isinstance(special, bool) or not (id_ is None or type(id_) is int):
        raise ValueError("expected special to be true or false, and id a whole number")
    content = text if octets is None else bytes.fromhex(octets)
    assert content is not None
    return Token(content, id=id_, special=special)


def _target_to_json(target: Target) -> str | dict[str, Any]:
    return {"token": _token_to_json(target)} if isinstance(target, Token) else target


def _target_from_json(item: Any) -> Target:
    if isinstance(item, str):
        return item
    if not isinstance(item, dict) or item.keys() != {"token"}:
        raise ValueError("expected text, or an object with a token")
    return _token_from_json(item["token"])


def _to_json(array: npt.NDArray[Any]) -> Any:
    if array.dtype.kind != "f":
        return array.tolist()
    if array.ndim == 2:
        return [_to_json(row) for row in array]
    return [_float_to_json(value) for value in array]


def _float_to_json(value: np.float32) -> float | str:
    if np.isfinite(value):
        return float(str(value))  # the shortest decimal that is this float32
    return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
