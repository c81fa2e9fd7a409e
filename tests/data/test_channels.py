"""Channels of a trace: their values against a slow reference, their looks, numbers of one's own."""

import json
import math
import operator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import tokenviz as tv
from tests.data.strategies import traces
from tokenviz import Trace
from tokenviz.data.channels import CHANNELS, channel_look, channel_names, channel_values
from tokenviz.wire import decode_trace, encode_trace

JS = Path(__file__).parents[2] / "js/data"


def slowly(trace: Trace, channel: str) -> tuple[list[float], list[float] | None]:
    """The values of a channel, position by position and candidate by candidate."""
    chosen: list[float] = []
    others: list[float] = []
    for i, considered in enumerate(trace.alternatives):
        logprobs = [float(trace.logprobs[i]), *(a.logprob for a in considered)]
        p = [float(trace.probabilities[i]), *(a.probability for a in considered)]
        if channel == "probability":
            column = p
        elif channel == "logprob":
            column = logprobs
        elif channel == "surprisal":
            column = [v if math.isnan(v) else max(0.0, -v / math.log(2)) for v in logprobs]
        elif channel == "rank":
            own = int(trace.ranks[i]) or None
            free = [r for r in range(1, len(p) + 1) if r != own]
            column = [own, *free[: len(considered)]] if own else [math.nan] * len(p)  # type: ignore[list-item]
        elif channel == "entropy":
            column = [float(trace.entropies[i]) / math.log(2)]
        else:
            assert channel == "margin"
            column = []
            for slot, own_p in enumerate(p):
                rest = [*p[:slot], *p[slot + 1 :]]
                best = math.nan if any(map(math.isnan, rest)) else max(rest, default=math.nan)
                column.append(1.0 if not rest and own_p == 1 else own_p - best)
        chosen.append(column[0])
        others += column[1:]
    return chosen, None if channel == "entropy" else others


@pytest.mark.parametrize("channel", CHANNELS)
@given(trace=traces())
def test_values_are_the_slow_references(trace: Trace, channel: str) -> None:
    values = channel_values(trace, channel)
    chosen, others = slowly(trace, channel)
    with np.errstate(over="ignore"):  # nats that are too many for float32 in bits
        expected = [np.array(column, np.float32) for column in (chosen, others or [])]
    np.testing.assert_array_equal(values.chosen, expected[0])
    assert (values.alternatives is None) == (others is None)
    if others is not None:
        np.testing.assert_array_equal(values.alternatives, expected[1])


def test_bits_that_float32_cannot_hold_are_infinite() -> None:
    trace = Trace(["a"], [-3e38], entropies=[3e38])
    for channel in ("surprisal", "entropy"):
        assert channel_values(trace, channel).chosen.tolist() == [math.inf]


def test_certainty_is_no_negative_zero() -> None:
    trace = Trace(["a", "b"], [0, 1e-4])
    assert not np.signbit(channel_values(trace, "surprisal").chosen).any()


def test_python_and_javascript_have_the_same_channels() -> None:
    written = json.loads((JS / "channels.json").read_text(encoding="utf-8"))
    assert written == {name: asdict(channel) for name, channel in CHANNELS.items()}
    assert list(written) == list(CHANNELS)


def own(*values: float) -> Trace:
    return Trace(["a"] * len(values), [0] * len(values), channels={"own": values})


# The same cases as in js/data/channels.test.ts.
@pytest.mark.parametrize(
    ("values", "signed", "decimals"),
    [
        ((0.5, 1.25), False, 2),
        ((-0.5, 12.5, math.nan), True, 1),
        ((-0.5, 0), False, 3),
        ((1, 2, 300), False, 0),
        ((0.001, 0.00025), False, 5),
        ((1e-12,), False, 6),
        ((12345.5, math.inf), False, 0),
        ((math.nan,), False, 0),
        ((), False, 0),
    ],
)
def test_the_look_of_ones_own_follows_from_its_values(
    values: tuple[float, ...], signed: bool, decimals: int
) -> None:
    look = channel_look(own(*values), "own")
    assert (look.colormap, look.center) == (("PuOr", 0) if signed else ("viridis", None))
    assert (look.symmetric, look.decimals, look.label) == (signed, decimals, "own")
    assert look.vmin is look.vmax is None


