"""Stretches of traces put end to end: by columns, so that it costs little where texts are long.

The path of a branch is one such text, all branches of a tree are another. Tokens are numbered anew:
each distinct one that is used has one number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace

__all__ = ["Stretch", "columns", "cut", "joined", "number", "whole_of"]

Column = npt.NDArray[Any]


class Stretch(NamedTuple):
    """The positions ``start`` to ``stop − 1`` of a trace."""

    trace: Trace
    start: int
    stop: int


def whole_of(trace: Trace) -> Stretch:
    """All positions of a trace."""
    return Stretch(trace, 0, len(trace))


def joined(stretches: Sequence[Stretch], begun: Trace) -> Trace:
    """Stretches of traces as one trace.

    Parameters
    ----------
    stretches
        At least one; some may be empty.
    begun
        A trace without tokens, whose prompt comes before them.

    Returns
    -------
    Trace
        What the traces know of each position. The channels are those of any of them, NaN where a
        trace lacks one; so with flags, False there, and categories, None. Of the notes, later ones
        of the same word replace earlier ones; the model and the source are the last that are known;
        ``partial``, ``distribution`` and ``temperature`` are the last trace's.
    """
    last = stretches[-1].trace
    numbers: dict[Token, int] = {}
    merged = columns(stretches, numbers)
    models = [s.trace.model for s in stretches if s.trace.model is not None]
    sources = [s.trace.source for s in stretches if s.trace.source is not None]
    return Trace.from_columns(
        list(numbers),
        **merged,
        channels=_channels(stretches),
        prompt=begun.prompt,
        prompt_roles=begun.prompt_roles,
        prompt_turns=begun.prompt_turns,
        distribution=last.distribution,
        model=models[-1] if models else None,
        partial=last.partial,
        notes={word: note for stretch in stretches for word, note in stretch.trace.notes},
        source=sources[-1] if sources else None,
        temperature=last.temperature,
        ranks_at_least=_end_to_end(stretches, lambda trace: trace.ranks_at_least),
        entropies_at_least=_end_to_end(stretches, lambda trace: trace.entropies_at_least),
        flags={
            name: _end_to_end(stretches, partial(_flag, name))
            for name in _names(stretches, lambda trace: trace.flags)
        },
        categories={
            name: [
                word
                for trace, start, stop in stretches
                for word in trace.categories.get(name, (None,) * len(trace))[start:stop]
            ]
            for name in _names(stretches, lambda trace: trace.categories)
        },
    )


def _flag(name: str, trace: Trace) -> npt.NDArray[np.bool_] | None:
    return trace.flags.get(name)


def _names(
    stretches: Sequence[Stretch], of: Callable[[Trace], Mapping[str, Any]]
) -> dict[str, None]:
    """All names that traces give to columns of a kind, in the order of their first use."""
    return dict.fromkeys(name for stretch in stretches for name in of(stretch.trace))


def _end_to_end(
    stretches: Sequence[Stretch], of: Callable[[Trace], npt.NDArray[np.bool_] | None]
) -> npt.NDArray[np.bool_]:
    """A column of yes and no; no where a trace lacks it."""
    pieces = [np.zeros(0, np.bool_)]
    for trace, start, stop in stretches:
        values = of(trace)
        pieces.append(np.zeros(stop - start, np.bool_) if values is None else values[start:stop])
    return np.concatenate(pieces)


def columns(stretches: Sequence[Stretch], numbers: dict[Token, int]) -> dict[str, Any]:
    """The columns of stretches end to end, by the names that ``Trace.from_columns`` has for them.

    Parameters
    ----------
    stretches
        Any number of them.
    numbers
        The numbers of tokens; new ones are added.
    """
    pieces = [_numbered(stretch, numbers) for stretch in stretches]
    out = {
        name: np.concatenate([np.zeros(0, dtype), *(piece[name] for piece in pieces)])
        for name, dtype in _DTYPES.items()
    }
    counts = out.pop("counts")
    return out | {"offsets": np.concatenate([[0], np.cumsum(counts)])}


_DTYPES: dict[str, type[np.generic]] = {
    "index": np.uint32,
    "logprobs": np.float32,
    "counts": np.int64,
    "alternative_index": np.uint32,
    "alternative_logprobs": np.float32,
    "ranks": np.int32,
    "entropies": np.float32,
}


def number(tokens: Iterable[Token], numbers: dict[Token, int]) -> list[int]:
    """The number of each token, new or not."""
    return [numbers.setdefault(token, len(numbers)) for token in tokens]


def cut(stretch: Stretch) -> tuple[list[Token], dict[str, Any]]:
    """The tokens that a stretch uses, and its columns, which point into them."""
    used, own = _alone(stretch)
    counts = own.pop("counts")
    return used, own | {"offsets": np.concatenate([[0], np.cumsum(counts)])}


def _numbered(stretch: Stretch, numbers: dict[Token, int]) -> dict[str, Column]:
    """The columns of one stretch, with the tokens' numbers in ``numbers``."""
    used, own = _alone(stretch)
    new = np.array(number(used, numbers), np.uint32)
    return own | {name: new[own[name]] for name in ("index", "alternative_index")}


def _alone(stretch: Stretch) -> tuple[list[Token], dict[str, Column]]:
    """The tokens that a stretch uses, and its columns by their places in these."""
    trace, start, stop = stretch
    here = slice(start, stop)
    offsets = trace.offsets[start : stop + 1].astype(np.int64)
    there = slice(int(offsets[0]), int(offsets[-1]))
    index = np.concatenate([trace.index[here], trace.alternative_index[there]])
    used, index = np.unique(index, return_inverse=True)
    return [trace.vocabulary[i] for i in used], {
        "index": index[: stop - start],
        "logprobs": trace.logprobs[here],
        "counts": np.diff(offsets),
        "alternative_index": index[stop - start :],
        "alternative_logprobs": trace.alternative_logprobs[there],
        "ranks": trace.ranks[here],
        "entropies": trace.entropies[here],
    }


def _channels(stretches: Sequence[Stretch]) -> dict[str, Column]:
    names = dict.fromkeys(name for stretch in stretches for name in stretch.trace.channels)
    return {
        name: np.concatenate([_channel(stretch, name) for stretch in stretches]) for name in names
    }


def _channel(stretch: Stretch, name: str) -> Column:
    trace, start, stop = stretch
    if name not in trace.channels:
        return np.full(stop - start, np.nan, np.float32)
    return trace.channels[name][start:stop]
