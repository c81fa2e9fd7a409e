"""Thresholds and spans of a trace: set, read, refused, and the same as in the browser."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets

import tokenviz as tv
from tokenviz import Trace
from tokenviz.data.thresholds import beyond_threshold
from tokenviz.export.legends import legend

# The browser's test reads the same examples.
CASES = json.loads((Path(__file__).parents[2] / "js/trace/spans.json").read_text(encoding="utf-8"))


def known(values: list[float | None]) -> list[float]:
    return [math.nan if v is None else v for v in values]


def trace_of(case: dict[str, Any]) -> Trace:
    logprobs = known(case["logprobs"])
    return Trace(
        [f" t{i}" for i in range(len(logprobs))],
        logprobs,
        channels={"ratio": known(case["ratio"])},
        flags={"loss_mask": case["loss_mask"]},
    )


@pytest.mark.parametrize("case", CASES)
def test_spans_come_to_what_the_browser_says(case: dict[str, Any]) -> None:
    trace = trace_of(case)
    for each in case["spans"]:
        start, stop = each["span"]
        summary = trace.summary(start, stop)
        slow = [v for v in known(case["logprobs"])[start:stop] if not math.isnan(v)]
        assert summary.known == each["known"] == len(slow)
        expected = math.fsum(slow) if slow else math.nan
        assert summary.logprob == pytest.approx(expected, nan_ok=True)
        assert summary.logprob == pytest.approx(known([each["logprob"]])[0], nan_ok=True)
        assert summary.mean_logprob == pytest.approx(known([each["mean"]])[0], nan_ok=True)
        assert (-1 if summary.worst is None else summary.worst.position) == each["worst"]
        assert summary.flags["loss_mask"] == pytest.approx(each["loss_mask"])
        ratio = known([each["ratio"]])[0]
        assert summary.channels["ratio"] == pytest.approx(ratio, nan_ok=True)
        assert legend(trace, trace.show(span=(start, stop)))[-1] == each["legend"]


@pytest.mark.parametrize("case", CASES)
def test_what_is_beyond_a_threshold_is_what_the_browser_finds(case: dict[str, Any]) -> None:
    trace = trace_of(case)
    for each in case["thresholds"]:
        found = beyond_threshold(trace, each["channel"], each["threshold"], each["beyond"])
        assert found.positions.tolist() == each["positions"]
        assert found.known == each["known"]
        assert found.legend == each["legend"]


def test_the_value_at_the_threshold_counts_though_it_is_float32() -> None:
    trace = Trace(list("abc"), np.log([0.1, 0.5, 0.9]), channels={"ratio": [0.8, 1.0, 1.2]})
    assert trace.show(channel="ratio", threshold=1.2).positions_beyond.tolist() == [2]
    below = trace.show(channel="ratio", threshold=0.8, beyond="below")
    assert below.positions_beyond.tolist() == [0]
    assert trace.show(threshold=0.5).positions_beyond.tolist() == [0, 1]  # the improbable
    assert trace.show().positions_beyond.tolist() == []


def test_a_threshold_goes_with_its_channel() -> None:
    trace = Trace(list("abc"), np.log([0.1, 0.5, 0.9]), channels={"ratio": [0.8, 1.0, 1.2]})
    figure = trace.show(channel="ratio", threshold=1.0)
    assert figure.norm == "log"
    figure.channel = "probability"
    assert figure.threshold is None
    assert figure.norm == "linear"
    # A front end tells both.
    figure.set_state({"channel": "ratio", "threshold": 1.1})
    assert figure.positions_beyond.tolist() == [2]


def test_what_makes_no_sense_is_refused() -> None:
    figure = tv.examples.trace().show()
    for name, value in [
        ("span", (3, 3)), ("span", (-1, 2)), ("span", (0, 98)), ("threshold", math.nan),
        ("beyond", "over"), ("norm", "symlog"),
    ]:  # fmt: skip
        with pytest.raises(traitlets.TraitError, match=name):
            figure.set_trait(name, value)
    figure.span = (90, 97)
    figure.source = Trace(["a", "b"], [-1.0, -2.0])
    assert figure.span is None
    # What a view says of the trace that was there before is no reason to refuse the rest.
    figure.set_state({"span": [90, 97], "vmax": 0.5})
    assert (figure.span, figure.vmax) == (None, 0.5)
    figure.set_state({"span": [0, 2]})
    assert figure.span == (0, 2)


def test_tables_and_pictures_say_it_too(tmp_path: Path) -> None:
    figure = tv.examples.trace().show(threshold=0.6, span=(0, 3))
    for name in ("trace.html", "trace.svg"):
        text = figure.save(tmp_path / name).read_text(encoding="utf-8")
        assert "probability ≤ 0.6: " in text
        assert "tokens 1 to 3: log-probability" in text
