"""SetBrowser: a table of many traces, and below it the figure of the one that was picked.

The kernel's side. The rows stay here: what the table shows is sorted and filtered by the set, and
sent page by page (:mod:`tokenviz.browse.answers`). What is done in the browser has a method or a
trait here, and what is set here is seen there.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from ipywidgets import Widget
from ipywidgets.widgets.widget import widget_serialization

from tokenviz.browse.answers import Answers
from tokenviz.browse.columns import same_in_all, shown_at_first, table_columns
from tokenviz.browse.exploring import Exploring
from tokenviz.browse.look import START, Look, check_look
from tokenviz.browse.page import MOST, rows_of_page
from tokenviz.browse.ranges import look_of, ranges_of
from tokenviz.browse.strips import DELTA
from tokenviz.browse.worst import mask_of, worst_of
from tokenviz.data.channels import CHANNELS
from tokenviz.data.comparison import Comparison
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.sets.arrow import duckdb
from tokenviz.sets.joined import JoinedSet
from tokenviz.sets.sql import name as quoted
from tokenviz.sets.trace_set import TraceSet, not_read
from tokenviz.widget.bundle import Bundle, bundle
from tokenviz.widget.trace import TokenTrace

if TYPE_CHECKING:
    from tokenviz.explore.explorer import Explorer
    from tokenviz.sets.places import Places

__all__ = ["SetBrowser"]

_MOST_MARKED = 100_000
_LONGEST_NOTE = 10_000
_BESIDE = 50
"""Rows of the table that stands beside a live widget."""
_LOOKED_AT = 8
"""Comparisons that tell which channels there are."""


class _LookTrait(traitlets.Dict):
    """What is on show; see :mod:`tokenviz.browse.look`."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Take nothing that names what is not there."""
        try:
            return check_look(super().validate(obj, value), obj._answers.names)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None


