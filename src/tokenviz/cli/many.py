"""Many traces as a set: sorted and filtered by DuckDB, and only what is shown is made."""

from __future__ import annotations

import glob
import importlib.util
import json
import re
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tokenviz.cli.ordering import channel_of
from tokenviz.cli.reading import OURS, STDIN, Found, files_in, is_ours
from tokenviz.cli.running import complain
from tokenviz.data.visible import printable

if TYPE_CHECKING:
    from tokenviz.sets.trace_set import TraceSet

__all__ = [
    "AttributionsError",
    "Chosen",
    "again_as_set",
    "choose",
    "has_sets",
    "is_many",
    "open_many",
    "read_in_part",
    "set_of",
]

_LARGE = 1 << 23  # bytes of one file whose traces are not all made
_FEW = 50  # traces beside which attributions are figures
_NAME = re.compile(r"[\w.:]+")
_BY_LOGPROB = {"worst": "worst_logprob", "mean": "mean_logprob", "sum": "sum_logprob"}
_LOW_FIRST = ("worst_logprob", "mean_logprob", "sum_logprob")


class AttributionsError(ValueError):
    """Of files that were to be a set, some hold attributions, and it would have few rows."""

    def __init__(self, files: Sequence[Path]) -> None:
        super().__init__("there are attributions, and a set holds traces")
        self.files = list(map(str, files))


class Chosen(NamedTuple):
    """What of a set is shown."""

    rows: TraceSet
    """In the order that was asked for, and no more than were."""
    by: str | None
    """The column or expression that they are sorted by."""
    descending: bool
    fitting: int
    """How many fit the filter."""
    total: int


def is_many(words: Sequence[str], *, has_filter: bool) -> bool:
    """Whether what a command is given is read as a set of traces.

    That is a set's folder, a pattern, or several files, none of which tokenviz wrote; one file if
    it is large, or if it is filtered. It needs the extra ``[sets]``.
    """
    if STDIN in words or not has_sets():
        return False
    if len(words) == 1 and _is_set(Path(words[0])):
        return True
    files = _expanded(words)
    if not files or any(is_ours(path) for path in files):
        return False
    if all(path.suffix.lower() == ".pt" for path in files):
        return False
    if len(files) > 1 or has_filter or files[0].stat().st_size > _LARGE:
        return True
    from tokenviz.sources.many import is_part

    return is_part(files[0])


def open_many(words: Sequence[str], **options: Any) -> tuple[TraceSet, int]:
    """The set, and how many rows could not be read, which are complained of.

    Raises
    ------
    AttributionsError
        If there are some, and few traces beside them: no set, but what there is can be shown.
    TypeError, ValueError
        If nothing of it can be read.
    """
    import tokenviz
    from tokenviz.sources.pieces import NO_TRACE

    is_made = len(words) == 1 and _is_set(Path(words[0]))
    files = [] if is_made else _expanded(words)
    source: Any = words[0] if is_made else [str(path) for path in files]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            found: TraceSet = tokenviz.read(source, **options)
        except ValueError as error:
            if NO_TRACE in str(error):
                raise AttributionsError(files) from error
            raise ValueError(str(error).removeprefix("source: ")) from error
    if not is_made and len(found) <= _FEW and any(NO_TRACE in row.reason for row in found.rejected):
        raise AttributionsError(files)
    for warning in said:
        # Broken rows are counted below, in the words of a shell.
        if "set.rejected" not in str(warning.message):
            warnings.warn_explicit(warning.message, warning.category, "tokenviz", 1)
    if found.rejected and not is_made:
        from tokenviz.sets.trace_set import not_read
        from tokenviz.sources.many import listed

        told = [
            row._replace(file="standard input") if row.file.startswith("standard input.") else row
            for row in found.rejected
        ]
        complain(f"{not_read(len(told))}: {listed(told)}")
        return found, len(found.rejected)
    return found, 0


def read_in_part(
    words: Sequence[str], given: bytes, options: dict[str, Any]
) -> tuple[TraceSet, int] | None:
    """Of one file of which not all can be read, what can; None where that is nothing.

    Parameters are those of :func:`again_as_set`.
    """
    if len(words) != 1 or not has_sets() or not (words[0] == STDIN or _has_lines(words[0])):
        return None
    try:
        return again_as_set(words[0], given, options)
    except (TypeError, ValueError):
        return None


def again_as_set(word: str, given: bytes, options: dict[str, Any]) -> tuple[TraceSet, int] | None:
    """One file's traces as a set, with the other fields of its rows as columns.

    Parameters
    ----------
    word
        The file, or that it was standard input.
    given
        What standard input held.
    options
        As for :func:`tokenviz.read`.

    Returns
    -------
    tuple or None
        As :func:`open_many` returns it; None where tokenviz wrote it: then there are no others.
    """
    if word != STDIN:
        path = Path(word)
        return None if path.is_dir() or is_ours(path) else open_many([word], **options)
    if OURS.match(given):
        return None
    try:
        json.loads(given)
        name = "standard input.json"
    except ValueError:
        name = "standard input.jsonl"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(given)
        return open_many([str(path)], **options)


def set_of(found: Sequence[Found]) -> TraceSet | None:
    """Traces that are at hand as a set; None where they are not all traces, or sets are not there.

    Each row is known by where its trace is from.
    """
    from tokenviz.data.trace import Trace

    traces = [one.source for one in found if isinstance(one.source, Trace)]
    if len(traces) != len(found) or not has_sets():
        return None
    from tokenviz.sets.trace_set import TraceSet

    keys: dict[str, None] = {}
    for one in found:
        first = name = printable(one.name)
        number = 2
        while name in keys:
            name, number = f"{first} ({number})", number + 1
        keys[name] = None
    return TraceSet(traces, list(keys))


