"""Save and load, without loss: float32 to the bit, NaN, −0.0, every byte of every token.

An object is split once into a *header* (JSON) and *arrays* (numpy). ``.npz`` keeps the arrays as
they are and the header as UTF-8 bytes beside them; ``.json`` writes the arrays as lists, each
float32 by the shortest decimal that reads back as the same float32. ``formats/`` has a file for
each kind of object.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.attribution import Attribution
from tokenviz.data.comparison import Comparison
from tokenviz.data.formats import attribution, comparison, trace, tree
from tokenviz.data.replacing import replacing
from tokenviz.data.stored import Archive, Text, write_archive
from tokenviz.data.trace import Trace
from tokenviz.data.tree import TraceTree

__all__ = ["load", "of_json", "save", "to_json"]

Arrays = dict[str, npt.NDArray[Any]]
PICTURES = (".html", ".svg", ".pdf", ".png")
"""Formats that hold a figure's look, and are written by its widget."""

Source = Attribution | Comparison | Trace | TraceTree

_VERSION = 1
_MOST_SAID = 300  # characters of a reason, which may quote the file


class _Format(NamedTuple):
    """How one kind of data is written and read."""

    kind: type[Source]
    split: Callable[[Any], tuple[dict[str, Any], Arrays]]
    join: Callable[[Archive | Text], Source]


_FORMATS = {
    "tokenviz.attribution": _Format(Attribution, attribution.split, attribution.join),
    "tokenviz.comparison": _Format(Comparison, comparison.split, comparison.join),
    "tokenviz.trace": _Format(Trace, trace.split, trace.join),
    "tokenviz.tree": _Format(TraceTree, tree.split, tree.join),
}


def save(source: Source, path: str | Path) -> Path:
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
    header, arrays = _split(source)
    if suffix == ".npz":
        encoded = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
        with replacing(path) as place:
            write_archive(place, encoded, arrays)
    elif suffix == ".json":
        with replacing(path) as place:
            place.write_text(_joined(header, arrays), encoding="utf-8")
    else:
        raise ValueError(
            f"path: expected a name ending in .npz, .json, {', '.join(PICTURES)}, got {path.name!r}"
        )
    return path


def to_json(source: Source) -> str:
    """What :func:`save` writes to ``.json``: one line, which :func:`of_json` reads."""
    return _joined(*_split(source))


def load(path: str | Path) -> Source:
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
    return _read(reader, path.read_bytes(), f"path: {path.name}")


def of_json(content: bytes, name: str) -> Source:
    """Read what :func:`to_json` wrote, with as much distrust as a file; errors begin with a name.

    Raises
    ------
    ValueError
        As :func:`load` does.
    """
    return _read(Text, content, name)


def _read(reader: type[Archive | Text], content: bytes, name: str) -> Source:
    try:
        file = reader(content)
        return _format_of(file.header, name).join(file)
    except _ForeignError:
        raise
    except MemoryError as error:
        raise ValueError(f"{name} needs more memory than there is") from error
    # Damage makes zlib, zipfile, struct and json raise whatever they like.
    except Exception as error:
        why = str(error) or type(error).__name__
        why = why if len(why) <= _MOST_SAID else f"{why[:_MOST_SAID]}…"
        raise ValueError(f"{name} is damaged, or was not written by tokenviz ({why})") from error


class _ForeignError(ValueError):
    """A sound file that this version does not read."""


def _split(source: Source) -> tuple[dict[str, Any], Arrays]:
    for name, form in _FORMATS.items():
        if isinstance(source, form.kind):
            header, arrays = form.split(source)
            return {"format": name, "version": _VERSION, **header}, arrays
    raise TypeError(
        "source: expected an Attribution, a Comparison, a Trace or a TraceTree, "
        f"got {type(source).__name__}; its values stay where they are, save a page (.html) of it"
    )


def _format_of(header: Any, name: str) -> _Format:
    """Which of them it holds."""
    kind = header.get("format") if isinstance(header, dict) else None
    if not isinstance(kind, str) or kind not in _FORMATS:
        raise _ForeignError(f"{name} is not a tokenviz attribution, comparison, trace or tree")
    version = header.get("version")
    if type(version) is not int or version != _VERSION:
        said = repr(version)[:40]
        raise _ForeignError(f"{name} has format version {said}, this tokenviz reads {_VERSION}")
    return _FORMATS[kind]


def _joined(header: dict[str, Any], arrays: Arrays) -> str:
    columns = {name: _to_json(array) for name, array in arrays.items()}
    return json.dumps(header | columns, ensure_ascii=False)


def _to_json(array: npt.NDArray[Any]) -> Any:
    if array.dtype.kind != "f":
        return array.tolist()
    if array.ndim == 2:
        return [_to_json(row) for row in array]
    # The shortest decimal that is this float32; there may be many, so no loop runs in Python.
    numbers: list[float | str] = [*map(float, map(str, array))]
    for i in np.flatnonzero(~np.isfinite(array)):
        numbers[i] = "NaN" if np.isnan(array[i]) else "Infinity" if array[i] > 0 else "-Infinity"
    return numbers
