"""The summary of a trace against sums by hand."""

import math

import numpy as np
import pytest
from hypothesis import given

from tests.data.strategies import traces
from tokenviz import Trace

TRACE = Trace(
    ["a", "b", "c", "d"],
    np.log([0.5, 0.25, 0.5, 0.125]),
    flags={"loss_mask": [0, 1, 1, 1], "clipped": [0, 0, 0, 1]},
    channels={"reward": [1, math.nan, 3, 5]},
)


def test_of_the_whole() -> None:
    summary = TRACE.summary()
    assert (summary.start, summary.stop, summary.tokens, summary.known) == (0, 4, 4, 4)
    assert summary.logprob == pytest.approx(math.log(1 / 128))
    assert summary.probability == pytest.approx(1 / 128)
    assert summary.perplexity == pytest.approx(128**0.25)
    assert summary.worst is not None
    assert (summary.worst.position, summary.worst.token.text) == (3, "d")
    assert summary.flags == {"loss_mask": 0.75, "clipped": 0.25}
    assert summary.channels == {"reward": 3}


def test_of_a_stretch_as_slices_count() -> None:
    assert TRACE.summary(1, 3).probability == pytest.approx(1 / 8)
    assert TRACE.summary(-3, -1) == TRACE.summary(1, 3)
    assert TRACE.summary(1, 3).flags == {"loss_mask": 1, "clipped": 0}
    worst = TRACE.summary(stop=3).worst
    assert worst is not None
    assert worst.position == 1


def test_what_is_unknown_is_left_out_and_said() -> None:
    trace = Trace(["a", "b"], [math.nan, math.log(0.5)])
    summary = trace.summary()
    assert (summary.known, summary.tokens, summary.perplexity) == (1, 2, pytest.approx(2))
    assert "1 known" in repr(summary)
    nothing = trace.summary(0, 1)
    assert nothing.worst is None
    assert math.isnan(nothing.logprob)
    assert math.isnan(nothing.perplexity)
    assert "worst" not in repr(nothing)


def test_it_reads_well() -> None:
    assert repr(TRACE.summary()).splitlines() == [
        "Summary",
        "  tokens           4 (positions 0 to 3)",
        "  log-probability  -4.8520 nats, -1.2130 a token",
        "  probability      0.007812",
        "  perplexity       3.364",
        "  worst            d at 3: 0.125",
        "  loss_mask        75 %",
        "  clipped          25 %",
        "  reward           3 on average",
    ]


@pytest.mark.parametrize(("start", "stop"), [(2, 2), (4, None), (3, 1)])
def test_of_nothing_there_is_none(start: int, stop: int | None) -> None:
    with pytest.raises(ValueError, match="start, stop: expected some of 4 tokens"):
        TRACE.summary(start, stop)


def test_ends_are_whole_numbers() -> None:
    with pytest.raises(TypeError, match=r"start, stop: expected whole numbers or None, got 0\.5"):
        TRACE.summary(0.5)  # type: ignore[arg-type]


@given(traces())
def test_two_parts_come_to_the_whole(trace: Trace) -> None:
    if len(trace) < 2:
        return
    whole, parts = trace.summary(), [trace.summary(stop=1), trace.summary(1)]
    assert whole.known == sum(part.known for part in parts)
    logprob = math.fsum(part.logprob for part in parts if part.known)
    if whole.known:
        assert whole.logprob == pytest.approx(logprob, rel=1e-6)
    repr(whole)
