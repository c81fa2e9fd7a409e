"""From what a user has in hand to traces and attributions, and how it was recognised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenviz.data.trace import Distribution
from tokenviz.sources.answers import answers
from tokenviz.sources.batch import Body, bodies
from tokenviz.sources.format import Format, Given
from tokenviz.sources.loading import load, plain
from tokenviz.sources.spelling import as_tokenizer
from tokenviz.sources.table import FORMATS
from tokenviz.sources.tabular import instead, is_table, table_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["formats", "named", "read", "recognised"]

_LOOKED_AT = 3  # rows whose keys are named where nothing fits
_NEAREST = 3
_ALIKE = 0.85  # of two names, where one is the other misspelled
_MOST_KEYS = 12
_LONGEST_PATH = 4096


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
        of a stream, or its server-sent events as text, results of a library, or a path to a
        ``.json``, ``.jsonl``, ``.parquet`` or ``.pt``. A data frame of pandas or polars, a table
        of Arrow's and a data set of ``datasets`` are what their ``.parquet`` would be. Of an output
        file of OpenAI's Batch API, the note ``request`` says which one a trace is of. A folder, a
        pattern (``"rollouts/step_*/*.jsonl"``) or a list of paths is a set of traces, where the
        extra ``[sets]`` is installed; but both dumps of a step of slime's, a list of two ``.pt``,
        are joined.
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
        One, or a list where there are several choices, messages or rows; of rows of a set a set.
        Of many files a set: rows that cannot be read are counted by a warning and kept apart as
        ``set.rejected``; other fields of the rows with one value each (a reward, a step) are its
        columns; keys are ``file:line``.

    Raises
    ------
    TypeError, ValueError
        If it fits no format: the message names the keys that were found and the nearest formats. If
        a field is not as it should be: the message names it.
    """
    if _is_many(source) or _is_part(source):
        from tokenviz.sources.many import read_many

        own = {name: options.pop(name, None) for name in ("progress", "workers")}
        given = Given(as_tokenizer(tokenizer), distribution, temperature, options)
        return read_many(source, format, given, tokenizer=tokenizer, **own)
    if is_table(source):
        table = table_of(source)
        given = Given(as_tokenizer(tokenizer), distribution, temperature, options)
        if (found_set := _set_of(table, format, given, tokenizer)) is not None:
            return found_set
        content = table.to_pylist()
    else:
        content = plain(load(source))
    how = {"format": format, "tokenizer": as_tokenizer(tokenizer), "distribution": distribution,
           "temperature": temperature, **options}  # fmt: skip
    if (rows := bodies(content)) is not None:
        of_rows = [one for row in rows for one in _of_batch(row, how)]
        return of_rows[0] if len(of_rows) == 1 else of_rows
    if (several := answers(content)) is not None:
        return [one for row, answer in several for one in _of_answer(row, answer, how)]
    chosen = named(format) if format is not None else recognised(content, source)
    for name in options.keys() - chosen.options.keys():
        raise TypeError(
            f"read() got an unexpected keyword argument {name!r}; {chosen.title} takes "
            f"{', '.join(chosen.options) or 'none of its own'}"
        )
    given = Given(as_tokenizer(tokenizer), distribution, temperature, options)
    found = chosen.read(content, given)
    return found[0] if len(found) == 1 else found


def _of_batch(row: Body, how: dict[str, Any]) -> list[Any]:
    try:
        found = read(row.content, **how)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{row.name}: {error}") from None
    return [
        one.with_notes({"request": row.custom_id})
        for one in (found if isinstance(found, list) else [found])
    ]


def _of_answer(row: int, answer: Any, how: dict[str, Any]) -> list[Any]:
    try:
        found = read(answer, **how)
    except (TypeError, ValueError) as error:
        raise type(error)(f"[{row}]: {error}") from None
    return found if isinstance(found, list) else [found]


def _is_many(source: Any) -> bool:
    """Whether it is a folder, a pattern, or a list of paths other than one step's dumps."""
    if isinstance(source, list | tuple):
        paths = bool(source) and all(_is_path(one) for one in source)
        return paths and any(Path(one).suffix != ".pt" for one in source)
    if not _is_path(source) or len(str(source)) > _LONGEST_PATH:
        return False
    with suppress(OSError):  # of a text that cannot be a path, as in load()
        is_pattern = any(character in str(source) for character in "*?[")
        return Path(source).is_dir() or (is_pattern and not Path(source).is_file())
    return False


def _is_part(source: Any) -> bool:
    """Whether it is the path of a file that holds rows of a set."""
    if not _is_path(source) or not str(source).lower().endswith(".parquet"):
        return False
    from tokenviz.sources.many import is_part

    with suppress(ImportError):  # load() says what to install
        return is_part(Path(source))
    return False


def _set_of(table: Any, format_: str | None, given: Given, tokenizer: Any) -> Any:
    """The set whose rows a table holds; None where it holds others."""
    from tokenviz.sources.many import of_table

    return of_table(table, format_, given, tokenizer)


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
    """The format that fits by its fields; of several, the one that is no shape in common."""
    fitting = [one for one in FORMATS if one.recognise(content)]
    specific = [one for one in fitting if not one.is_common] or fitting
    if not specific:
        raise ValueError(_nothing_fits(content, source))
    if len(specific) > 1:
        raise ValueError(
            f"source: it fits {' and '.join(repr(one.name) for one in specific)}; "
            "format=… says which it is"
        )
    return specific[0]


def _nothing_fits(content: Any, source: Any) -> str:
    if what := instead(source):
        return f"source: got a {type(source).__name__}: {what}"
    keys = _keys(content)
    is_path = isinstance(source, Path) or (isinstance(source, str) and _is_path(source))
    what = f"the file {Path(source).name!r}" if is_path else type(source).__name__
    if not keys:
        found = f"{what} with no fields"
    else:
        more = ", …" if len(keys) > _MOST_KEYS else ""
        found = f"{what} with the fields {', '.join(islice(keys, _MOST_KEYS))}{more}"
    # Also what was misspelled.
    shared = {
        one.name: sum(bool(get_close_matches(key, keys, 1, _ALIKE)) for key in one.keys)
        for one in FORMATS
    }
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
        found |= dict.fromkeys(name for name in map(str, fields) if name[:1] != "_")
        for value in fields.values():
            inner = value[0] if isinstance(value, list) and value else value
            if isinstance(inner, Mapping):
                found |= dict.fromkeys(map(str, inner))
    return found
