"""Save and load, without loss: float32 to the bit, NaN, −0.0, every byte of every token.

An object is split once into a *header* (JSON) and *arrays* (numpy). ``.npz`` keeps the arrays as
they are and the header as UTF-8 bytes beside them; ``.json`` writes the arrays as lists, each
float32 by the shortest decimal that reads back as the same float32.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from tokenviz.data.attribution import Attribution, Target
from tokenviz.data.replacing import replacing
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
_CHANNEL = "channel_"
_ATTRIBUTION_ARRAYS = ("values", "completeness_error", "standard_error")
_ATTRIBUTION_FACTS = ("method", "score", "baseline", "n_steps", "model", "label")
# Written only where they are known, so that a file says no more than the attribution does.
_ATTRIBUTION_RECORDS = (
    "seconds", "positions", "grouping", "aggregation", "reduction", "roles", "prompt_ids", "spans",
    "terms", "partial", "rounding",
)  # fmt: skip
_ARRAYS = {*_ATTRIBUTION_ARRAYS, *_TRACE_ARRAYS}
_NONFINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


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
        with replacing(path) as place, place.open("wb") as file:
            np.savez_compressed(file, header=encoded, **arrays)  # type: ignore[arg-type]
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

    Raises
    ------
    ValueError
        If the file is not one of ours, is damaged, or comes from a later version.
    """
    path = Path(path)
    readers = {".npz": _read_npz, ".json": _read_json}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"path: expected a name ending in .npz or .json, got {path.name!r}")
    try:
        header, arrays = reader(path)
        _check_format(header, path.name)
        return _join(header, arrays)
    except _ForeignError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, BadZipFile) as error:
        raise ValueError(
            f"path: {path.name} is damaged, or was not written by tokenviz ({error})"
        ) from error


class _ForeignError(ValueError):
    """A sound file that this version does not read."""


def _read_npz(path: Path) -> tuple[Any, Arrays]:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "header"}
        return json.loads(archive["header"].tobytes()), arrays


def _read_json(path: Path) -> tuple[Any, Arrays]:
    return json.loads(path.read_text(encoding="utf-8")), {}


def _check_format(header: Any, name: str) -> None:
    kind = str(header.get("format", "")) if isinstance(header, dict) else ""
    if kind.removeprefix("tokenviz.") not in _NAMES:
        raise _ForeignError(f"path: {name} is not a tokenviz attribution or trace")
    if header.get("version") != _VERSION:
        raise _ForeignError(
            f"path: {name} has format version {header.get('version')!r}, "
            f"this tokenviz reads {_VERSION}"
        )


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
    }, {name: getattr(source, name) for name in _TRACE_ARRAYS} | {
        # By number: a name may be any text, a member of an archive may not.
        f"{_CHANNEL}{i}": values
        for i, values in enumerate(source.channels.values())
    }


def _join(header: dict[str, Any], arrays: Arrays) -> Attribution | Trace:
    cls = _NAMES[header["format"].removeprefix("tokenviz.")]
    own: dict[str, Any] = header | arrays
    del own["format"], own["version"]
    for field in ("tokens", "vocabulary", "prompt"):
        if field in own:
            own[field] = [_token_from_json(item) for item in own[field]]
    for field in _ARRAYS & own.keys():
        own[field] = _from_json(own[field])
    if cls is Trace:
        own["channels"] = {
            name: _from_json(own.pop(f"{_CHANNEL}{i}"))
            for i, name in enumerate(own.get("channels", ()))
        }
        return Trace.from_columns(**own)
    own["targets"] = [_target_from_json(item) for item in own["targets"]]
    shape = (len(own["tokens"]), len(own["targets"]))
    for field in {"values", "standard_error"} & own.keys():
        own[field] = np.asarray(own[field], dtype=np.float32).reshape(shape)
    return Attribution(**own)


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


def _token_from_json(item: str | dict[str, Any]) -> Token:
    if isinstance(item, str):
        return Token(item)
    content = bytes.fromhex(item["hex"]) if "hex" in item else item["text"]
    return Token(content, id=item.get("id"), special=item.get("special", False))


def _target_to_json(target: Target) -> str | dict[str, Any]:
    return {"token": _token_to_json(target)} if isinstance(target, Token) else target


def _target_from_json(item: str | dict[str, Any]) -> Target:
    return item if isinstance(item, str) else _token_from_json(item["token"])


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


def _from_json(value: Any) -> Any:
    """Undo the spelling of non-finite numbers in a nested list; an array passes through."""
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    return _NONFINITE[value] if isinstance(value, str) else value
