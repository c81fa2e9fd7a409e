"""What a trace's marks mean, as its caption says it: in pictures, in tables, and in the browser."""

from __future__ import annotations

from typing import Any

import numpy as np

from tokenviz.color.numbers import scientific, written
from tokenviz.data.marks import marked_by
from tokenviz.data.summary import Summary
from tokenviz.data.thresholds import beyond_threshold
from tokenviz.data.trace import Trace
from tokenviz.export.pairs import PAIRS, pair_writer

__all__ = ["FLAG_SIGNS", "legend"]

FLAG_SIGNS = {True: "○", False: "▨"}
"""What says in text that a flag dims or stripes a token."""


def legend(source: Trace, options: Any, *, signs: bool = False) -> list[str]:
    """What there is beside the colours: other numbers, a flag, bands, a threshold, a span.

    Parameters
    ----------
    signs
        Whether what is no colour is said by signs, as a table does.
    """
    lines = []
    # Running text has no numbers in it.
    numbers = getattr(options, "show_values", True)
    numbers = numbers and getattr(options, "arrangement", "grid") == "grid"
    if numbers and pair_writer(source, options) is not None:
        lines.append(f"in the cells: {PAIRS[options.pair][0]}, a over b")
    elif numbers and options.written not in (None, options.channel):
        lines.append(f"written: {options.written}")
    marked = marked_by(source.flags, options.flag)
    if marked is not None:
        lines.append(f"{FLAG_SIGNS[marked.dims]} " * signs + marked.legend)
    if options.category is not None and any(source.categories.get(options.category, ())):
        lines.append(f"bands: {options.category}")
    if options.threshold is not None:
        beyond = beyond_threshold(source, options.channel, options.threshold, options.beyond)
        lines.append(beyond.legend)
    if options.span is not None:
        lines.append(_spanned(source.summary(*options.span)) + _in_other(source, options))
    if getattr(options, "joined", None) is not None:
        lines.append(
            "without numbers: part of the span before" if signs else "joined: one span of the text"
        )
    return lines


def _spanned(summary: Summary) -> str:
    """The sum of a span, its positions counted from 1 as in the figure."""
    tokens = f"tokens {summary.start + 1} to {summary.stop}"
    if summary.known == 0:
        return f"{tokens}: log-probability unknown"
    counted = f" ({summary.known} of {summary.tokens} known)" * (summary.known < summary.tokens)
    logprob = f"{written(summary.logprob, 4)} nats{counted}"
    return f"{tokens}: log-probability {logprob}, probability {_significant(summary.probability)}"


def _in_other(source: Trace, options: Any) -> str:
    """What a span's tokens come to in the other of a comparison, as ``js/compare/drawing.ts``.

    "" where they cut what belongs together, or one of them is not known, or there is no other.
    """
    channels = getattr(options, "paired", ())
    if not channels:
        return ""
    start, stop = options.span
    joined = getattr(options, "joined", None)
    goes_on = np.zeros(len(source) + 1, bool)
    if joined is not None:
        goes_on[:-1] = joined
    values = source.channels[channels[1]][start:stop][~goes_on[start:stop]].astype(np.float64)
    if goes_on[start] or goes_on[stop] or np.isnan(values).any():
        return ""
    return f", in b {written(float(values.sum()), 4)} nats"


def _significant(value: float) -> str:
    """Four significant digits, as the browser writes them."""
    if value == 0:
        return "0"
    text = scientific(value, 3)
    exponent = int(text.partition("e")[2].replace("−", "-"))
    return written(value, 3 - exponent) if exponent >= -6 else text
