"""Writing a set stretch by stretch, in the order that was given, however the rows came.

Rows that are made together are not made in their order: texts are read by length. So a stretch of
rows is first written in pieces, as they come, and when it is complete as one part, in order. What
is killed in between leaves pieces, from which the next run goes on.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sets.arrow import arrow, parquet
from tokenviz.sets.damage import keys_of, sound
from tokenviz.sets.schema import Facts, Tokenizer, tokenizer_of
from tokenviz.sets.writing import SetWriter, parts_of, write_part

__all__ = ["OrderedWriter"]

_STRETCH = re.compile(r"(part-\d{6})-(?:0|[0-9a-f]{8}(?:-\d{6})?)\.parquet", re.ASCII)
_WHOLE = "-0.parquet"  # before any other of the same stretch
_SECONDS = 20.0  # after which rows that wait are written


class OrderedWriter:
    """Writes the rows of a set, a stretch after the other.

    Parameters
    ----------
    path
        The folder; rows that are in it stay.
    tokenizer
        As for :class:`SetWriter`.
    """

    def __init__(self, path: str | Path, tokenizer: Any = None) -> None:
        self._path = Path(path)
        self._tokenizer: Tokenizer | None = tokenizer_of(tokenizer)
        self._path.mkdir(parents=True, exist_ok=True)
        self._number = -1
        self._keys: list[str] = []
        self._added = False
        self._written = time.monotonic()
        for group in self._stretches().values():
            _drop_copies(group)
        self._writer = self._opened()

    @property
    def keys_done(self) -> AbstractSet[str]:
        """The keys of all rows that are there or wait."""
        return self._writer.keys_done

    def begin(self, keys: Sequence[str]) -> None:
        """Begin a stretch of rows with these keys, in this order."""
        self._number += 1
        self._keys = list(keys)
        self._added = False
        self._writer = self._opened()
        self._written = time.monotonic()

    def add(self, key: str, trace: Trace, /, **metadata: Any) -> None:
        """A row of the stretch, as :meth:`SetWriter.add` takes it."""
        self._writer.add(key, trace, **metadata)
        self._added = True
        if time.monotonic() - self._written > _SECONDS:
            self._writer.flush()
            self._written = time.monotonic()

    def finish(self) -> None:
        """The stretch is complete: its new rows become one part."""
        self._writer.flush()
        stretch = f"part-{self._number:06}"
        whole = self._path / f"{stretch}{_WHOLE}"
        pieces = [file for file in self._stretches().get(stretch, []) if file != whole]
        # Rows that are there from a call with fewer stay before these: they may be looked at.
        target = whole.with_name(f"{stretch}-{secrets.token_hex(4)}.parquet")
        target = target if whole.exists() else whole
        if not pieces or (whole.exists() and not self._added):
            return
        pa = arrow()
        tables = [parquet().read_table(file) for file in pieces]
        facts = [Facts.decoded(one.schema.metadata, whole.name) for one in tables]
        table = pa.concat_tables(tables, promote_options="permissive")
        place = {key: i for i, key in enumerate(self._keys)}
        places = [place.get(key, len(place)) for key in table.column("key").to_pylist()]
        order = sorted(range(len(places)), key=places.__getitem__)
        table = table.take(pa.array(order, pa.int64()))
        write_part(table, target, Facts.together([one for one in facts if one is not None]))
        for piece in pieces:
            piece.unlink()

    def close(self) -> None:
        """Write what waits, in pieces where a stretch is not complete."""
        self._writer.flush()
        if not parts_of(self._path):
            self._writer.close()

    def _stretches(self) -> dict[str, list[Path]]:
        """The files of each stretch, by what their names begin with."""
        found: dict[str, list[Path]] = {}
        for file in parts_of(self._path):
            match = _STRETCH.match(file.name)
            if match:
                found.setdefault(match[1], []).append(file)
        return found

    def _opened(self) -> SetWriter:
        name = f"{max(0, self._number):06}-{secrets.token_hex(4)}"
        return SetWriter(self._path, tokenizer=self._tokenizer, name=name)


def _drop_copies(files: Sequence[Path]) -> None:
    """Delete those whose rows are in another: a run was killed after it had put them together."""
    if len(files) < 2:
        return
    keys = {file: set(found) for file, found in sound(files, keys_of)}
    for file in sorted(keys, key=lambda file: (len(keys[file]), file.name.endswith(_WHOLE))):
        if any(keys[file] <= keys[other] for other in keys if other != file):
            file.unlink()
            del keys[file]
