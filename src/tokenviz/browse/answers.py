"""What a table of a set asks the kernel, and the answers; each is small.

A question is ``{"tokenviz": "set", "asked": number, "what": …}``, its answer has the same number;
the browser keeps one of each kind on its way, and of those that wait only the last.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tokenviz.browse.columns import cells
from tokenviz.browse.look import Look, apply, check_look, key_of
from tokenviz.browse.opened import opened, wire
from tokenviz.browse.spots import spot_columns, spots
from tokenviz.browse.strips import strip_column, strips
from tokenviz.browse.words import found
from tokenviz.browse.worst import MOST_PLACES, worst_of
from tokenviz.widget.messages import whole_numbers
from tokenviz.wire import memory

__all__ = ["BINS", "MOST_ROWS", "Answers"]

BINS = 24
"""Bars of a histogram in a column's head."""
MOST_ROWS = 128
"""Rows of a page."""

_PROMPT = "prompt_text"
_ROOM = 100_000  # bytes of a page's texts
_LONGEST, _SHORTEST = 120, 8  # characters of a cell
_LONGEST_SAVED = 1000
_VALUES = 60
"""Values of a column that can be chosen among."""
_GROUPS = 200
_KEPT = 4  # looks whose order is known


class Answers:
    """Answers about the rows of one set.

    Parameters
    ----------
    rows
        The set, or the joined one.
    columns
        As :func:`tokenviz.browse.columns.table_columns` gives them.
    """

    def __init__(self, rows: Any, columns: list[dict[str, str]]) -> None:
        self._rows = rows
        self._columns = {one["name"]: one for one in columns}
        self._looks: OrderedDict[str, Any] = OrderedDict()
        self._whole: dict[str, dict[str, Any]] = {}

    @property
    def names(self) -> list[str]:
        """Of the columns."""
        return list(self._columns)

    def shown(self, look: Look) -> Any:
        """The rows that a look shows, in its order."""
        key = key_of(look)
        if key not in self._looks:
            self._looks[key] = apply(look, self._rows)
            while len(self._looks) > _KEPT:
                self._looks.popitem(last=False)
        self._looks.move_to_end(key)
        return self._looks[key]

    def answer(self, asked: Mapping[str, Any], channel: str) -> tuple[dict[str, Any], list[Any]]:
        """The answer to a question, and the buffers beside it.

        Raises
        ------
        ValueError
            If it asks for something that is not there.
        """
        kinds: dict[str, Callable[..., tuple[dict[str, Any], list[Any]]]] = {
            "rows": self._page, "heads": self._heads, "values": self._distinct,
            "groups": self._groups, "open": self._open, "place": self._place,
            "worst": self._worst, "some": self._some,
        }  # fmt: skip
        kind = kinds.get(str(asked.get("what")))
        if kind is None:
            raise ValueError(f"what: expected one of {', '.join(kinds)}")
        look = check_look(asked.get("look"), self.names)
        return kind(asked, look, channel)

    def _page(self, asked: Mapping[str, Any], look: Look, channel: str) -> Any:
        start, count = whole_numbers(asked, "start", "count")
        count = min(count, MOST_ROWS)
        names = self._asked_columns(asked)
        shown = self.shown(look)
        total = len(shown)
        # Together: of a sorted set each row is in another group of a file.
        colored = strip_column(shown, channel)
        wanted = ["key", "text", *names, *spot_columns(shown, names), *filter(None, [colored])]
        if look["search"] and _PROMPT in shown.columns:
            wanted.append(_PROMPT)
        table = shown.queries.page(start, count, [*dict.fromkeys(wanted)])
        room = _ROOM // max(1, table.num_rows * (len(names) + 1)) // 4  # bytes of a character
        longest = max(_SHORTEST, min(_LONGEST, room))
        own = strips(shown, start, count, channel, table)
        lengths = [len(one) for one in own]
        content = np.concatenate(own) if own else np.zeros(0, np.float16)
        prompts = (
            table.column(_PROMPT).to_pylist() if _PROMPT in wanted else [None] * table.num_rows
        )
        texts = [
            found(text, look["search"], prompt)
            for text, prompt in zip(table.column("text").to_pylist(), prompts, strict=True)
        ]
        answer = {
            "start": start,
            "total": total,
            "channel": channel,
            "key": table.column("key").to_pylist(),
            "text": cells(texts, longest),
            "columns": {one: cells(table.column(one).to_pylist(), longest) for one in names},
            "lengths": lengths,
            "spots": spots(shown, start, count, names, room, table),
        }
        return answer, [memory(content.astype("<f2"))]

    def _some(self, asked: Mapping[str, Any], look: Look, channel: str) -> Any:
        """Columns of rows, and nothing else."""
        start, count = whole_numbers(asked, "start", "count")
        names = self._asked_columns(asked)
        table = self.shown(look).queries.page(start, min(count, MOST_ROWS), ["key", *names])
        room = _ROOM // max(1, table.num_rows * len(names)) // 4
        longest = max(_SHORTEST, min(_LONGEST_SAVED, room))
        return {
            "key": table.column("key").to_pylist(),
            "columns": {one: cells(table.column(one).to_pylist(), longest) for one in names},
        }, []

    def _worst(self, asked: Mapping[str, Any], look: Look, channel: str) -> Any:
        """The tokens of the rows shown that are furthest out in the channel."""
        (count,) = whole_numbers(asked, "count")
        shown = self.shown(look)
        found, mask = worst_of(shown, channel, max(1, min(count, MOST_PLACES)))
        return {
            "channel": found.channel,
            "mask": mask,
            "places": [
                {"key": one.key, "position": one.position, "value": cells([one.value], 0)[0],
                 "around": [one.before, one.token[:_LONGEST], one.after]}
                for one in found
            ],
        }, []  # fmt: skip

    def _heads(self, asked: Mapping[str, Any], look: Look, channel: str) -> Any:
        """Histograms of columns of numbers: of all rows and, over the same bins, of those shown."""
        whole = {}
        now = {}
        plain = not look["filters"] and not look["search"]
        shown = self.shown({**look, "sort": None})
        for column in self._asked_columns(asked):
            if self._columns[column]["kind"] != "number":
                continue
            if column not in self._whole:
                found = self._rows.queries.histogram(column, BINS)
                self._whole[column] = {
                    "low": float(found.edges[0]),
                    "high": float(found.edges[-1]),
                    "counts": found.counts.tolist(),
                    "missing": int(found.missing),
                }
            whole[column] = known = self._whole[column]
            if not plain:
                ends = known["low"], known["high"]
                now[column] = shown.queries.histogram(column, BINS, between=ends).counts.tolist()
        return {"whole": whole, "now": now}, []

    def _distinct(self, asked: Mapping[str, Any], look: Look, channel: str) -> Any:
        column = self._asked_column(asked)
        found = self._rows.queries.distinct(column, _VALUES)
        values = cells([value for value, _ in found], 10_000)
        return {"column": column, "values": [*zip(values, (n for _, n in found), strict=True)]}, []

    def _groups(self, asked: Mapping[str, Any], look: Look, channel: str) -> Any:
        by = self._asked_column(asked)
        names = [one for one in self._asked_columns(asked)
                 if self._columns[one]["kind"] == "number" and one != by]  # fmt: skip
        table = self.shown({**look, "sort": None}).queries.groups(by, names)
        first = table.slice(0, _GROUPS)
        return {
            "by": by,
            "total": table.num_rows,
            "value": cells(first.column("value").to_pylist(), _LONGEST),
            "n": first.column("n").to_pylist(),
            "columns": {
                one: [
                    cells(first.column(f"{of}({one})").to_pylist(), _LONGEST)
                    for of in ("mean", "min", "max")
                ]
                for one in names
            },
        }, []

    def _open(self, asked: Mapping[str, Any], look: Look, channel: str) -> Any:
        from ipywidgets.widgets.widget import _remove_buffers

        shown = self.shown(look)
        place = self._place_of(asked, shown)
        if place is None:
            return {"place": None}, []
        state, paths, buffers = _remove_buffers(wire(opened(shown, place)))
        key = shown.queries.page(place, 1, ["key"]).column("key")[0].as_py()
        return {"place": place, "key": key, "state": state, "paths": paths}, buffers

    def _place(self, asked: Mapping[str, Any], look: Look, channel: str) -> Any:
        return {"place": self._place_of(asked, self.shown(look))}, []

    @staticmethod
    def _place_of(asked: Mapping[str, Any], shown: Any) -> int | None:
        if asked.get("key") is not None:
            if not isinstance(asked["key"], str):
                raise ValueError("key: expected a text")
            place: int | None = shown.queries.place_of(asked["key"])
            return place
        (place,) = whole_numbers(asked, "place")
        return place if place < len(shown) else None

    def _asked_columns(self, asked: Mapping[str, Any]) -> list[str]:
        names = asked.get("columns")
        if not isinstance(names, list) or not set(map(str, names)) <= self._columns.keys():
            raise ValueError(f"columns: expected some of the table's, got {names!r:.200}")
        return names

    def _asked_column(self, asked: Mapping[str, Any]) -> str:
        column = asked.get("column")
        if not isinstance(column, str) or column not in self._columns:
            raise ValueError(f"column: expected one of the table's, got {column!r:.200}")
        return column
