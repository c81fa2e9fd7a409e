"""Surveys of a score along a path, and the pieces that are chosen from them."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from tokenviz.model.attributing.methods.mesh import Planned, gauss, partial_integrals, plan
from tokenviz.model.attributing.methods.survey import START, Interval, Survey


def surveyed(curves: Any, close: float, most: int = 400) -> Survey:
    def scores(places: Any) -> Any:
        return np.stack([curve(places) for curve in curves], axis=1)

    survey = Survey(scores, scores(np.array([0.0, 1.0])))
    survey.explore(np.full(len(curves), close), most, lambda count: True)
    return survey


@pytest.mark.parametrize("count", [1, 2, 5, 15, 31])
def test_partial_integrals_are_those_of_the_polynomial(count: int) -> None:
    rng = np.random.default_rng(count)
    polynomial = Polynomial(rng.normal(size=count))
    nodes, weights = gauss(count)
    places = np.array([0.0, 0.1, 0.5, 0.77, 1.0])
    integral = polynomial.integ()
    found = partial_integrals(count, places) @ polynomial(nodes)
    np.testing.assert_allclose(found, integral(places) - integral(0), atol=1e-9)
    np.testing.assert_allclose(partial_integrals(count, np.ones(1))[0], weights, atol=1e-12)


def test_it_is_looked_where_a_score_is_not_foretold() -> None:
    def jump(s: Any) -> Any:
        return np.tanh(300 * (s - 0.3))

    line = surveyed([lambda s: 3 * s], 1e-3)
    assert len(line.places) == START + 1
    survey = surveyed([lambda s: 3 * s, jump], 1e-3)
    assert START + 1 < len(survey.places) < 80
    near = np.abs(survey.places - 0.3) < 0.03
    assert near.mean() > 0.4 and not np.any(np.diff(survey.places) <= 0)
    between = np.linspace(0, 1, 3001)
    value, slope = survey.interpolated(between)
    np.testing.assert_allclose(value[:, 1], jump(between), atol=0.02)
    np.testing.assert_allclose(value[:, 0], 3 * between, atol=1e-12)
    np.testing.assert_allclose(slope[:, 0], 3, atol=1e-9)


def test_a_score_that_moves_near_zero_is_followed_there() -> None:
    survey = surveyed([lambda s: s / np.sqrt(s**2 + 1e-20)], 1e-2)
    assert (survey.places < 1e-9).sum() > 3 and len(survey.places) < 120


def test_a_jump_is_not_looked_at_for_ever() -> None:
    survey = surveyed([lambda s: np.where(s > 1 / 3, 1.0, 0.0)], 1e-3, most=10**6)
    assert len(survey.places) < 200
    assert len(surveyed([lambda s: np.sin(5000 * s)], 1e-3, most=100).places) <= 100


def trees(one: Interval) -> Iterator[list[Interval]]:
    """Every way to divide an interval by its tree."""
    yield [one]
    if one.parts is not None:
        for left in trees(one.parts[0]):
            for right in trees(one.parts[1]):
                yield left + right


def test_the_plan_is_the_best_of_all_divisions() -> None:
    """Of those with its weight of errors against nodes, tried one by one on a small tree."""

    def curve(s: Any) -> Any:
        return np.tanh(9 * (s - 0.4)) + 0.2 * np.sin(17 * s)

    def scores(places: Any) -> Any:
        return curve(places)[:, None]

    survey = Survey(scores, scores(np.array([0.0, 1.0])))
    inner = [survey.whole]
    for _ in range(3):
        survey.look([one.middle for one in inner])
        inner = [part for one in inner for part in one.cut()]
    survey.look(np.linspace(0, 1, 65).tolist())
    allowed = np.array([0.05])
    (chosen,) = plan(survey, allowed)
    assert chosen[0].low == 0 and chosen[-1].high == 1
    assert all(a.high == b.low for a, b in pairwise(chosen))
    nodes = sum(piece.nodes for piece in chosen)
    assert squares(survey, chosen) <= 0.05**2
    fewest = min(
        (fewest_nodes(survey, division, 0.05) for division in trees(survey.whole)),
        default=0,
    )
    assert fewest <= nodes <= fewest + 2  # between two weights there may be one a little better


def fewest_nodes(survey: Survey, division: list[Interval], allowed: float) -> float:
    """The least with which a division is good enough, or infinity; counts grow greedily."""
    counts = [2] * len(division)
    sizes = (2, 3, 4, 5, 7, 10, 15)
    while True:
        pieces = [Planned(one.low, one.high, c) for one, c in zip(division, counts, strict=True)]
        off = [squares(survey, [piece]) for piece in pieces]
        if sum(off) <= allowed**2:
            return sum(counts)
        growing = [k for k, count in enumerate(counts) if count < sizes[-1]]
        if not growing:
            return np.inf
        worst = max(growing, key=lambda k: off[k])
        counts[worst] = sizes[sizes.index(counts[worst]) + 1]


def squares(survey: Survey, pieces: list[Planned]) -> float:
    """Of the largest errors on the way, by sums over a fine grid of each polynomial."""
    total = 0.0
    for low, high, count in pieces:
        nodes, _ = gauss(count)
        _, slopes = survey.interpolated(low + (high - low) * nodes)
        polynomial = Polynomial.fit(nodes, slopes[:, 0], count - 1).integ()
        checks = np.arange(1, 17) / 16
        there, _ = survey.interpolated(low + (high - low) * checks)
        change = there[:, 0] - survey.at(low)[0]
        integral = (high - low) * (polynomial(checks) - polynomial(0))
        total += float(np.abs(integral - change).max()) ** 2
    return total


def test_scores_that_are_not_numbers_end_in_some_plan() -> None:
    survey = surveyed([lambda s: np.full_like(s, np.nan), lambda s: s], 1e-3)
    of_nan, of_line = plan(survey, np.array([1e-3, 1e-3]))
    assert of_line == [Planned(0.0, 1.0, 2)] and sum(piece.nodes for piece in of_nan) < 100
