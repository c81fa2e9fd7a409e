"""What a figure calls several sources, so that no two of them are called alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from pathlib import Path

__all__ = ["files_apart", "told_apart"]


def told_apart(names: Sequence[str], facts: Sequence[Sequence[str]]) -> list[str]:
    """A name for each of several sources: its own, and where others have that, too, what differs.

    Parameters
    ----------
    names
        What each is called; "" where nobody says.
    facts
        Of each, what may tell it from one of the same name, "" where that is not known; as many
        of each, the same one in the same place.

    Returns
    -------
    list of str
        ``"qwen, float32"`` beside ``"qwen, bfloat16"``; ``"qwen (1)"`` beside ``"qwen (2)"`` where
        nothing is known to differ. None is empty.
    """
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(names):
        groups[name].append(i)
    called = list(names)
    for name, places in groups.items():
        if len(places) == 1:
            continue
        columns = zip(*(facts[i] for i in places), strict=True)
        differing = [column for column in columns if len(set(column)) > 1]
        for i, *said in zip(places, *differing, strict=True):
            called[i] = ", ".join(filter(None, [name, *said]))
    return _numbered(called)


def files_apart(a: str | Path, b: str | Path) -> tuple[str, str]:
    """What two files are called: by their names, and by as much of their folders as differs."""
    paths = [Path(file).resolve() for file in (a, b)]
    for depth in range(1, max(len(path.parts) for path in paths)):
        first, second = ("/".join(path.with_suffix("").parts[-depth:]) for path in paths)
        if first != second:
            return first, second
    first, second = told_apart([path.stem for path in paths], [[path.suffix] for path in paths])
    return first, second


def _numbered(names: Sequence[str]) -> list[str]:
    """The same, with numbers where two are alike or nothing is there; a number is given once."""
    taken = {name for name in names if name and names.count(name) == 1}
    called = []
    for name in names:
        if name not in taken:
            numbers = (f"{name} ({number})".lstrip() for number in count(1))
            name = next(numbered for numbered in numbers if numbered not in taken)
            taken.add(name)
        called.append(name)
    return called
