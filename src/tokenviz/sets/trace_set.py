"""TraceSet: many traces, of which only what is looked at is read."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenviz.data.arrays import text
from tokenviz.data.trace import Trace
from tokenviz.sets.arrow import arrow
from tokenviz.sets.parts import Parts, Rows
from tokenviz.sets.plan import Database, Plan
from tokenviz.sets.rows import facts_of, row_of, table_of, trace_of
from tokenviz.sets.saving import Rejected, rejected_of, save
from tokenviz.sets.schema import Facts, Tokenizer, is_ours, kind_of, tokenizer_of
from tokenviz.sets.types import Types
from tokenviz.sets.view import View

if TYPE_CHECKING:
    from tokenviz.sets.joined import JoinedSet
    from tokenviz.sets.places import Places

__all__ = ["Rejected", "TraceSet", "not_read"]


class TraceSet(View[Trace]):
    """Traces by number and by key, with columns of what is known of each.

    A set is a view and is never changed: ``filter``, ``sort`` and slices give other views of the
    same rows. Where these lie in files, opening reads what the files say of themselves, sorting
    reads the column that is sorted by, and a trace is read when it is asked for.

    Parameters
    ----------
    traces
        The traces.
    keys
        What each is known by; their numbers, if not given.
    tokenizer
        Which one the ids belong to: the tokenizer itself, or its name.
    metadata
        Columns of your own, a value for each trace: a reward, a label, a step.

    Raises
    ------
    TypeError, ValueError
        If there are not as many of each, a key is there twice, or a column has the name of one
        that every set has.
    """

    def __init__(
        self,
        traces: Iterable[Trace],
        keys: Iterable[str] | None = None,
        *,
        tokenizer: Any = None,
        **metadata: Iterable[Any],
    ) -> None:
        arrow()
        given = list(traces)
        for i, trace in enumerate(given):
            if not isinstance(trace, Trace):
                raise TypeError(f"traces[{i}]: expected a Trace, got {type(trace).__name__}")
        known = _keys(keys, len(given))
        columns = {
            column: _column(column, values, len(given)) for column, values in metadata.items()
        }
        types = Types()
        rows = []
        for i, (key, trace) in enumerate(zip(known, given, strict=True)):
            own = types.fit({column: values[i] for column, values in columns.items()})
            rows.append(row_of(key, trace) | own)
        table = table_of(rows, types.types)
        facts = facts_of(rows, tokenizer_of(tokenizer))
        self._plan = Plan(Database(Parts.of_tables([table], facts)))
        self._rejected: tuple[Rejected, ...] = ()

    @classmethod
    def open(cls, path: str | Path) -> TraceSet:
        """The set that lies in a folder of Parquet files.

        Parameters
        ----------
        path
            The folder, as :meth:`save` or :class:`tokenviz.SetWriter` wrote it. Rows that are
            written afterwards are in the set that is opened afterwards.

        Raises
        ------
        ValueError
            If it holds no set, one of a later version, or a key twice.

        Warns
        -----
        UserWarning
            If its files are of different tokenizers.
        """
        return cls._of(Parts.of_folder(Path(path)), rejected_of(Path(path)))

    @classmethod
    def _of(cls, parts: Parts, rejected: Iterable[Rejected] = ()) -> TraceSet:
        """A set of all rows of some parts, after a look at them."""
        made = cls.__new__(cls)
        made._plan = Plan(Database(parts))
        made._rejected = tuple(rejected)
        made._check_keys()
        if parts.facts.mixed:
            warnings.warn(
                f"tokenizer: rows are of different ones ({', '.join(parts.facts.mixed)}), so that "
                "an id does not mean the same token everywhere",
                stacklevel=3,
            )
        return made

    def _with(self, plan: Plan) -> TraceSet:
        made = type(self).__new__(type(self))
        made._plan = plan
        made._rejected = self._rejected
        return made

    def _check_keys(self) -> None:
        table = self._plan.select('count("key") - count(DISTINCT "key"), count(*) - count("key")')
        twice, missing = (table.column(i)[0].as_py() for i in (0, 1))
        if missing:
            raise ValueError(f"path: {missing} rows have no key")
        if twice:
            found = self._plan.select('"key"', 'GROUP BY "key" HAVING count(*) > 1 LIMIT 3')
            keys = ", ".join(repr(one) for one in found.column(0).to_pylist())
            raise ValueError(f"path: keys are there twice, {twice} in all: {keys}")

    @property
    def metadata_columns(self) -> tuple[str, ...]:
        """The names of those that are your own."""
        return tuple(column for column in self.columns if not is_ours(column))

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of channels that some of the rows have."""
        return tuple(
            kind[1]
            for column in self.columns
            if (kind := kind_of(column)) is not None and kind[0] == "channel"
        )

    @property
    def tokenizer(self) -> Tokenizer | None:
        """Which tokenizer the ids belong to, where all files that say it agree."""
        return self._plan.database.parts.facts.tokenizer

    @property
    def distributions(self) -> tuple[str, ...]:
        """Which probabilities there are in its files, as ``Trace.distribution`` says it."""
        return self._plan.database.parts.facts.distributions

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Rows that could not be read: where they are, and why."""
        return self._rejected

    def with_rejected(self, rejected: Iterable[Rejected]) -> TraceSet:
        """The same set, with what became of rows that it could not take."""
        other = self._with(self._plan)
        other._rejected = tuple(rejected)
        return other

    def save(self, path: str | Path) -> Path:
        """Write the rows, in their order, into a folder that is not there yet.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        FileExistsError
            If there is something.
        """
        return save(self._plan, Path(path), self._rejected)

    def worst(
        self,
        channel: str = "surprisal",
        n: int = 10,
        *,
        side: str | None = None,
        mask: str | None = None,
    ) -> Places:
        """The tokens of all rows that are furthest out in a channel, the furthest first.

        One number of each row is asked for, and no more than n rows are read. Where nothing says
        what the furthest of a row is (ranks, entropies, and whatever a mask leaves out), the
        channel is gone through, a stretch at a time.

        Parameters
        ----------
        channel
            "probability", "logprob", "surprisal", "rank", "entropy", or one of the set's own.
        n
            How many.
        side
            "above" or "below"; None for the side that is looked for: improbable tokens, high
            ranks and entropies, and of your own channels whatever is furthest from the middle of
            their colours (0; of ratios 1, as logarithms).
        mask
            A flag: of a row only the tokens that have it count.

        Returns
        -------
        Places
            Of each its row's key, its position, its value, and the token in its context.

        Raises
        ------
        TypeError, ValueError
            If there is no such channel or flag.
        """
        from tokenviz.sets.places import worst_tokens

        return worst_tokens(self, channel, n, side, mask)

    def join(self, other: TraceSet, *, on: str = "key") -> JoinedSet:
        """The rows that both have, and what changed: of two steps of training, of two models.

        Parameters
        ----------
        other
            What is compared with this one.
        on
            The column that says which rows belong together; in each set a value stands once.

        Returns
        -------
        JoinedSet
            By number or key the comparison of a row, where both have the same text.

        Raises
        ------
        TypeError, ValueError
            If there is no such column, or a value is there twice.

        Warns
        -----
        UserWarning
            If they are of different tokenizers, or hold probabilities of different kinds.
        """
        from tokenviz.sets.joined import join

        return join(self, other, on)

    def __reduce__(self) -> Any:
        # To another process: files are opened there, tables in memory go along.
        plan = self._plan
        parts = plan.database.parts
        is_whole = not plan.conditions and not plan.orders and plan.base is None
        rows = None if is_whole else plan.rows
        return _made_again, (parts.files(), parts.tables(), parts.facts, rows, self._rejected)

    def _item(self, row: int) -> Trace:
        return trace_of(*self._plan.database.parts.row(row))

    def __repr__(self) -> str:
        n = len(self)
        parts = [f"{n:,} trace{'s' * (n != 1)}"]
        own = [*self.metadata_columns, *(f"channel {name!r}" for name in self.channels)]
        parts += [f"with {', '.join(own[:8])}{', …' * (len(own) > 8)}"] * bool(own)
        parts += [not_read(len(self._rejected))] * bool(self._rejected)
        return f"TraceSet({'; '.join(parts)})"


def _made_again(
    files: list[Path],
    tables: list[Any],
    facts: Facts,
    rows: Rows | None,
    rejected: tuple[Rejected, ...],
) -> TraceSet:
    parts = Parts.of_files(files) if files else Parts.of_tables(tables, facts)
    made = TraceSet.__new__(TraceSet)
    made._plan = Plan(Database(parts), rows)
    made._rejected = rejected
    return made


def not_read(count: int) -> str:
    """In words, how many rows could not be read."""
    return f"{count:,} row{'s' * (count != 1)} could not be read"


def _keys(keys: Iterable[str] | None, n: int) -> list[str]:
    if keys is None:
        return [str(i) for i in range(n)]
    given = [text(f"keys[{i}]", key, optional=False) or "" for i, key in enumerate(keys)]
    if len(given) != n:
        raise ValueError(f"keys: expected one for each of {n} traces, got {len(given)}")
    seen: set[str] = set()
    for i, key in enumerate(given):
        if key in seen:
            raise ValueError(f"keys[{i}]: {key!r} is there twice")
        seen.add(key)
    return given


def _column(column: str, values: Any, n: int) -> list[Any]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise TypeError(
            f"{column}: expected a value for each of {n} traces, got {type(values).__name__}: "
            f"{values!r}"
        )
    given = list(values)
    if len(given) != n:
        raise ValueError(f"{column}: expected a value for each of {n} traces, got {len(given)}")
    return given
