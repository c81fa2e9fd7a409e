"""Sets that a model makes in a folder, row by row; run again, it goes on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from tokenviz.cli.running import FAILED, INTERRUPTED, complain

if TYPE_CHECKING:
    from tokenviz.sets.trace_set import TraceSet

__all__ = ["check_for_folder", "made_in"]

_NAMED = 5
"""Rows that could not be made and are named; the others are counted."""


def check_for_folder(channel: str | None, title: str | None) -> None:
    """Refuse what a set has no place for, before a model is loaded.

    Raises
    ------
    ValueError
        If there is something of it.
    """
    for name, given in (("channel", channel), ("title", title)):
        if given is not None:
            raise ValueError(f"{name}: a set in a folder has none; give it to “tokenviz view”")


def made_in(
    make: Callable[..., TraceSet], rows: Sequence[Mapping[str, Any]], folder: str, **options: Any
) -> None:
    """Have a set's missing rows made, and say what became of them.

    Parameters
    ----------
    make
        :meth:`LanguageModel.score_set` or :meth:`LanguageModel.generate_set`.
    rows
        What is scored or gone on from, with columns of the user's.
    folder
        Where the set is, or will be.
    options
        For ``make``.

    Raises
    ------
    typer.Exit
        If rows could not be made, or it was interrupted; what is done is kept.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        traces = make(rows, path=folder, **options)
    for one in told:
        complain(str(one.message), "warning")
    rejected = traces.rejected
    for row in rejected[:_NAMED]:
        complain(f"row {row.line}: {row.reason}")
    if len(rejected) > _NAMED:
        complain(f"{len(rejected):,} rows in all could not be made")
    rows_ = f"{len(traces):,} row{'s' * (len(traces) != 1)}"
    complain(f"{folder} has {rows_}; “tokenviz view {folder}” shows the set", "note")
    if any(str(one.message).startswith("interrupted") for one in told):
        raise typer.Exit(INTERRUPTED)
    if rejected:
        raise typer.Exit(FAILED)
