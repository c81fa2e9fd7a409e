"""Parts that cannot be read, as of a machine that was switched off while it wrote.

They are put aside under another name and their rows count as missing, so that a set with one can be
gone on with. Nothing is deleted: what can be saved of such a file is for its owner to say.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from tokenviz.sets.arrow import arrow, parquet

__all__ = ["is_damage", "keys_of", "sound"]

_Found = TypeVar("_Found")
_MARK = ".damaged"


def sound(parts: Iterable[Path], read: Callable[[Path], _Found]) -> Iterator[tuple[Path, _Found]]:
    """What ``read`` gives of each part; those that are damaged are set aside.

    Warns
    -----
    UserWarning
        If there are any, each with its name.
    """
    for part in parts:
        try:
            found = read(part)
        except (arrow().ArrowInvalid, OSError) as error:
            if not is_damage(error):
                raise
            _set_aside(part, error)
        else:
            yield part, found


def keys_of(part: Path) -> list[str]:
    """The keys of a part."""
    keys: list[str] = parquet().read_table(part, columns=["key"]).column("key").to_pylist()
    return keys


def is_damage(error: Exception) -> bool:
    """Whether an error of Arrow's is about what a file holds, not about reaching it."""
    return not isinstance(error, OSError) or error.errno is None


def _set_aside(part: Path, error: Exception) -> None:
    # What reads Parquet passes by names that begin so.
    names = (f"_{part.name}{_MARK}{f'-{i}' if i > 1 else ''}" for i in itertools.count(1))
    aside = next(path for name in names if not (path := part.with_name(name)).exists())
    with suppress(FileNotFoundError):  # another process was first
        part.rename(aside)
    reason = " ".join(str(error).split())
    warnings.warn(
        f"path: {part.name} is damaged ({reason[:200]}); it is now {aside.name}, and its rows "
        "count as missing",
        stacklevel=4,
    )