# The same cases as in js/data/channels.test.ts.
@pytest.mark.parametrize(
    ("name", "values", "colormap", "vmin", "center"),
    [
        ("advantage", (1, 2), "RdBu", None, 0),
        ("Token-Rewards", (1, 2), "RdBu", None, 0),
        ("importance_ratio", (1, 2), "PuOr", None, 1),
        ("log_ratio", (1, 2), "PuOr", None, 0),
        ("mismatch_kl", (1, 2), "Oranges", 0, None),
        ("kl", (-1, 2), "PuOr", None, 0),
        ("kl", (-2, -1), "viridis", None, None),
        ("ref_log_prob", (-2, -1), "viridis", None, None),
        ("devalued", (1, 2), "viridis", None, None),
    ],
)
def test_names_of_training_say_where_the_middle_is(
    name: str, values: tuple[float, ...], colormap: str, vmin: float | None, center: float | None
) -> None:
    trace = Trace(["a"] * len(values), [0] * len(values), channels={name: values})
    look = channel_look(trace, name)
    assert (look.colormap, look.vmin, look.center) == (colormap, vmin, center)
    assert look.symmetric == (center is not None)
    assert look.vmax is None
    assert look.norm == ("log" if name == "importance_ratio" else "linear")
    low, high, _ = trace.show(channel=name).color_scale().range
    if center is not None:
        apart = operator.truediv if look.norm == "log" else operator.sub
        assert apart(high, center) == apart(center, low)


@given(traces())
def test_ones_own_cross_the_line(trace: Trace) -> None:
    assert decode_trace(encode_trace(trace)).channels == trace.channels


def test_states_saved_before_there_were_channels_are_read() -> None:
    trace = tv.examples.trace()
    data = encode_trace(trace)
    del data["channels"]
    assert dict(decode_trace(data).channels) == {}


def test_with_channel_adds_replaces_and_leaves_the_other_trace_alone() -> None:
    trace = tv.examples.trace()
    values = np.arange(len(trace), dtype=np.float64)
    loss = trace.with_channel("loss", values)
    values[0] = 99
    assert not trace.channels
    assert channel_names(loss) == [*CHANNELS, "loss"]
    assert loss.channels["loss"][0] == 0
    assert loss.channels["loss"].dtype == np.float32
    assert not loss.channels["loss"].flags.writeable
    again = loss.with_channel("loss", -values).with_channel("other", values)
    assert list(again.channels) == ["loss", "other"]
    assert again.channels["loss"][1] == -1
    assert loss != again
    assert loss == trace.with_channel("loss", np.arange(len(trace)))
    assert again.tokens == trace.tokens


@pytest.mark.parametrize(
    ("channels", "error", "message"),
    [
        ({"loss": [1]}, ValueError, r"channels\['loss'\]: expected shape \(2,\) \(one per token\)"),
        ({"loss": ["a", "b"]}, TypeError, r"channels\['loss'\]: expected real numbers"),
        ({"rank": [1, 2]}, ValueError, "every trace has a channel 'rank'"),
        ({" ": [1, 2]}, ValueError, "expected a name that can be read"),
        ({1: [1, 2]}, TypeError, "channels: expected a str, got int"),
        ([("loss", [1, 2])], TypeError, "channels: expected a mapping from names to arrays"),
    ],
)
def test_channels_that_do_not_fit_are_refused(
    channels: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Trace(["a", "b"], [-1, -1], channels=channels)


def test_a_channel_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"channel: expected one of 'probability', .*, 'own', got"):
        channel_values(own(1, 2), "loss")


def test_a_data_frame_holds_them() -> None:
    pytest.importorskip("pandas")
    trace = Trace(
        ["a", "b"], [-1, -1], [[("c", -2)], []], channels={"loss": [1, 2], "rank ": [3, 4]}
    )
    frame = trace.with_channel("token", [5, 6]).to_pandas()
    assert frame["loss"].tolist()[::2] == [1, 2]
    assert np.isnan(frame["loss"][1])
    assert frame["token (channel)"].tolist()[::2] == [5, 6]
    assert frame["token"].tolist() == ["a", "c", "b"]
