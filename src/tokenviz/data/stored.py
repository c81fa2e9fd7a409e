"""Files of data that anybody may have written: the header and the arrays in them, each checked.

A few kilobytes can be made to unpack to gigabytes, and a file may say one thing in two places. So
names, types, shapes and sizes are looked at while all of it is still packed; only what is asked for
is unpacked, and no more of it than the file's own size warrants. :mod:`tokenviz.data.files` says
what is asked for.
"""

from __future__ import annotations

import copy
import io
import json
import math
import re
import zipfile
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Archive", "Column", "Text", "entry", "listed", "part_prefix", "write_archive"]

Array = npt.NDArray[Any]

# What a file may unpack to: some bytes in any case, and so many times its size. Tokens take thirty
# times the memory of their text, arrays a few times theirs.
_HEADER = 2**22, 8
_ARRAYS = 2**26, 64
_NONFINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# As numpy writes it, and nothing else: its own reader evaluates what stands there.
_NPY = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<>|][uif][1248])', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,12}, ?)*(?:\d{1,12})?)\), \} *\n",
    re.DOTALL,
)
_LONGEST_NPY = 512


class Column(NamedTuple):
    """An array that is asked for."""

    name: str
    dtype: type[np.generic]
    shape: tuple[int, ...]


class Archive:
    """An ``.npz``: a zip archive of a header, which is JSON, and of arrays.

    Raises
    ------
    ValueError
        Also all its methods, if it is not as :func:`write_archive` writes it. What zipfile, zlib
        and json raise of damage comes as it is.
    """

    def __init__(self, content: bytes) -> None:
        self._size = len(content)
        self._zip = zipfile.ZipFile(io.BytesIO(content))
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            if info.filename in self._members:
                raise ValueError(f"{_said(info.filename)} is there twice")
            if info.flag_bits & 1 or info.compress_type not in (
                zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED,
            ):  # fmt: skip
                raise ValueError(f"{_said(info.filename)} is encrypted, or packed another way")
            self._members[info.filename] = info
        self._layouts: dict[str, _Layout] = {}
        header = self._layout("header")
        if header.dtype != np.uint8 or len(header.shape) != 1:
            raise ValueError("header: expected bytes")
        self._check_size("its header", header.nbytes, _HEADER)
        self.header: Any = _parsed(self._read("header").tobytes())

    def facts(self, known: Collection[str], required: Sequence[str]) -> dict[str, Any]:
        """What the header says, if it says nothing unknown."""
        return _facts(self.header, known, required)

    def length(self, name: str) -> int:
        """How many entries a column says that it has."""
        shape = self._layout(name).shape
        if len(shape) != 1:
            raise ValueError(f"{name}: expected one dimension, got {len(shape)}")
        return shape[0]

    def arrays(self, columns: Sequence[Column], required: Collection[str]) -> dict[str, Any]:
        """The arrays by name, each of the type and shape that is asked for, and no others."""
        unknown = self._members.keys() - {_member(column.name) for column in columns}
        _refuse(unknown - {_member("header")})
        present = [column for column in columns if _member(column.name) in self._members]
        _require(required, [column.name for column in present])
        total = 0
        for name, dtype, shape in present:
            layout = self._layout(name)
            if layout.dtype.newbyteorder("=") != dtype or layout.shape != shape:
                raise ValueError(
                    f"{name}: expected {np.dtype(dtype).name} of shape {shape}, "
                    f"got {layout.dtype.name} of shape {layout.shape}"
                )
            total += layout.nbytes
        self._check_size("its arrays", total, _ARRAYS)
        return {column.name: self._read(column.name) for column in present}

    def part(self, name: str) -> Archive:
        """One of several objects in it: the header's entry of that name, and the arrays of it.

        They are no longer this file's own, and are checked when the part is read.
        """
        part = copy.copy(self)
        part.header = self.header.get(name)
        prefix = part_prefix(name)
        mine = [member for member in self._members if member.startswith(prefix)]
        part._members = {m.removeprefix(prefix): self._members.pop(m) for m in mine}
        part._layouts = {}
        return part

    def _layout(self, name: str) -> _Layout:
        """What a member says of itself in its first bytes; no more of it is unpacked."""
        if name not in self._layouts:
            if _member(name) not in self._members:
                raise ValueError(f"{name} is missing")
            info = self._members[_member(name)]
            with self._zip.open(info) as member:
                begun = _NPY.match(member.read(_LONGEST_NPY))
            if begun is None:
                raise ValueError(f"{name}: expected an array as numpy writes it")
            dtype = np.dtype(begun[2].decode())
            shape = tuple(int(size) for size in begun[3].split(b",") if size.strip())
            layout = _Layout(begun.end(), dtype, shape)
            says = int.from_bytes(begun[1], "little") + 10
            if says != layout.start or info.file_size != layout.start + layout.nbytes:
                raise ValueError(f"{name}: its size is not that of its shape, {shape}")
            self._layouts[name] = layout
        return self._layouts[name]

    def _read(self, name: str) -> Array:
        start, dtype, shape = self._layout(name)
        content = self._zip.read(self._members[_member(name)])
        return np.frombuffer(content, dtype, offset=start).reshape(shape)

    def _check_size(self, what: str, size: int, allowed: tuple[int, int]) -> None:
        least, times = allowed
        if size > least + times * self._size:
            raise ValueError(
                f"{what} would unpack to {size:,} bytes, which is too much for {self._size:,}"
            )