class SetBrowser(TokenTrace):
    """A table of a set's rows, sorted, filtered and searched; the row that is picked opens below.

    ``set.show()`` makes one.

    Parameters
    ----------
    source
        The set, or two that were joined.
    **given
        Any trait of :class:`TokenTrace`, for the figure of the row that is open; ``channel``
        colours the strips of all rows, too. And:

        columns : sequence of str
            What stands in the table beside the text.
        rows : int
            How many rows are seen at once.
        marked : sequence of str
            The keys of rows that are marked.
        notes : dict of str
            What was noted of a row, by its key.
        selected : str or None
            The key of the row that is open.
        model : LanguageModel
            Opens the explorer of the row that is picked, in place of the figure of its trace.
        exploring : bool
            Whether it does; the button *Explore* takes it back.

    Raises
    ------
    TypeError, ValueError
        If ``source`` is no set, the model is of another tokenizer, or an option does not exist.
    """

    _kind = traitlets.Unicode("set").tag(sync=True)
    _look = _LookTrait(default_value=START).tag(sync=True, echo_update=False)
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True, echo_update=False)
    rows = traitlets.Int(12, min=3, max=60).tag(sync=True)
    marked = traitlets.List(traitlets.Unicode(), maxlen=_MOST_MARKED).tag(
        sync=True, echo_update=False
    )
    notes = traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Unicode(), default_value={}
    ).tag(sync=True, echo_update=False)
    selected: Any = traitlets.Unicode(None, allow_none=True).tag(sync=True, echo_update=False)

    exploring = traitlets.Bool(False).tag(sync=True)
    _explorer: Any = traitlets.Instance(Widget, allow_none=True).tag(
        sync=True, **widget_serialization
    )
    _told: Any = traitlets.Unicode("").tag(sync=True)
    """Why there is no explorer of the row that is open."""
    _at: Any = traitlets.Tuple(
        traitlets.Unicode(), traitlets.Int(min=0), allow_none=True, default_value=None
    ).tag(sync=True, echo_update=False)
    """The token that is looked at, and of which row."""

    _sources: type[Any] = object
    _exploring: Exploring | None = None

    def __init__(self, source: TraceSet | JoinedSet, *, model: Any = None, **given: Any) -> None:
        if not isinstance(source, TraceSet | JoinedSet):
            raise TypeError(
                f"source: expected a TraceSet or a JoinedSet, got {type(source).__name__}"
            )
        if model is not None:
            self._exploring = Exploring(source, model)
            given = {"exploring": True} | given
        self._source = source
        self._table = table_columns(source)
        self._ranges = ranges_of(source)
        self._answers = Answers(source, self._table)
        given = {"columns": shown_at_first(self._table)} | given
        if isinstance(source, JoinedSet) and DELTA in self._path.channels:
            given = {"channel": DELTA} | given
        super().__init__(source, **given)  # type: ignore[arg-type]

    # What is shown.

    @property
    def source(self) -> Any:
        """The set that is browsed, all of it."""
        return self._source

    @source.setter
    def source(self, source: Any) -> None:
        raise AttributeError("source: a browser keeps its set; show another one")

    @property
    def set(self) -> Any:
        """The rows that the table shows, in its order: a set, to be saved or gone on with."""
        return self._answers.shown(self._look)

    @property
    def marked_set(self) -> Any:
        """The rows that are marked."""
        return self._source.filter(key=list(self.marked))

    @property
    def explorer(self) -> Explorer:
        """The explorer of the row that is open: it answers, branches and is saved as any other.

        Raises
        ------
        RuntimeError
            If no row is open, or there is no model: ``set.show(model=lm)``.
        ValueError
            If the model does not know the row's tokens.
        """
        if self._exploring is None or self.selected is None:
            missing = "no model is at hand: show the set with model=lm"
            raise RuntimeError(
                f"explorer: {missing if self._exploring is None else 'no row is open'}"
            )
        return self._exploring.explorer(self.selected)

    @property
    def drawn(self) -> Trace:
        """What stands for all rows where a scale is fitted."""
        return self._path

    # What the reader does, done from here.

    def sort(self, by: str | None, *, descending: bool = False) -> None:
        """Sort the rows by a column or an expression; None for their own order.

        Raises
        ------
        TypeError, ValueError
            If it is neither.
        """
        if by is not None:
            self._source.sort(by)  # says what is wrong with it
        self._show(sort=None if by is None else {"by": by, "descending": bool(descending)})

    def filter(self, sql: str | None = None, /, **equal: Any) -> None:
        """Keep the rows that fulfil one condition more; see :meth:`TraceSet.filter`.

        Raises
        ------
        TypeError, ValueError
            If an expression cannot be computed, or a column is not there.
        """
        self._source.filter(sql, **equal)  # says what is wrong with it
        added: list[Look] = [] if sql is None else [{"sql": sql}]
        for column, value in equal.items():
            several = isinstance(value, list | tuple | set | frozenset)
            values = [_plain(one) for one in (value if several else [value])]
            added.append({"column": column, "values": values})
        self._show(filters=[*self._look["filters"], *added])

    def between(self, column: str, low: float | None, high: float | None) -> None:
        """Keep the rows in which a column lies between two numbers, which belong to it."""
        others = [one for one in self._look["filters"]
                  if not (one.get("column") == column and "low" in one)]  # fmt: skip
        self._show(filters=[*others, {"column": column, "low": low, "high": high}])

    def search(self, words: str) -> None:
        """Keep the rows whose text contains some words, with capitals or without."""
        self._show(search=words)

    def group(self, by: str | None) -> None:
        """Show statistics of each value of a column; None for none."""
        self._show(group=by)

    def clear(self) -> None:
        """Take back all filters, and the words looked for."""
        self._show(filters=[], search="")

    def open(self, *row: int | str | None) -> None:
        """Open the figure of a row: by its key, or its place in the table; None closes it.

        A second number is the position of a token that is to be looked at.

        Raises
        ------
        KeyError, IndexError
            If the table does not show such a row.
        """
        if not row:
            super().open()  # of all widgets: have a model in the page
            return
        wanted, *rest = row
        if isinstance(wanted, str):
            self.set.place_of(wanted)
        elif wanted is not None:
            if not -len(self.set) <= wanted < len(self.set):
                raise IndexError(f"row: {wanted} is outside of {len(self.set)}")
            wanted = self.set[[wanted]].keys[0]
        with self.hold_sync():
            self._at = (wanted, *rest) if rest and wanted is not None else None
            self.selected = wanted

    def worst(self, n: int = 10) -> Places:
        """The tokens that are furthest out in the channel, of all rows that are shown.

        As the button *Worst tokens* lists them: where a mask says which tokens count, of those.
        """
        return worst_of(self.set, self.channel, n)[0]

    def mark(self, *keys: str) -> None:
        """Mark rows."""
        for key in keys:
            if key not in self._source:
                raise KeyError(key)
        self.marked = [*dict.fromkeys([*self.marked, *keys])]

    def unmark(self, *keys: str) -> None:
        """Take marks away; of all rows, if none is named."""
        self.marked = [key for key in self.marked if keys and key not in keys]

    def note(self, key: str, text: str | None) -> None:
        """Note something of a row; an empty text takes the note away."""
        if key not in self._source:
            raise KeyError(key)
        kept = {known: said for known, said in self.notes.items() if known != key}
        self.notes = kept | ({key: text} if text else {})

    def save(self, path: str | Path) -> Path:
        """Write a page that needs no kernel, of at most 5,000 rows: the first that are shown.

        Raises
        ------
        ValueError
            If the name does not end in ``.html``. The rows themselves are saved by ``.set.save``.
        """
        if Path(path).suffix.lower() not in (".html", ".htm"):
            raise ValueError(
                f"path: a browser is saved as a page, .html, got {Path(path).name!r}; "
                "browser.set.save(folder) writes the rows"
            )
        return super().save(path)

    def _show(self, **parts: Any) -> None:
        self._look = {**self._look, **parts}

    # What crosses.

    def settable(self) -> frozenset[str]:
        """What views change, beside the looks."""
        return super().settable() | {"_look", "_at"}

    def exported(self, names: Iterable[str]) -> dict[str, Any]:
        """The state as a page has it: the rows are in it, since there is nobody to ask."""
        state: dict[str, Any] = super().exported(names)
        rows = rows_of_page(self._source, self._look, self._table, self._most)
        return state | {"_data": state["_data"] | {"rows": rows, "shown": list(self.columns)}}

    _most = MOST

    def _show_twin(self) -> None:
        self._most = _BESIDE
        try:
            super()._show_twin()
        finally:
            self._most = MOST

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        if not isinstance(content, dict) or content.get("tokenviz") != "set":
            super()._handle_custom_msg(content, buffers)
            return
        told = {"tokenviz": "set", "asked": content.get("asked")}
        try:
            answer, own = self._answers.answer(content, self.channel)
        except (TypeError, ValueError, KeyError, traitlets.TraitError, duckdb().Error) as error:
            self.send(told | {"error": str(error).strip().split("\n\n")[0][:500]})
            return
        self.send(told | answer, own)

    def _encode(self, source: Any) -> dict[str, Any]:
        return {
            "columns": self._table,
            "total": len(source),
            "joined": isinstance(source, JoinedSet),
            "same": same_in_all(self._table),
            "mask": mask_of(source),
            "rejected": _rejected(source),
            "explores": self._exploring is not None,
            "channels": [
                {"name": name, "extent": [float(values.min()), float(values.max())]}
                for name, values in self._path.channels.items()
            ],
            "ranges": {
                channel: [look["vmin"], look["vmax"]]
                for channel in self._ranges
                if (look := self._look_of(channel))["vmax"] is not None
            },
        }

    def _look_of(self, channel: str) -> dict[str, Any]:
        return look_of(self._path, channel, self._ranges)

    def _words(self, source: Any) -> dict[str, str]:
        return {"label": "Probability", "caption": ""}

    def _holds(self, cell: tuple[int, ...]) -> bool:
        return False

    @traitlets.observe("selected", "exploring", "_at")
    def _explore(self, change: Any) -> None:
        """Open the explorer of the row that is open now, or say why there is none."""
        if self._exploring is None:
            return
        if self.selected is None or not self.exploring:
            with self.hold_sync():
                self._explorer, self._told = None, ""
            self._exploring.close()
            return
        key, position = self._at or (None, None)
        if change["name"] == "_at" and key != self.selected:
            return  # the row comes with the next change
        try:
            position = position if key == self.selected else None
            explorer, told = self._exploring.explorer(self.selected, position), ""
        except (ValueError, KeyError) as error:
            explorer, told = None, str(error)
        with self.hold_sync():
            self._explorer, self._told = explorer, told

    def close(self) -> None:
        """Take the table away from every view, and the explorer in it."""
        if self._exploring is not None:
            self._exploring.close()
        super().close()

    @traitlets.validate("selected")
    def _inside(self, proposal: Any) -> Any:
        return proposal["value"]

    @traitlets.validate("columns")
    def _known_columns(self, proposal: Any) -> list[str]:
        known = self._answers.names
        for one in proposal["value"]:
            if one not in known:
                expected = ", ".join(map(repr, known))
                raise traitlets.TraitError(f"columns: expected some of {expected}, got {one!r}")
        return [*dict.fromkeys(proposal["value"])]

    @cached_property
    def _path(self) -> Trace:
        """A trace that has what any of the rows has: each channel's least and largest value."""
        channels = _extents(self._source)
        marks = {kind: _names(self._source, kind) for kind in ("flag", "category")}
        return Trace.from_columns(
            [Token(" ")],
            [0, 0],
            [0.0, 0.0],
            [0, 0, 0],
            [],
            [],
            channels=channels,
            flags={name: [False, False] for name in marks["flag"]},
            categories={name: [None, None] for name in marks["category"]},
        )

    @traitlets.default("_renderer")
    def _share_renderer(self) -> Bundle:
        return bundle("set", base="widget")

    def __repr__(self) -> str:
        return f"SetBrowser({self._source!r})"


