"""The worst tokens of a set: found in few rows, and the same as all tokens sorted say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tokenviz as tv
from tests.browse.sets import rollouts
from tokenviz.data.channels import channel_values

Found = list[tuple[str, int]]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tv.TraceSet:
    path = tmp_path_factory.mktemp("sets") / "set"
    rollouts(120).save(path)
    return tv.TraceSet.open(path)


def slowly(rows: tv.TraceSet, channel: str, n: int, sign: float | None, mask: str | None) -> Found:
    """Every token of every row, sorted."""
    every = []
    for number, (key, trace) in enumerate(zip(rows.keys, rows, strict=True)):
        values = channel_values(trace, channel).chosen.astype(float)
        out = np.abs(values) if sign is None else sign * values
        if mask is not None:
            out = np.where(trace.flags[mask], out, np.nan)
        every += [(-score, number, at, key) for at, score in enumerate(out) if score == score]
    return [(key, at) for _, _, at, key in sorted(every)[:n]]


@pytest.mark.parametrize("mask", [None, "loss_mask"])
@pytest.mark.parametrize(
    ("channel", "side", "sign"),
    [
        ("surprisal", None, 1.0),
        ("probability", None, -1.0),
        ("logprob", "above", 1.0),
        ("rank", None, 1.0),
        ("entropy", None, 1.0),
        ("entropy", "below", -1.0),
        ("advantage", None, None),
        ("advantage", "below", -1.0),
    ],
)
def test_they_are_those_of_all_tokens_sorted(
    rows: tv.TraceSet, channel: str, side: str | None, sign: float | None, mask: str | None
) -> None:
    some = rows.filter("n_tokens > 20")
    found = some.worst(channel, 40, side=side, mask=mask)
    values = [channel_values(rows[one.key], channel).chosen[one.position] for one in found]
    np.testing.assert_allclose([one.value for one in found], values, rtol=1e-6)
    assert [(one.key, one.position) for one in found] == slowly(some, channel, 40, sign, mask)


def test_a_place_says_what_is_around_it(rows: tv.TraceSet) -> None:
    found = rows.worst(n=5)
    for one in found:
        trace = rows[one.key]
        text = "".join(token.text for token in trace.tokens[: one.position])
        assert one.token == trace.tokens[one.position].label
        if text.isascii():
            assert one.before == text[-32:]
    assert list(found.to_pandas()["position"]) == [one.position for one in found]
    assert found[0].key in repr(found)


def test_ratios_are_furthest_from_one(tmp_path: Path) -> None:
    ratios = [[1.0, 8.0, 0.5], [0.01, 1.1, np.nan]]
    traces = [
        tv.Trace(list("abc"), [-1.0] * 3, channels={"importance_ratio": one}) for one in ratios
    ]
    found = tv.TraceSet(traces).worst("importance_ratio", 10)
    assert [(one.key, one.position) for one in found] == [
        ("1", 0), ("0", 1), ("0", 2), ("1", 1), ("0", 0)
    ]  # fmt: skip


def test_what_changed_most_of_two() -> None:
    a, b = rollouts(30), rollouts(30, worse=2.0)
    found = a.join(b).worst(20)
    every = [
        (-abs(float(d)), number, at)
        for number, (one, other) in enumerate(zip(a, b, strict=True))
        for at, d in enumerate(other.logprobs - one.logprobs)
    ]
    expected = [(a.keys[number], at) for _, number, at in sorted(every)[:20]]
    assert [(one.key, one.position) for one in found] == expected
    assert all(one.value < 0 for one in found)


def test_what_cannot_be_looked_for_is_said(rows: tv.TraceSet) -> None:
    with pytest.raises(ValueError, match=r"channel: expected .*'surprisal'.*got 'margin'"):
        rows.worst("margin")
    with pytest.raises(ValueError, match="side: expected"):
        rows.worst("rank", side="low")
    with pytest.raises(ValueError, match=r"mask: expected one of .*loss_mask"):
        rows.worst("rank", mask="mine")
    with pytest.raises(ValueError, match="n: "):
        rows.worst("rank", 0)
    assert len(rows.filter("false").worst()) == 0