class _Layout(NamedTuple):
    start: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class Text:
    """A ``.json``: one object, in which the arrays are lists beside what else there is.

    Raises
    ------
    ValueError
        Also its methods, if it is not as :func:`tokenviz.data.files.save` writes it.
    """

    def __init__(self, content: bytes) -> None:
        self.header: Any = _parsed(content)
        self._names: set[str] = set()

    def facts(self, known: Collection[str], required: Sequence[str]) -> dict[str, Any]:
        """What stands beside the arrays."""
        self._names = set(known)
        facts = {name: value for name, value in self.header.items() if name in known}
        _require(required, facts)
        return facts

    def length(self, name: str) -> int:
        """How many entries a column has."""
        return len(listed(name, self.header.get(name)))

    def part(self, name: str) -> Text:
        """As :meth:`Archive.part`."""
        part = copy.copy(self)
        prefix = part_prefix(name)
        mine = [key for key in self.header if key.startswith(prefix)]
        arrays = {key.removeprefix(prefix): self.header.pop(key) for key in mine}
        header = self.header.get(name)
        if isinstance(header, dict):
            _refuse(header.keys() & arrays.keys())  # it would be there twice
            header = {**header, **arrays}
        part.header = header
        part._names = set()
        return part

    def arrays(self, columns: Sequence[Column], required: Collection[str]) -> dict[str, Any]:
        """The arrays by name, each of the type and shape that is asked for, and no others."""
        expected = {column.name for column in columns}
        _refuse(self.header.keys() - expected - self._names - {"format", "version"})
        present = [column for column in columns if column.name in self.header]
        _require(required, [column.name for column in present])
        return {column.name: _numbers(column, self.header[column.name]) for column in present}


def part_prefix(name: str) -> str:
    """What the arrays of a part of that name begin with."""
    return f"{name}_"


def write_archive(path: Path, header: Array, arrays: dict[str, Array]) -> None:
    """Write an ``.npz`` that :class:`Archive` reads.

    Packed, unless packing makes it suspiciously small: an array of zeros shrinks to a thousandth,
    as what somebody means harm with does.
    """
    for save in (np.savez_compressed, np.savez):
        with path.open("wb") as file:
            save(file, header=header, **arrays)  # type: ignore[arg-type]
            size = file.tell()
        sizes = header.nbytes, sum(array.nbytes for array in arrays.values())
        if all(
            unpacked <= least + times * size
            for unpacked, (least, times) in zip(sizes, (_HEADER, _ARRAYS), strict=True)
        ):
            return


def listed(name: str, value: Any) -> list[Any]:
    """A value that must be a list."""
    if not isinstance(value, list):
        raise ValueError(f"{name}: expected a list, got {type(value).__name__}")
    return value


def entry(value: Any, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Any]:
    """A value that must be an object with some names, and may have others."""
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got {type(value).__name__}")
    _refuse(value.keys() - {*required, *optional})
    _require(required, value)
    return dict(value)


def _parsed(content: bytes) -> Any:
    """JSON in which no name stands twice in one object."""
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"{_said(name)} is there twice")
            seen.add(name)
    return named


def _facts(header: Any, known: Collection[str], required: Sequence[str]) -> dict[str, Any]:
    facts = {name: value for name, value in header.items() if name not in ("format", "version")}
    _refuse(facts.keys() - set(known))
    _require(required, facts)
    return facts


def _numbers(column: Column, value: Any) -> Array:
    name, dtype, shape = column
    if len(shape) == 2:
        rows = listed(name, value)
        if len(rows) != shape[0]:
            raise ValueError(f"{name}: expected {shape[0]} rows, got {len(rows)}")
        numbers = np.empty(shape, dtype=dtype)
        for i, row in enumerate(rows):
            numbers[i] = _numbers(Column(f"{name}[{i}]", dtype, shape[1:]), row)
        return numbers
    items = listed(name, value)
    if len(items) != shape[0]:
        raise ValueError(f"{name}: expected {shape[0]} numbers, got {len(items)}")
    kinds = set(map(type, items))
    if not np.issubdtype(dtype, np.floating):
        if kinds - {int}:
            raise ValueError(f"{name}: expected whole numbers")
        limits: Any = np.iinfo(dtype)
        if items and not (limits.min <= min(items) and max(items) <= limits.max):
            raise ValueError(f"{name}: expected numbers from {limits.min} to {limits.max}")
        return np.array(items, dtype=dtype)
    if kinds - {int, float}:
        items = [_number(name, item) for item in items]
    with np.errstate(over="ignore"):  # beyond float32 is ±Inf
        return np.array(items, dtype=np.float64).astype(dtype)


def _number(name: str, item: Any) -> float:
    if isinstance(item, str) and item in _NONFINITE:
        return _NONFINITE[item]
    if type(item) in (int, float):
        return float(item)
    raise ValueError(f"{name}: expected numbers, got {_said(item)}")


def _refuse(unknown: Iterable[str]) -> None:
    for name in sorted(unknown):
        raise ValueError(f"{_said(name)} is unknown")


def _require(names: Iterable[str], present: Collection[str]) -> None:
    for name in names:
        if name not in present:
            raise ValueError(f"{name} is missing")


def _member(name: str) -> str:
    return f"{name}.npy"


def _said(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:60]}…"