def _rejected(source: Any) -> str | None:
    rejected = [] if isinstance(source, JoinedSet) else source.rejected
    return f"{not_read(len(rejected))}: set.rejected says which, and why." if rejected else None


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value


def _names(rows: Any, kind: str) -> list[str]:
    if isinstance(rows, JoinedSet):
        return [*dict.fromkeys([*_names(rows.a, kind), *(["flip"] if kind == "flag" else [])])]
    from tokenviz.sets.schema import kind_of

    kinds = map(kind_of, rows.columns)
    return [found[1] for found in kinds if found is not None and found[0] == kind]


def _extents(rows: Any) -> dict[str, list[float]]:
    """The channels of a set, each with its least and largest value."""
    if isinstance(rows, JoinedSet):
        return _compared(rows)
    found = {}
    for channel in rows.channels:
        ends = [f"min.{channel}", f"max.{channel}"]
        if channel in CHANNELS or not set(ends) <= {*rows.columns}:
            continue
        low, high = map(quoted, ends)
        table = rows._plan.select(
            f"min({low}) FILTER (isfinite({low})), max({high}) FILTER (isfinite({high}))"
        )
        least, most = (column[0].as_py() for column in table.columns)
        found[channel] = [0.0, 1.0] if least is None or most is None else [least, most]
    return found


def _compared(rows: JoinedSet) -> dict[str, list[float]]:
    """Those of the first comparisons, that of the change as far as any row goes."""
    found: dict[str, list[float]] = {}
    for place in range(min(_LOOKED_AT, len(rows))):
        try:
            trace = Comparison(*rows.traces(place)).to_trace()
        except ValueError:
            continue
        for name, values in trace.channels.items():
            finite = values[np.isfinite(values)]
            ends = [float(finite.min()), float(finite.max())] if finite.size else []
            known = found.get(name, [])
            found[name] = [min([*ends[:1], *known[:1]], default=0.0),
                           max([*ends[1:], *known[1:]], default=1.0)]  # fmt: skip
    largest = rows._plan.select('max("max_delta")').column(0)[0].as_py()
    if DELTA in found and largest:
        found[DELTA] = [-largest, largest]
    return found
