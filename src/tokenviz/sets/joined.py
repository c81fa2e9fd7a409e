"""Two sets laid over each other by key: what changed, row by row, and the comparison of a row."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from tokenviz.data.comparison import Comparison
from tokenviz.data.trace import Trace
from tokenviz.sets.arrow import arrow, duckdb, integers
from tokenviz.sets.parts import Parts
from tokenviz.sets.plan import Database, Plan
from tokenviz.sets.queries import check_column
from tokenviz.sets.schema import ROW, Facts, Tokenizer, is_ours, said
from tokenviz.sets.sql import name, only_reads
from tokenviz.sets.view import View

if TYPE_CHECKING:
    from tokenviz.sets.places import Places
    from tokenviz.sets.trace_set import TraceSet

__all__ = ["JoinedSet", "join"]

_SIDES = ("a", "b")
_SHOWN = ("n_tokens", "mean_logprob", "worst_logprob", "model")
"""What is said of either side, beside the user's own columns."""


class JoinedSet(View[Comparison]):
    """The rows that two sets have in common; :meth:`tokenviz.TraceSet.join` makes one.

    Beside what both say of a row (``a.reward``, ``b.reward``) its columns are ``same_text`` and
    ``same_tokens``; ``delta_sum`` and ``delta_mean``, the difference of the sums and of the means
    of log-probabilities, b less a; and where both have the same tokens ``max_delta``, the largest
    change of one token, either way, and ``max_at``, which token that is. All are in nats.
    """

    def __init__(self, a: TraceSet, b: TraceSet, plan: Plan, only: tuple[int, int]) -> None:
        self.a = a
        self.b = b
        self._plan = plan
        self.only = only
        """How many rows only the one, and only the other has."""

    def _with(self, plan: Plan) -> JoinedSet:
        return JoinedSet(self.a, self.b, plan, self.only)

    def traces(self, index: int | str) -> tuple[Trace, Trace]:
        """Both traces of a row, by its number or key; their texts need not be the same."""
        place = self.place_of(index) if isinstance(index, str) else index
        return self._traces(int(self._plan.rows[place]))

    def _traces(self, row: int) -> tuple[Trace, Trace]:
        table, place = self._plan.database.parts.row(row)
        rows = (table.column(f"row_{side}")[place].as_py() for side in _SIDES)
        a, b = (one._item(row) for one, row in zip((self.a, self.b), rows, strict=True))
        return a, b

    def _item(self, row: int) -> Comparison:
        return Comparison(*self._traces(row))

    def worst(self, n: int = 10) -> Places:
        """The tokens that changed most, either way, of the rows that have the same tokens.

        Their values are b less a, in nats; see :meth:`TraceSet.worst`.
        """
        from tokenviz.sets.places import worst_changes

        return worst_changes(self, n)

    def __repr__(self) -> str:
        apart = [
            f"{count:,} more in {side} alone"
            for side, count in zip(_SIDES, self.only, strict=True)
            if count
        ]
        return f"JoinedSet({'; '.join([f'{len(self):,} rows of both', *apart])})"


def join(a: TraceSet, b: TraceSet, on: str) -> JoinedSet:
    """See :meth:`tokenviz.TraceSet.join`."""
    from tokenviz.sets.trace_set import TraceSet

    if not isinstance(b, TraceSet):
        raise TypeError(f"other: expected a TraceSet, got {type(b).__name__}")
    for one in (a, b):
        check_column(one.columns, on, "on")
        _check_once(one, on)
    _warn(a, b)
    table = _table(a, b, on)
    plan = Plan(Database(Parts.of_tables([table], Facts())))
    return JoinedSet(a, b, plan, (len(a) - table.num_rows, len(b) - table.num_rows))


def _check_once(one: TraceSet, on: str) -> None:
    if on == "key":
        return
    column = name(on)
    twice = one._plan.select(
        column, f"AND {column} IS NOT NULL GROUP BY {column} HAVING count(*) > 1 LIMIT 1"
    )
    if twice.num_rows:
        raise ValueError(
            f"on: {twice.column(0)[0].as_py()!r} is there several times in {on!r}, so that it does "
            "not say which rows belong together"
        )


def _is_same(ours: Tokenizer, theirs: Tokenizer) -> bool:
    """By their vocabularies: checkpoints of a run have one, and names of their own."""
    if ours.hash and theirs.hash:
        return ours.hash == theirs.hash
    return ours == theirs


def _warn(a: TraceSet, b: TraceSet) -> None:
    ours, theirs = a.tokenizer, b.tokenizer
    if ours and theirs and not _is_same(ours, theirs):
        warnings.warn(
            f"tokenizers differ: a has {said(ours)}, b has {said(theirs)}; where they cut a text "
            "apart, tokens have no counterpart",
            stacklevel=4,
        )
    kinds = [set(one._plan.database.parts.facts.distributions) for one in (a, b)]
    if all(kinds) and kinds[0] != kinds[1]:
        shown = [", ".join(sorted(kind)) for kind in kinds]
        warnings.warn(
            f"probabilities of different kinds: a has {shown[0]}, b has {shown[1]}; part of what "
            "differs is that",
            stacklevel=4,
        )


def _table(a: TraceSet, b: TraceSet, on: str) -> Any:
    """A row for each that both have, in the order of a."""
    connection = duckdb().connect(":memory:")
    files = []
    for side, one in zip(_SIDES, (a, b), strict=True):
        parts = one._plan.database.parts
        parts.attach(connection, side)
        files += [str(path) for path in parts.files()]
        rows = one._plan.rows
        connection.register(
            f"chosen_{side}",
            arrow().table([integers(rows), integers(np.arange(len(rows)))], [ROW, "place"]),
        )
    only_reads(connection, files)
    own = [
        f"{side}.{name(column)} AS {name(f'{side}.{column}')}"
        for side, one in zip(_SIDES, (a, b), strict=True)
        for column in one.columns
        if column in _SHOWN or not is_ours(column)
    ]
    # An arrow of a function is an operator of JSON, too: newer ones write it out.
    delta = "abs(pair[2]::DOUBLE - pair[1]::DOUBLE)"
    sql = f"""
        WITH pairs AS (
            SELECT chosen_a.place AS place, a."key" AS "key", a."text" AS "text",
                a.{name(ROW)} AS row_a, b.{name(ROW)} AS row_b, {", ".join(own)},
                a.bytes = b.bytes AS same_text,
                a.bytes = b.bytes AND a.offsets = b.offsets
                    AND (a.ids = b.ids OR a.ids IS NULL OR b.ids IS NULL) AS same_tokens,
                b.sum_logprob - a.sum_logprob AS delta_sum,
                b.mean_logprob - a.mean_logprob AS delta_mean,
                CASE WHEN a.bytes = b.bytes AND a.offsets = b.offsets THEN list_transform(
                    list_zip(a.logprobs, b.logprobs),
                    lambda pair: CASE WHEN isnan({delta}) THEN -1 ELSE {delta} END
                ) END AS deltas
            FROM a JOIN chosen_a USING ({name(ROW)})
            JOIN b ON a.{name(on)} = b.{name(on)}
            JOIN chosen_b ON b.{name(ROW)} = chosen_b.{name(ROW)}
        )
        SELECT * EXCLUDE (place, deltas),
            CASE WHEN list_max(deltas) >= 0 THEN list_max(deltas) END AS max_delta,
            CASE WHEN list_max(deltas) >= 0
                THEN (list_position(deltas, list_max(deltas)) - 1)::INTEGER END AS max_at
        FROM pairs ORDER BY place
    """
    return connection.sql(sql).to_arrow_table()
