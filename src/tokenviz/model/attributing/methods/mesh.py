"""Which pieces a path is integrated in, and with how many Gauss–Legendre nodes each.

From a survey of the score it is foretold how far an integral over any of its intervals would be
off, all the way from the interval's one end to the other: at its end alone it may be right by
chance. Of all ways to divide the tree of intervals the one with fewest nodes is taken whose errors,
with signs by chance, are small enough.

Source: Breiman et al. 1984, "Classification and regression trees" (pruning by cost and complexity).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from tokenviz.model.attributing.methods.survey import Array, Interval, Survey

__all__ = ["Planned", "gauss", "partial_integrals", "plan"]

_COUNTS = (2, 3, 4, 5, 7, 10, 15)
_CHECKS = np.arange(1, 17) / 16  # places of an interval where its integral is looked at
_WEIGHTS = 10.0 ** np.arange(-1.5, 8, 0.25)  # of squared errors against nodes


class Planned(NamedTuple):
    """A piece, and how many nodes it is integrated with."""

    low: float
    high: float
    nodes: int


@cache
def gauss(count: int) -> tuple[Array, Array]:
    """Gauss–Legendre nodes and weights on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


def partial_integrals(count: int, places: Array) -> Array:
    """From values at the nodes to the integrals from 0 to places in [0, 1], ``[places, count]``.

    Of the polynomial through the values; up to 1 it is the rule itself.
    """
    nodes, weights = gauss(count)
    degrees = np.arange(count)
    of_nodes = np.polynomial.legendre.legvander(2 * nodes - 1, count - 1)
    coefficients = ((2 * degrees + 1) * weights[:, None] * of_nodes).T
    t = 2 * places - 1
    at = np.polynomial.legendre.legvander(t, count)
    integrals = np.empty((len(places), count))
    integrals[:, 0] = (t + 1) / 2
    for k in range(1, count):  # an integral of P_k is (P_{k+1} − P_{k−1}) / (2 k + 1)
        integrals[:, k] = (at[:, k + 1] - at[:, k - 1]) / (2 * k + 1) / 2
    result: Array = integrals @ coefficients
    return result


def plan(survey: Survey, allowed: Array) -> list[list[Planned]]:
    """For each target the pieces from 0 to 1.

    Parameters
    ----------
    survey
        Of the score.
    allowed
        For each target, the most that the root of the sum of squared errors may be, ``[m]``.
    """
    intervals = _parts_first(survey.whole)
    number = {id(one): k for k, one in enumerate(intervals)}
    parts = [one.parts and tuple(number[id(part)] for part in one.parts) for one in intervals]
    errors = np.square(_foretold_errors(survey, intervals) / allowed)  # [counts, intervals, m]
    counts = np.array(_COUNTS)[:, None, None]
    m = len(allowed)
    chosen: list[list[Planned]] = [[] for _ in range(m)]
    open_ = np.ones(m, dtype=bool)
    for weight in _WEIGHTS:
        costs = counts + weight * errors
        own = costs.argmin(0)  # [intervals, m]
        cost = costs.min(0)
        squares = np.take_along_axis(errors, own[None], 0)[0]
        is_cut = np.zeros_like(own, dtype=bool)
        for k, pair in enumerate(parts):
            if pair is not None:
                apart = cost[pair[0]] + cost[pair[1]]
                is_cut[k] = apart < cost[k]
                cost[k] = np.minimum(cost[k], apart)
                squares[k] = np.where(is_cut[k], squares[pair[0]] + squares[pair[1]], squares[k])
        # What is not small enough at the largest weight is as small as these intervals allow.
        done = open_ & ((squares[-1] <= 1) | (weight == _WEIGHTS[-1]))
        for target in done.nonzero()[0].tolist():
            waiting = [len(intervals) - 1]
            while waiting:
                k = waiting.pop()
                pair = parts[k]
                if pair is not None and is_cut[k, target]:
                    waiting += reversed(pair)
                else:
                    one = intervals[k]
                    chosen[target].append(Planned(one.low, one.high, _COUNTS[own[k, target]]))
        open_ &= ~done
    return chosen


def _parts_first(whole: Interval) -> list[Interval]:
    """All intervals of a tree, each after its parts."""
    found, waiting = [], [whole]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += one.parts or ()
    return found[::-1]


def _foretold_errors(survey: Survey, intervals: list[Interval]) -> Array:
    """How far integrals of each interval would be off on the way, ``[counts, intervals, m]``."""
    low = np.array([one.low for one in intervals])[:, None]
    width = np.array([one.high for one in intervals])[:, None] - low
    there, _ = survey.interpolated(low + width * _CHECKS)
    change = there - survey.at(low)
    errors = []
    for count in _COUNTS:
        _, slopes = survey.interpolated(low + width * gauss(count)[0])
        integrals = np.einsum("ck,ikm->icm", partial_integrals(count, _CHECKS), slopes)
        errors.append(np.abs(width[..., None] * integrals - change).max(1))
    return np.stack(errors)
