"""Many files as a set of traces: sorted and filtered by DuckDB, and only what is shown is made."""

from __future__ import annotations

import glob
import importlib.util
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tokenviz.cli.ordering import channel_of
from tokenviz.cli.reading import STDIN, Found, files_in, is_ours
from tokenviz.cli.running import complain

if TYPE_CHECKING:
    from tokenviz.sets.trace_set import TraceSet

__all__ = ["Chosen", "choose", "is_many", "open_many"]

_LARGE = 1 << 23  # bytes of one file whose traces are not all made
_COLUMNS = 8  # of the user's own that a list of contents shows
_NAMED = 3  # broken rows that are named, of all that are counted
_BY_LOGPROB = {"worst": "worst_logprob", "mean": "mean_logprob", "sum": "sum_logprob"}
_LOW_FIRST = ("worst_logprob", "mean_logprob", "sum_logprob")


class Chosen(NamedTuple):
    """What of a set is shown."""

    shown: list[Found]
    fitting: int
    """How many fit the filter."""
    total: int


def is_many(words: Sequence[str], *, has_filter: bool) -> bool:
    """Whether what a command is given is read as a set of traces.

    That is a set's folder, a pattern, or several files, none of which tokenviz wrote; one file if
    it is large, or if it is filtered. It needs the extra ``[sets]``.
    """
    if STDIN in words or not _has_sets():
        return False
    if len(words) == 1 and _is_set(Path(words[0])):
        return True
    files = _expanded(words)
    if not files or any(is_ours(path) for path in files):
        return False
    if all(path.suffix.lower() == ".pt" for path in files):
        return False
    return len(files) > 1 or has_filter or files[0].stat().st_size > _LARGE


def open_many(words: Sequence[str], **options: Any) -> tuple[TraceSet, int]:
    """The set, and how many rows could not be read, which are complained of.

    Raises
    ------
    TypeError, ValueError
        If nothing of it can be read.
    """
    import tokenviz

    is_made = len(words) == 1 and _is_set(Path(words[0]))
    source: Any = words[0] if is_made else [str(path) for path in _expanded(words)]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            found: TraceSet = tokenviz.read(source, **options)
        except ValueError as error:
            raise ValueError(str(error).removeprefix("source: ")) from error
    for warning in said:
        # Broken rows are counted below, in the words of a shell.
        if "set.rejected" not in str(warning.message):
            warnings.warn_explicit(warning.message, warning.category, "tokenviz", 1)
    if found.rejected and not is_made:
        from tokenviz.sets.trace_set import not_read

        complain(f"{not_read(len(found.rejected))}: {_listed(found.rejected)}")
        return found, len(found.rejected)
    return found, 0


def choose(
    traces: TraceSet, *, sort: str | None, reverse: bool, top: int, filter_: str | None
) -> Chosen:  # fmt: skip
    """Filter, sort and cut a set, and make what is left.

    Parameters
    ----------
    traces
        The set.
    sort
        As ``--sort`` says it; any column of the set, or an expression over them.
    reverse
        The other way about.
    top
        How many are made; 0 for all.
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
    by, title = None, ""
    if sort is not None:
        by, is_descending, title = _order(traces, sort)
        try:
            left = left.sort(by, descending=is_descending != reverse)
            rows = left[: top or None]
        except (TypeError, ValueError) as error:
            raise ValueError(f"sort: {_without_name(error)}") from None
    else:
        rows = (left[::-1] if reverse else left)[: top or None]
    return Chosen(_found(traces, rows, by, title), fitting, len(traces))


def _order(traces: TraceSet, sort: str) -> tuple[str, bool, str]:
    """A column or expression, whether the largest come first, and what it is called."""
    known = traces.columns
    if sort in _BY_LOGPROB:
        return _BY_LOGPROB[sort], False, ""
    if sort == "length":
        return "n_tokens", True, ""
    if sort in known:
        return sort, not (sort in _LOW_FIRST or sort.startswith("min.")), _heading(sort)
    how, colon, word = sort.partition(":")
    if not colon or how not in ("mean", "max", "min"):
        how, word = "", sort
    channel = channel_of(word)
    if channel in traces.channels:
        if how:
            return f"{how}.{channel}", how != "min", f"{how} {channel}"
        center = _center(traces, channel)
        least, most = (f'"{end}.{channel.replace(chr(34), chr(34) * 2)}"' for end in ("min", "max"))
        if center is None:
            return f"max.{channel}", True, f"max {channel}"
        return f"greatest({most} - {center!r}, {center!r} - {least})", True, f"extreme {channel}"
    if channel in ("logprob", "probability", "surprisal", "entropy", "rank"):
        return _over_tokens(channel, how)
    return sort, True, sort


def _over_tokens(channel: str, how: str) -> tuple[str, bool, str]:
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
    return sql, how == "max" or (how == "mean" and not is_low), f"{how} {channel}"


def _center(traces: TraceSet, channel: str) -> float | None:
    """What values of a channel are above or below of, by the first that has any."""
    from tokenviz.data.channels import channel_look

    quoted = channel.replace('"', '""')
    having = traces.filter(f'"max.{quoted}" IS NOT NULL')
    return channel_look(having[0], channel).center if len(having) else None


def _found(traces: TraceSet, rows: TraceSet, by: str | None, title: str) -> list[Found]:
    """The traces of some rows, each with what the set says of it."""
    own = [name for name in traces.metadata_columns if len(traces.queries.distinct(name, 2)) > 1]
    if by in own:  # what was asked for is shown, whatever else is
        own = [by, *(name for name in own if name != by)]
    own = own[:_COLUMNS]
    table = rows.to_arrow(["key", *own]).to_pydict()
    facts: list[dict[str, str | float]] = [
        {_heading(name): _fact(table[name][i]) for name in own} for i in range(len(rows))
    ]
    if by is not None and title and by not in own:
        for fact, value in zip(facts, _values(rows, by), strict=True):
            fact[title] = _fact(value)
    return [
        Found(trace, key, fact) for trace, key, fact in zip(rows, table["key"], facts, strict=True)
    ]


def _values(rows: TraceSet, by: str) -> list[Any]:
    """A column, or what an expression gives, in the order of the rows."""
    if by in rows.columns:
        values: list[Any] = rows.to_arrow([by]).column(0).to_pylist()
        return values
    return rows.queries.values(by)


def _heading(column: str) -> str:
    """A column's name as a heading; a channel's summary as ``--sort`` calls it."""
    how, dot, channel = column.partition(".")
    return f"{how} {channel}" if dot and how in ("mean", "min", "max") else column


def _fact(value: Any) -> str | float:
    if value is None:
        return float("nan")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return float(value) if isinstance(value, int | float) else str(value)


def _has_sets() -> bool:
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


def _listed(rejected: Sequence[Any]) -> str:
    shown = [
        f"{one.file}{f', line {one.line}' if one.line else ''}: {one.reason}"
        for one in rejected[:_NAMED]
    ]
    return "; ".join(shown) + "; …" * (len(rejected) > _NAMED)


def _without_name(error: Exception) -> str:
    said = str(error)
    for name in ("expression: ", "by: "):
        said = said.removeprefix(name)
    return said
