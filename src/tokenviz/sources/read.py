"""From what a user has in hand to traces and attributions, and how it was recognised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenviz.data.trace import Distribution
from tokenviz.sources.format import Format, Given
from tokenviz.sources.loading import load, plain
from tokenviz.sources.spelling import as_tokenizer
from tokenviz.sources.table import FORMATS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["formats", "named", "read", "recognised"]

_LOOKED_AT = 3  # rows whose keys are named where nothing fits
_NEAREST = 3
_MOST_KEYS = 12


def read(
    source: Any,
    *,
    format: str | None = None,  # noqa: A002 - what it is called everywhere
    tokenizer: Any = None,
    distribution: Distribution | None = None,
    temperature: float | None = None,
    **options: Any,
) -> Any:
    """Log-probabilities, rollouts or attributions of others, as traces or attributions.

    Parameters
    ----------
    source
        A response of a client (an object, or the same as dicts or JSON text), a list of the chunks
        of a stream, results of a library, or a path to a ``.json``, ``.jsonl``, ``.parquet`` or
        ``.pt``. A folder, a pattern (``"rollouts/step_*/*.jsonl"``) or a list of paths is a set of
        traces, where the extra ``[sets]`` is installed.
    format
        One of the names of :func:`formats`; by default the source is recognised by its fields.
        ``trace.source`` says what it was taken for.
    tokenizer
        Makes tokens of ids: a tokenizer of transformers or tokenizers, or a path to one. Nothing is
        downloaded.
    distribution, temperature
        Which probabilities they are (see :class:`tokenviz.Trace`), where you know better than the
        source says.
    options
        Of the format's own, as :func:`formats` lists them. Of many files also ``progress`` (True
        shows a bar, False none) and ``workers``, how many processes read them.

    Returns
    -------
    Trace, Attribution, list, or TraceSet
        One, or a list where there are several choices, messages or rows. Of many files a set:
        rows that cannot be read are counted by a warning and kept apart as ``set.rejected``; other
        fields of the rows with one value each (a reward, a step) are its columns; keys are
        ``file:line``.

    Raises
    ------
    TypeError, ValueError
        If it fits no format: the message names the keys that were found and the nearest formats. If
        a field is not as it should be: the message names it.
    """
    if _is_many(source):
        from tokenviz.sources.many import read_many

        own = {name: options.pop(name, None) for name in ("progress", "workers")}
        given = Given(as_tokenizer(tokenizer), distribution, temperature, options)
        return read_many(source, format, given, tokenizer=tokenizer, **own)
    content = plain(load(source))
    chosen = named(format) if format is not None else recognised(content, source)
    for name in options.keys() - chosen.options.keys():
        raise TypeError(
            f"read() got an unexpected keyword argument {name!r}; {chosen.title} takes "
            f"{', '.join(chosen.options) or 'none of its own'}"
        )
    given = Given(as_tokenizer(tokenizer), distribution, temperature, options)
    found = chosen.read(content, given)
    return found[0] if len(found) == 1 else found


def _is_many(source: Any) -> bool:
    """Whether it is a folder, a pattern, or a list of paths."""
    if isinstance(source, list | tuple):
        return bool(source) and all(_is_path(one) for one in source)
    if not _is_path(source):
        return False
    return any(character in str(source) for character in "*?[") or Path(source).is_dir()


def _is_path(source: Any) -> bool:
    """Whether it is a path, and no JSON."""
    if isinstance(source, str):
        return source.lstrip("\ufeff \t\r\n")[:1] not in ("{", "[", "") and "\n" not in source
    return isinstance(source, Path)


def formats() -> pd.DataFrame:
    """What :func:`read` reads: a row per format, with what it can carry and what not."""
    from tokenviz._optional import require

    pandas = require("pandas", feature="formats()", install="pandas")
    rows = [
        {
            "format": one.name,
            "title": one.title,
            "kind": one.kind,
            **one.carries,
            "options": "; ".join(f"{name}: {what}" for name, what in one.options.items()),
        }
        for one in FORMATS
    ]
    frame: pd.DataFrame = pandas.DataFrame(rows).fillna("").set_index("format")
    return frame


def named(name: str) -> Format:
    """The format of a name."""
    for one in FORMATS:
        if one.name == name:
            return one
    raise ValueError(
        f"format: expected one of {', '.join(one.name for one in FORMATS)}, got {name!r}"
    )


def recognised(content: Any, source: Any) -> Format:
    """The format that a source has, by its fields."""
    for one in FORMATS:
        if one.recognise(content):
            return one
    raise ValueError(_nothing_fits(content, source))


def _nothing_fits(content: Any, source: Any) -> str:
    keys = _keys(content)
    what = f"the file {source.name!r}" if isinstance(source, Path) else type(source).__name__
    if not keys:
        found = f"{what} with no fields"
    else:
        more = ", …" if len(keys) > _MOST_KEYS else ""
        found = f"{what} with the fields {', '.join(islice(keys, _MOST_KEYS))}{more}"
    shared = {one.name: len(keys.keys() & set(one.keys)) for one in FORMATS}
    nearest = sorted(
        (one for one in FORMATS if shared[one.name]), key=lambda one: -shared[one.name]
    )
    names = "; ".join(
        f"{one.name} ({one.title}, which has {', '.join(one.keys)})" for one in nearest[:_NEAREST]
    )
    return (
        f"source: {found} fits no format that is known. "
        + (f"Nearest: {names}. " if names else "")
        + "tokenviz.formats() lists them all; format=… says which it is"
    )


def _keys(content: Any) -> dict[str, None]:
    """The names of fields, those of the first rows and of what they hold."""
    rows: Iterable[Any] = content[:_LOOKED_AT] if isinstance(content, list) else [content]
    found: dict[str, None] = {}
    for row in rows:
        fields = row if isinstance(row, Mapping) else getattr(row, "__dict__", {})
        found |= dict.fromkeys(map(str, fields))
        for value in fields.values():
            inner = value[0] if isinstance(value, list) and value else value
            if isinstance(inner, Mapping):
                found |= dict.fromkeys(map(str, inner))
    return found