def choose(
    traces: TraceSet, *, sort: str | None, reverse: bool, top: int | None, filter_: str | None
) -> Chosen:
    """Filter, sort and cut a set.

    Parameters
    ----------
    traces
        The set.
    sort
        As ``--sort`` says it; any column of the set, or an expression over them.
    reverse
        The other way about.
    top
        How many are left at most; None for all.
    filter_
        An expression of SQL that rows must fulfil.

    Raises
    ------
    ValueError
        If one of them cannot be computed, or nothing is left.
    """
    left = traces
    if filter_ is not None:
        try:
            left = traces.filter(filter_)
            len(left)  # here it is computed
        except (TypeError, ValueError) as error:
            raise ValueError(f"filter: {_without_name(error)}") from None
    fitting = len(left)
    if not fitting:
        raise ValueError(
            "there is nothing to show"
            + (f": none of {len(traces):,} rows fits --filter" if filter_ is not None else "")
        )
    if sort is None:
        rows = left[::-1] if reverse else left
        return Chosen(rows[:top], None, False, fitting, len(traces))
    by, is_descending = _order(traces, sort)
    descending = is_descending != reverse
    try:
        rows = left.sort(by, descending=descending)[:top]
    except (TypeError, ValueError) as error:
        raise ValueError(f"sort: {_without_name(error)}") from None
    return Chosen(rows, by, descending, fitting, len(traces))


def _order(traces: TraceSet, sort: str) -> tuple[str, bool]:
    """A column or expression, and whether the largest come first."""
    from tokenviz.data.channels import CHANNELS
    from tokenviz.sets.schema import FEW

    known = traces.columns
    if sort in _BY_LOGPROB:
        return _BY_LOGPROB[sort], False
    if sort == "length":
        return "n_tokens", True
    if sort in known:
        return sort, not (sort in _LOW_FIRST or sort.startswith("min."))
    how, colon, word = sort.partition(":")
    if not colon or how not in ("mean", "max", "min"):
        how, word = "", sort
    channel = channel_of(word)
    if channel in traces.channels:
        if how:
            return f"{how}.{channel}", how != "min"
        center = _center(traces, channel)
        least, most = (f'"{end}.{channel.replace(chr(34), chr(34) * 2)}"' for end in ("min", "max"))
        if center is None:
            return f"max.{channel}", True
        return f"greatest({most} - {center!r}, {center!r} - {least})", True
    if channel in ("logprob", "probability", "surprisal", "entropy", "rank"):
        return _over_tokens(channel, how)
    if _NAME.fullmatch(sort) and sort.casefold() not in map(str.casefold, known):
        raise ValueError(
            f"sort: nothing is called {sort!r}; expected worst, mean, sum, length, a channel "
            f"({', '.join([*CHANNELS, *traces.channels])}), or a column or an expression over them "
            f"({', '.join([*traces.metadata_columns, *FEW])})"
        )
    return sort, True


def channel_sorted_by(traces: TraceSet, sort: str | None) -> str | None:
    """The channel that ``--sort`` names, which then colours, too; None where it names none."""
    from tokenviz.data.channels import CHANNELS

    if sort is None or sort in (*_BY_LOGPROB, "length", *traces.columns):
        return None
    how, colon, word = sort.partition(":")
    channel = channel_of(word if colon and how in ("mean", "max", "min") else sort)
    return channel if channel in (*CHANNELS, *traces.channels) else None


def _over_tokens(channel: str, how: str) -> tuple[str, bool]:
    """A number over a trace's tokens that the set has no column for."""
    # Of probabilities the low ones are striking, and of the others the high ones.
    is_low = channel in ("logprob", "probability")
    how = how or ("min" if is_low else "max")
    column, unknown = {"entropy": ("entropies", "NOT isnan(x)"), "rank": ("ranks", "x > 0")}.get(
        channel, ("logprobs", "NOT isnan(x)")
    )
    value = {"probability": "exp(x::DOUBLE)", "surprisal": "-x"}.get(channel, "x")
    of = {"min": "list_min", "max": "list_max", "mean": "list_avg"}[how]
    sql = f'{of}([{value} FOR x IN "{column}" IF {unknown}])'
    return sql, how == "max" or (how == "mean" and not is_low)


def _center(traces: TraceSet, channel: str) -> float | None:
    """What values of a channel are above or below of, by the first that has any."""
    from tokenviz.data.channels import channel_look

    quoted = channel.replace('"', '""')
    having = traces.filter(f'"max.{quoted}" IS NOT NULL')
    return channel_look(having[0], channel).center if len(having) else None


def _has_lines(word: str) -> bool:
    return Path(word).suffix.lower() in (".jsonl", ".parquet") and Path(word).is_file()


def has_sets() -> bool:
    """Whether the extra ``[sets]`` is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("duckdb", "pyarrow"))


def _is_set(path: Path) -> bool:
    if not path.is_dir():
        return False
    from tokenviz.sources.many import is_set

    return is_set(path)


def _expanded(words: Sequence[str]) -> list[Path]:
    """All files that are meant; none where a word means none, which then is complained of."""
    files: list[Path] = []
    for word in words:
        path = Path(word)
        if path.is_dir():
            files += files_in(path)
        elif path.is_file():
            files.append(path)
        else:
            fitting = sorted(glob.glob(word, recursive=True))  # noqa: PTH207
            inside = [Path(one) for one in fitting if Path(one).is_file()]
            if not inside:
                return []
            files += inside
    return [*dict.fromkeys(files)]


def _without_name(error: Exception) -> str:
    said = str(error)
    for name in ("expression: ", "by: "):
        said = said.removeprefix(name)
    return said
