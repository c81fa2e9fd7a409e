"""A call ends when its time is over, with what it has: right as far as it goes, and said.

The clock is exchanged for one that goes a second for each token position, so that the same work
takes the same time on any machine.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tokenviz
from tests.model.decoders import decoder_lm
from tokenviz.data.attribution import Attribution
from tokenviz.model.attributing.engine import choosing, work
from tokenviz.model.attributing.engine.work import Work
from tokenviz.wire import attribution_facts

PROMPT = [60, 7, 130, 200, 201]
LONG = [60, 7, 130, 200, 201, 3, 44, 91, 17, 260, 33, 12]  # too many for all coalitions
CASE: dict[str, Any] = {"targets": [[5, 6, 7], 9, [9, 10]]}
NAMES = ["llama", "gemma2"]  # the second by its own forward


@pytest.fixture(autouse=True)
def one_second_per_position(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, advance = [0.0], Work.advance

    def counted(self: Work, positions: int) -> None:
        seconds[0] += positions
        advance(self, positions)

    monkeypatch.setattr(Work, "advance", counted)
    monkeypatch.setattr(work, "perf_counter", lambda: seconds[0])
    monkeypatch.setattr(choosing, "_ROWS", {"cpu": 1})  # one item at a time


def attribute(lm: Any, prompt: list[int], **options: Any) -> Attribution:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Attribution = lm.attribute(prompt, **CASE, **options)
    return found


def test_pieces_end_in_time_and_the_first_is_always_finished() -> None:
    for seconds, finished in ((0.5, 1), (35, 3), (1000, 8)):
        timed = Work(rows=10, seconds=seconds)

        def run(piece: slice, timed: Work = timed) -> torch.Tensor:
            timed.advance(10 * (piece.stop - piece.start))
            return torch.arange(piece.start, piece.stop) * 1.0

        values = timed.in_pieces(8, 10, run)
        assert values[:finished].tolist() == list(range(finished))
        assert values[finished:].isnan().all() and timed.late == (finished < 8)
        with timed.whole():
            assert timed.in_pieces(8, 10, run).tolist() == list(range(8))


def test_a_piece_is_no_longer_than_the_time_that_is_left() -> None:
    timed, sizes = Work(rows=1000, seconds=45), []

    def run(piece: slice) -> torch.Tensor:
        sizes.append(piece.stop - piece.start)
        timed.advance(10 * sizes[-1])
        return torch.zeros(sizes[-1])

    timed.in_pieces(1, 10, run)  # from here on the pace is known
    timed.in_pieces(20, 10, run)
    assert sizes == [1, 3] and timed.late and not timed.interrupted


def test_what_is_within_an_item_is_not_cut_but_where_there_is_only_one() -> None:
    for items, cut in ((2, False), (1, True)):
        timed = Work(rows=1, seconds=25)

        def inner(piece: slice, timed: Work = timed) -> torch.Tensor:
            timed.advance(10)
            return torch.zeros(1, 1)

        def outer(piece: slice, timed: Work = timed, inner: Any = inner) -> torch.Tensor:
            return timed.in_pieces(4, 1, inner, dim=1)

        found = timed.in_pieces(items, 1, outer)
        assert bool(found[0].isnan().any()) == cut and timed.late


@pytest.mark.parametrize("seconds", [1, 60, 200])
@pytest.mark.parametrize("method", ["occlusion", "gradient_norm", "input_x_gradient"])
@pytest.mark.parametrize("name", NAMES)
def test_what_was_finished_is_right_and_the_rest_is_missing(
    name: str, method: str, seconds: float
) -> None:
    lm: Any = decoder_lm(name)
    whole = attribute(lm, LONG, method=method, time_budget=None)
    found = attribute(lm, LONG, method=method, time_budget=seconds)
    finished = np.isfinite(found.values)
    np.testing.assert_allclose(found.values[finished], whole.values[finished], atol=1e-6)
    assert whole.stopped_after is None and finished.any()
    assert found.partial == (not finished.all()) == (found.stopped_after is not None)
    if seconds == 1 and method == "occlusion":
        assert found.partial


@pytest.mark.parametrize("name", NAMES)
def test_removal_ranks_what_it_had_no_time_for(name: str) -> None:
    """In proportion to what is read of it, as what is beyond its passes."""
    lm: Any = decoder_lm(name)
    asked: Any = {"method": "removal", "passes": None}
    whole = attribute(lm, LONG, time_budget=None, **asked)
    assert whole.positions is not None
    seen = []
    for share in (0.01, 0.5, 0.8):
        found = attribute(lm, LONG, time_budget=share * whole.positions, **asked)
        assert found.stopped_after is not None
        seen.append(np.isfinite(found.values).all())
        if seen[-1]:
            assert not found.partial and np.abs(found.values - whole.values).max() > 1e-6
    assert any(seen)


@pytest.mark.parametrize("seconds", [1, 300, 800])
@pytest.mark.parametrize(
    "options", [{}, {"n_steps": 40, "tolerance": None}], ids=["adaptive", "40"]
)
@pytest.mark.parametrize("name", NAMES)
def test_integrated_gradients_end_with_the_error_that_they_reached(
    name: str, options: dict[str, Any], seconds: float
) -> None:
    lm: Any = decoder_lm(name)
    asked = {"method": "integrated_gradients", "tolerance": 1e-9, "baseline": 311, **options}
    found = attribute(lm, PROMPT, time_budget=seconds, **asked)
    assert np.isfinite(found.values).all() and not found.partial
    assert found.stopped_after == seconds and found.n_steps is not None
    assert found.completeness_error is not None
    # The change of the score, from a method that is exact whatever the path.
    change = attribute(lm, PROMPT, method="shapley", baseline=311, time_budget=None).values.sum(0)
    missed = np.abs(found.values.sum(0) - change) / np.maximum(np.abs(change), 0.1)
    np.testing.assert_allclose(found.completeness_error, missed, atol=2e-4)
    assert found.positions is not None and found.positions < max(3 * seconds, 400)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("prompt", "orders"), [(LONG, 40), (LONG[:7], None)])
def test_shapley_values_come_from_fewer_orders_with_their_true_error(
    name: str, prompt: list[int], orders: int | None
) -> None:
    lm: Any = decoder_lm(name)
    exact = attribute(lm, prompt, method="shapley", n_samples=orders, time_budget=None)
    seen = set()
    assert exact.positions is not None
    for share in (0.01, 0.5, 0.8):
        seconds = share * exact.positions
        found = attribute(lm, prompt, method="shapley", n_samples=orders, time_budget=seconds)
        assert found.stopped_after == seconds and found.n_steps is not None
        again = attribute(lm, prompt, method="shapley", n_samples=found.n_steps, time_budget=None)
        np.testing.assert_allclose(found.values, again.values, atol=1e-6)
        assert found.standard_error is not None and again.standard_error is not None
        np.testing.assert_allclose(found.standard_error, again.standard_error, atol=1e-6)
        np.testing.assert_allclose(found.values.sum(0), exact.values.sum(0), atol=1e-5)
        seen.add(found.n_steps)
    assert len(seen) > 1 and min(seen) == 4


def test_shapley_values_for_which_there_is_time_are_exact() -> None:
    lm: Any = decoder_lm("llama")
    found = attribute(lm, LONG[:6], method="shapley", time_budget=1e6)
    assert found.stopped_after is None and found.standard_error is None and found.n_steps is None


def test_it_is_said(tmp_path: Path) -> None:
    lm: Any = decoder_lm("llama")
    with pytest.warns(
        UserWarning, match=r"occlusion: its time_budget of 1 s .* values are missing .*grouping="
    ):
        found = lm.attribute(PROMPT, **CASE, method="occlusion", time_budget=1)
    assert attribution_facts(found)["stopped"] == "after 1 s, unfinished cells are NaN"
    with pytest.warns(UserWarning, match=r"largest standard error is [\d.]+; what helps"):
        path = lm.attribute(PROMPT, **CASE, method="integrated_gradients", time_budget=1)
    assert attribution_facts(path)["stopped"] == "after 1 s, before it was finished"
    for suffix in (".npz", ".json"):
        again = tokenviz.load(found.save(tmp_path / f"figure{suffix}"))
        assert isinstance(again, Attribution) and again.stopped_after == 1.0 and again.partial


def test_an_estimate_is_no_longer_than_the_time_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    lm: Any = decoder_lm("llama")
    free = lm.estimate(PROMPT, **CASE, method="shapley", time_budget=None)
    bound = lm.estimate(PROMPT, **CASE, method="shapley", time_budget=1e-4)
    assert free.seconds[1] > 1e-4 >= bound.seconds[1] and bound.positions == free.positions


@pytest.mark.parametrize(
    ("value", "error", "match"),
    [
        (0, ValueError, "time_budget: expected more than 0 seconds or None, got 0"),
        (float("nan"), ValueError, "time_budget: expected more than 0"),
        ("soon", TypeError, "time_budget: expected seconds, or None for without bound, got str"),
    ],
)
def test_what_is_no_time_is_refused(value: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        decoder_lm("llama").attribute(PROMPT, [9], time_budget=value)
