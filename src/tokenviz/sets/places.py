"""The tokens of a whole set that a channel says most about, wherever they are.

A row's worst token says whether the row can hold any of the n worst: they lie in the n rows whose
own worst is furthest out. So a query over one number of each finds those rows, and no others are
read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.arrays import whole
from tokenviz.data.channels import CHANNELS, channel_look
from tokenviz.data.comparison import CHANNELS as MEASURES
from tokenviz.data.thresholds import SIDES
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.sets.arrow import as_numpy
from tokenviz.sets.channels import column_of, computed
from tokenviz.sets.plan import Plan
from tokenviz.sets.schema import ROW
from tokenviz.sets.spots import NEEDED, token_at
from tokenviz.sets.sql import name

if TYPE_CHECKING:
    import pandas as pd

    from tokenviz.sets.joined import JoinedSet
    from tokenviz.sets.trace_set import TraceSet

__all__ = ["Place", "Places", "worst_changes", "worst_tokens"]

DELTA = MEASURES["delta"]
_ROOM = 32  # characters around a token
_FACTOR = {"surprisal": -1.0}
"""What a stored number is taken times, so that it grows with the channel's."""


class Place(NamedTuple):
    """A token of a row."""

    key: str
    """Of the row."""
    position: int
    value: float
    """In the channel."""
    before: str
    """What stands before it."""
    token: str
    """As figures label it."""
    after: str


class Places(Sequence[Place]):
    """Tokens of many rows, the furthest out first.

    Parameters
    ----------
    channel
        What they were looked for by.
    places
        They.
    """

    def __init__(self, channel: str, places: Sequence[Place]) -> None:
        self.channel = channel
        self._places = tuple(places)

    def __getitem__(self, index: Any) -> Any:
        return self._places[index]

    def __len__(self) -> int:
        return len(self._places)

    def to_pandas(self) -> pd.DataFrame:
        """A row each: key, position, value, and the token with what is around it."""
        from tokenviz._optional import require

        pandas = require("pandas", feature="to_pandas()", install="pandas")
        frame: pd.DataFrame = pandas.DataFrame(self._places, columns=list(Place._fields))
        return frame

    def __repr__(self) -> str:
        lines = [
            f"{one.value:>12.5g}  {one.before:>{_ROOM}}[{one.token}]{one.after}  "
            f"({one.key}, {one.position})"
            for one in self
        ]
        return "\n".join([f"Places of {self.channel!r}, the furthest out first", *lines])


class _Measure(NamedTuple):
    """How far out a value is: in SQL, and the same of an array."""

    sql: str
    """Of ``{}``, a double."""
    of: Any


def worst_tokens(
    rows: TraceSet, channel: Any, n: Any, side: str | None = None, mask: str | None = None
) -> Places:
    """See :meth:`tokenviz.TraceSet.worst`."""
    n = whole("n", n, at_least=1)
    column = _column(rows, channel)
    if side not in (None, *SIDES):
        raise ValueError(f"side: expected 'above', 'below' or None, got {side!r}")
    flags = [one.removeprefix("flag.") for one in rows.columns if one.startswith("flag.")]
    if mask is not None and mask not in flags:
        raise ValueError(f"mask: expected one of {flags}, got {mask!r}")
    measure = _measure(rows, channel, side)
    found = _rows_of(rows._plan, _score(rows, channel, column, measure, side, mask), n)
    wanted = ["key", *NEEDED, column, *([f"flag.{mask}"] if mask else [])]
    table = rows._plan.database.parts.take(found, wanted)
    values = []
    for i in range(table.num_rows):
        own = as_numpy(table.column(column)[i].values).astype(np.float32)
        if column == "ranks":
            own = np.where(own > 0, own, np.nan)
        if mask:
            kept = table.column(f"flag.{mask}")[i]
            counts = as_numpy(kept.values).astype(np.bool_) if kept.is_valid else False
            own = np.where(counts, own, np.nan)
        values.append(own)
    return Places(channel, _best(table, values, found, n, measure, channel))


def worst_changes(rows: JoinedSet, n: Any) -> Places:
    """See :meth:`tokenviz.sets.joined.JoinedSet.worst`."""
    n = whole("n", n, at_least=1)
    found = _rows_of(rows._plan, '"max_delta"', n)
    sides = rows._plan.database.parts.take(found, ["row_a", "row_b"])
    tables = [
        one._plan.database.parts.take(
            as_numpy(sides.column(f"row_{side}").combine_chunks()), ["key", *NEEDED, "logprobs"]
        )
        for side, one in (("a", rows.a), ("b", rows.b))
    ]
    a, b = ([as_numpy(cell.values) for cell in one.column("logprobs")] for one in tables)
    values = [(theirs - ours).astype(np.float32) for ours, theirs in zip(a, b, strict=True)]
    measure = _Measure("abs({})", np.abs)
    return Places(DELTA, _best(tables[0], values, found, n, measure, DELTA))


