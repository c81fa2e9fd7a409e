"""The most probable token at each position, and where two traces of the same tokens change it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tokenviz.data.trace import Trace

__all__ = ["changed_choices", "choices"]

_UNKNOWN = -1


def choices(trace: Trace) -> npt.NDArray[np.int64]:
    """The most probable token at each position, as its place in the vocabulary, ``[n]``.

    −1 where it is not known: nothing is listed of which the chosen token's rank or probability
    would tell. Of tokens that are equally probable, the chosen one.
    """
    counts = np.diff(trace.offsets.astype(np.int64))
    first = trace.offsets[:-1].astype(np.int64)[counts > 0]
    listed = np.full(len(trace), _UNKNOWN, np.int64)
    best = np.full(len(trace), np.nan)
    listed[counts > 0] = trace.alternative_index[first]
    best[counts > 0] = trace.alternative_logprobs[first]
    own = trace.index.astype(np.int64)
    with np.errstate(invalid="ignore"):
        is_own = (trace.ranks == 1) | ((trace.ranks == 0) & (trace.logprobs >= best))
        is_other = (trace.ranks > 1) | ((trace.ranks == 0) & (trace.logprobs < best))
    return np.select([is_own, is_other], [own, listed], _UNKNOWN)


def changed_choices(a: Trace, b: Trace) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where the most probable token changes between two traces of the same tokens.

    Returns
    -------
    changed
        Whether it does, ``[n]``; False where it is not known.
    known
        Where it is known, ``[n]``.
    """
    here, there = choices(a), choices(b)
    # The chosen token is the same in both: where one has it first and the other has not, that
    # much is known even where nothing else is listed.
    firsts = [(t.ranks == 1) & ~t.ranks_at_least for t in (a, b)]
    behind = [t.ranks > 1 for t in (a, b)]
    changed = (firsts[0] & behind[1]) | (firsts[1] & behind[0])
    known = changed | (firsts[0] & firsts[1])
    open_ = np.flatnonzero(~known & (here != _UNKNOWN) & (there != _UNKNOWN))
    # Few pairs of tokens are distinct.
    pairs, place = np.unique(np.stack([here[open_], there[open_]], 1), axis=0, return_inverse=True)
    differs, told = np.zeros(len(pairs), bool), np.zeros(len(pairs), bool)
    for i, (one, other) in enumerate(pairs):
        x, y = a.vocabulary[one], b.vocabulary[other]
        differs[i] = not x.is_same(y)
        told[i] = (x.id is not None and y.id is not None) or not (x.unknown or y.unknown)
    place = place.reshape(-1)
    changed[open_], known[open_] = (differs & told)[place], told[place]
    return changed, known
