"""What of a set is on show: words looked for, filters, an order, a column to group by.

A *look* is plain JSON, because it is a trait: ``{"search": "", "filters": [], "sort": None,
"group": None}``. A filter is a range of a column (either end may be None), values of it, or an
expression of SQL. Paired with ``js/set/look.ts``, which does the same to rows that a page holds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from tokenviz.sets.sql import name, text
from tokenviz.sets.view import View

__all__ = ["START", "Look", "apply", "check_look", "key_of"]

Look = dict[str, Any]

START: Look = {"search": "", "filters": [], "sort": None, "group": None}
"""All rows, in their own order."""

_MOST_FILTERS = 50
_LONGEST = 10_000


def check_look(look: Any, columns: Sequence[str]) -> Look:
    """A look that names nothing but columns that are there.

    Raises
    ------
    ValueError
        Naming what is wrong.
    """
    if not isinstance(look, dict) or not look.keys() <= START.keys():
        raise ValueError(f"look: expected {sorted(START)}, got {look!r:.200}")
    look = START | look
    search, filters, sort, group = (look[part] for part in START)
    if not isinstance(search, str) or len(search) > _LONGEST:
        raise ValueError(f"search: expected a text, got {search!r:.200}")
    if not isinstance(filters, list | tuple) or len(filters) > _MOST_FILTERS:
        raise ValueError(f"filters: expected a list of at most {_MOST_FILTERS}")
    if sort is not None:
        if not isinstance(sort, dict) or sort.keys() != {"by", "descending"}:
            raise ValueError(f"sort: expected by and descending, got {sort!r:.200}")
        if not isinstance(sort["by"], str) or len(sort["by"]) > _LONGEST:
            raise ValueError(f"sort: expected a column, got {sort['by']!r:.200}")
        sort = {"by": sort["by"], "descending": bool(sort["descending"])}
    if group is not None and group not in columns:
        raise ValueError(f"group: there is no column {group!r:.200}")
    return {
        "search": search,
        "filters": [_checked_filter(one, columns) for one in filters],
        "sort": sort,
        "group": group,
    }


def _checked_filter(one: Any, columns: Sequence[str]) -> Look:
    if not isinstance(one, dict):
        raise ValueError(f"filters: expected a dict each, got {one!r:.200}")
    if one.keys() == {"sql"}:
        if not isinstance(one["sql"], str) or not 0 < len(one["sql"]) <= _LONGEST:
            raise ValueError("filters: expected an expression of SQL")
        return {"sql": one["sql"]}
    column = one.get("column")
    if column != "key" and column not in columns:
        raise ValueError(f"filters: there is no column {column!r:.200}")
    if one.keys() == {"column", "values"}:
        values = one["values"]
        if not isinstance(values, list | tuple) or not all(map(_is_plain, values)):
            raise ValueError(f"filters: expected values of {column!r}, got {values!r:.200}")
        return {"column": column, "values": list(values)}
    if one.keys() == {"column", "low", "high"}:
        ends = [one["low"], one["high"]]
        for end in ends:
            if end is not None and not (_is_number(end) and math.isfinite(end)):
                raise ValueError(f"filters: expected numbers for {column!r}, got {end!r:.200}")
        return {"column": column, "low": ends[0], "high": ends[1]}
    raise ValueError(f"filters: expected values, or low and high, got {sorted(one)!r:.200}")


def apply(look: Look, rows: Any, *, only_sql: bool = False) -> Any:
    """The rows of a set that a look shows, in its order.

    Parameters
    ----------
    look
        As :func:`check_look` gives it.
    rows
        A set, or a joined one.
    only_sql
        Whether to take nothing of it but what a page could not do: expressions of SQL.
    """
    shown: View[Any] = rows
    for one in look["filters"]:
        if "sql" in one:
            shown = shown.filter(one["sql"])
        elif only_sql:
            continue
        elif "values" in one:
            shown = _among(shown, one["column"], one["values"])
        else:
            ends = ((">=", one["low"]), ("<=", one["high"]))
            for sign, end in ends:
                if end is not None:
                    shown = shown.filter(f"{name(one['column'])} {sign} {float(end)!r}::DOUBLE")
    if only_sql:
        return shown
    if look["search"]:
        shown = shown.search(look["search"])
    if look["sort"] is not None:
        shown = shown.sort(look["sort"]["by"], descending=look["sort"]["descending"])
    return shown


def _among(rows: View[Any], column: str, values: list[Any]) -> View[Any]:
    """Rows with one of some values; None among them means rows that have none."""
    known = ", ".join(_literal(value) for value in values if value is not None)
    said = [f"{name(column)} IN ({known})"] * bool(known)
    said += [f"{name(column)} IS NULL"] * (None in values)
    return rows.filter(" OR ".join(said) or "false")


def _literal(value: Any) -> str:
    return text(value) if isinstance(value, str) else repr(value).lower()


def key_of(look: Look) -> str:
    """What tells looks apart whose rows, or their order, may differ."""
    return json.dumps([look["search"], look["filters"], look["sort"]])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_plain(value: Any) -> bool:
    return value is None or (isinstance(value, str | int | float) and len(str(value)) <= _LONGEST)
