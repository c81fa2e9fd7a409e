"""The places where a comparison is furthest apart, as a plain HTML table.

What is read where no script runs; see :mod:`tokenviz.export.table`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from tokenviz.color.numbers import significant
from tokenviz.data.comparison import FLIP, furthest
from tokenviz.data.tokens import labels
from tokenviz.data.trace import Trace
from tokenviz.export.table import _CELL, _NUMBER, _PADDING, _TR, _header, _table

__all__ = ["places_table"]


def places_table(trace: Trace, compared: Mapping[str, Any], by: str | None, count: int) -> str:
    """The table; "" where no place is to be listed.

    Parameters
    ----------
    trace
        What :meth:`Comparison.to_trace` gives.
    compared
        What the figure knows besides (:mod:`tokenviz.widget.compared`), its spans as an array.
    by, count
        The figure's traits ``places_by`` and ``places``.
    """
    by = by or compared["best"]
    channels = {each["name"]: each["channel"] for each in compared["measures"]}
    spans = compared["spans"]
    if spans is None:
        spans = np.stack([np.arange(len(trace)), np.arange(len(trace)) + 1], 1)
    starts = spans[:, 0].astype(np.int64)
    measured = trace.channels[channels["delta" if by == FLIP else by]][starts]
    only = trace.flags[FLIP][starts] if by == FLIP else None
    order = furthest(measured, count, ratio=by == "ratio", only=only)
    if not len(order):
        return ""
    both = [
        np.exp(np.minimum(trace.logprobs if name is None else trace.channels[name], 0))
        for name in compared["logprobs"]
    ]
    numbers = {"p in a": both[0], "p in b": both[1]}
    numbers |= {name: trace.channels[name] for key, name in channels.items() if key != "ratio"}
    heads = ["token", *numbers, *([FLIP] * bool(compared["flips"]))]
    lines = [_TR, *(_header(head, "col") for head in heads), "</tr>"]
    for start, stop in spans[order].tolist():
        text = "".join(_labels(trace, start, stop))
        lines += [_TR, _header(f"{start + 1}  {text}", "row")]
        lines += [_number(values[start]) for values in numbers.values()]
        if compared["flips"]:
            said = "yes" if trace.flags[FLIP][start] else "no"
            lines.append(f'<td style="{_CELL};background:none">{said}</td>')
        lines.append("</tr>")
    shown = FLIP if by == FLIP else channels[by]
    heading = f"<strong>Places furthest apart</strong> &nbsp;by {escape(shown)}"
    return _table(heading, lines, "", 110 * len(heads), _PADDING)


def _labels(trace: Trace, start: int, stop: int) -> Sequence[str]:
    return labels([trace.vocabulary[i] for i in trace.index[start:stop]])


def _number(value: float) -> str:
    # An ASCII minus, so that a copied cell pastes as a number.
    text = "–" if value != value else significant(float(value), 3).replace("−", "-")
    return f'<td style="{_NUMBER};background:none">{text}</td>'