def _column(rows: TraceSet, channel: Any) -> str:
    known = [*(one for one in CHANNELS if one != "margin"), *rows.channels]
    column = column_of(channel) if channel in known else None
    if column is None or column not in rows.columns:
        expected = ", ".join(map(repr, known))
        raise ValueError(f"channel: expected one of {expected}, got {channel!r}")
    return column


def _measure(rows: TraceSet, channel: str, side: str | None) -> _Measure:
    """What grows towards the side that is looked for; of either, away from the middle."""
    if side is None and channel in CHANNELS:
        side = {"low": "below", "high": "above"}[CHANNELS[channel].notable]
    if side is not None:
        # Of what is stored, which may run the other way than the channel.
        sign = _FACTOR.get(channel, 1.0) * (1.0 if side == "above" else -1.0)
        return _Measure("{}" if sign > 0 else "-{}", lambda values: sign * values)
    look = channel_look(_standing_for(rows, channel), channel)
    if look.norm == "log":
        middle = look.center or 1.0
        return _Measure(
            f"CASE WHEN {{}} > 0 THEN abs(ln({{}} / {middle!r})) WHEN {{}} = 0 THEN "
            "'inf'::DOUBLE END",
            lambda values: np.abs(np.log(np.where(values < 0, np.nan, values) / middle)),
        )
    middle = look.center or 0.0
    return _Measure(f"abs({{}} - {middle!r})", lambda values: np.abs(values - middle))


def _standing_for(rows: TraceSet, channel: str) -> Trace:
    """A trace with the least and the largest value of a channel."""
    ends = [f"min.{channel}", f"max.{channel}"]
    known: list[float] = [0.0, 1.0]
    if set(ends) <= {*rows.columns}:
        low, high = map(name, ends)
        table = rows._plan.select(
            f"min({low}) FILTER (isfinite({low})), max({high}) FILTER (isfinite({high}))"
        )
        least, most = (one[0].as_py() for one in table.columns)
        known = known if least is None or most is None else [least, most]
    token = [Token(" ")]
    return Trace.from_columns(token, [0, 0], [0.0, 0.0], [0, 0, 0], [], [],
                              channels={channel: known})  # fmt: skip


def _score(
    rows: TraceSet, channel: str, column: str, measure: _Measure, side: str | None, mask: str | None
) -> str:
    """How far out the furthest token of a row is, in SQL."""
    if mask is None:
        if column == "logprobs" and measure.sql == "-{}" and "worst_logprob" in rows.columns:
            return '-"worst_logprob"::DOUBLE'
        ends = [f"min.{channel}", f"max.{channel}"]
        if set(ends) <= {*rows.columns}:
            both = [measure.sql.replace("{}", f"{name(one)}::DOUBLE") for one in ends]
            return f"greatest({both[0]}, {both[1]})"
    value = "pair[1]::DOUBLE"
    known = f"{value} > 0" if column == "ranks" else f"NOT isnan({value})"
    # The second of each pair says whether the token counts.
    second = f"{name(f'flag.{mask}')}" if mask else name(column)
    counts = " AND coalesce(pair[2], false)" if mask else ""
    return (
        f"list_max(list_transform(list_zip({name(column)}, {second}), lambda pair: "
        f"CASE WHEN {known}{counts} THEN {measure.sql.replace('{}', value)} END))"
    )


def _rows_of(plan: Plan, score: str, n: int) -> npt.NDArray[np.int64]:
    """The numbers of the n rows with the largest score, the largest first."""
    table = plan.select(
        f"{name(ROW)} AS row, {score} AS score",
        f"AND ({score}) IS NOT NULL ORDER BY score DESC, {name(ROW)} LIMIT {n}",
    )
    return as_numpy(table.column("row").combine_chunks()).astype(np.int64)


def _best(
    table: Any,
    values: Sequence[npt.NDArray[np.float32]],
    numbers: npt.NDArray[np.int64],
    n: int,
    measure: _Measure,
    channel: str,
) -> list[Place]:
    if not values:
        return []
    with np.errstate(all="ignore"):
        scores = [measure.of(own.astype(np.float64)) for own in values]
    which = np.repeat(np.arange(len(values)), [len(own) for own in values])
    position = np.concatenate([np.arange(len(own)) for own in values])
    score = np.concatenate(scores)
    known = np.flatnonzero(~np.isnan(score))
    # Of equal ones the first row's first.
    order = np.lexsort((position[known], numbers[which[known]], -score[known]))
    found = []
    for i in known[order[:n]].tolist():
        row, at = int(which[i]), int(position[i])
        value = float(computed(values[row][at : at + 1], channel)[0])
        key = table.column("key")[row].as_py()
        found.append(Place(key, at, value, *token_at(table, row, at, _ROOM)))
    return found
