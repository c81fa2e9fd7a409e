"""The figure of a comparison: its traits, what it sends, and what comes back of what was saved."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from traitlets import TraitError

import tokenviz as tv
from tests.data.test_comparison import CUT, A, B
from tokenviz.export.html import figure_html
from tokenviz.export.pairs import pair_writer
from tokenviz.export.state import FigureState
from tokenviz.widget.bundle import static
from tokenviz.widget.compared import encode_compared


def test_it_shows_the_reference_by_what_became_of_it() -> None:
    figure = tv.compare(A, B).show()
    assert isinstance(figure, tv.ComparisonFigure)
    assert (figure.channel, figure.colormap, figure.center) == ("Δ log-probability", "PuOr", 0)
    assert (figure.pair, figure.places, figure.places_by) == ("probability", 5, None)
    assert figure.flag == "flip"  # there are two
    assert tv.compare(A, A).show().flag is None
    np.testing.assert_array_equal(figure.drawn.index, A.index)
    assert figure.show_controls is False and figure.source.names == ("m", "n")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pair": "rank"}, "pair"),
        ({"places": 101}, "places"),
        (
            {"places_by": "kl"},
            "places_by: expected one of None, 'delta', 'ratio', 'rank_change', 'flip', got 'kl'",
        ),
        ({"places_by": "loss"}, "places_by: expected one of None, 'delta', .* 'flip', got 'loss'$"),
        ({"places_by": 3}, "places_by: expected one of None, 'delta', .* got 3$"),
        ({"channel": "KL(a‖b)"}, "channel: expected"),
        ({"selected": (4, 0)}, "position below 4"),
    ],
)
def test_what_it_cannot_show_is_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TraitError, match=message):
        tv.compare(A, B).show(**given)


def test_it_shows_comparisons_only() -> None:
    with pytest.raises(TypeError, match="expected a Comparison, got Trace"):
        tv.ComparisonFigure(A)  # type: ignore[arg-type]


def test_what_the_browser_is_told_of_b() -> None:
    told = encode_compared(tv.compare(A, B))
    tokens = told["choices"]["tokens"]["label"]
    index = np.frombuffer(told["choices"]["index"]["view"], np.uint32)
    logprobs = np.frombuffer(told["choices"]["logprobs"]["view"], np.float32)
    said = [tokens[i] if i < len(tokens) else None for i in index]
    assert said == ["A", "␣cat", "␣on", "."]
    np.testing.assert_allclose(logprobs, [-1, -1, -0.25, -1])
    assert told["spans"] is None and told["logprobs"] == [None, "log-probability in n"]
    nothing = tv.Trace(["The", " cat"], [-1.0, -2.0])
    unknown = encode_compared(tv.compare(nothing, nothing))["choices"]
    assert unknown["tokens"]["label"] == []
    assert np.isnan(np.frombuffer(unknown["logprobs"]["view"], np.float32)).all()


def test_spans_have_the_numbers_of_both() -> None:
    found = tv.compare(A, CUT)
    told = encode_compared(found)
    spans = np.frombuffer(told["spans"]["view"], np.uint32).reshape(-1, 2)
    assert spans.tolist() == [[0, 2], [2, 3], [3, 4]] and told["choices"] is None
    trace = found.to_trace()
    a, b = (trace.channels[name] for name in told["logprobs"])
    np.testing.assert_allclose(a, [-3, -3, -3, np.nan])
    np.testing.assert_allclose(b, [-3.5, -3.5, -3.75, -0.5])
    figure = found.show()
    write = pair_writer(figure.drawn, figure)
    assert write is not None and [write(i) for i in (0, 3)] == ["0.05\n0.03", "–\n0.61"]


def test_another_source_gives_up_what_it_does_not_have() -> None:
    full = tv.Comparison(A, B, js=[0.1, 0.2, 0.3, 0.4])
    figure = full.show("JS", places_by="js")
    figure.source = tv.compare(A, CUT)
    assert figure.places_by is None and figure.flag is None
    assert figure.channel == "Δ log-probability" and figure.colormap == "PuOr"
    assert "a is m, b is other" in figure.caption


def test_saved_states_come_back(tmp_path: Path) -> None:
    figure = tv.compare(A, CUT).show(pair="logprob", places_by="delta")
    state = FigureState.from_widget(figure)
    again = FigureState.from_json(json.loads(json.dumps(state.as_json)))
    assert again.kind == "comparison" and again.colored is again.source
    assert again.colored.channels == figure.drawn.channels  # type: ignore[union-attr]
    assert figure_html(again) == figure_html(state)
    copy = pickle.loads(pickle.dumps(figure))
    assert copy.pair == "logprob" and copy.source == figure.source
    assert tv.load(figure.save(tmp_path / "compared.npz")) == figure.source
    svg = figure.save(tmp_path / "compared.svg").read_text()
    assert "in the cells: log-probabilities, a over b" in svg and "−3.50" in svg


def test_a_page_holds_its_own_script_and_others_do_not(tmp_path: Path) -> None:
    own, plain = static("comparisonpage.js"), tmp_path / "plain.html"
    assert own[:200] in tv.compare(A, B).show().save(tmp_path / "compared.html").read_text()
    assert own[:200] not in A.show().save(plain).read_text()


def test_what_a_front_end_sets_is_taken_whole_or_not_at_all(
    caplog: pytest.LogCaptureFixture,
) -> None:
    figure = tv.compare(A, B).show()
    said = {"threshold": -0.5, "beyond": "below", "span": [1, 3], "flag": None, "pair": None}
    figure.set_state(said | {"places_by": "flip", "places": 7, "written": "ratio"})
    assert (figure.threshold, figure.span, figure.flag, figure.pair) == (-0.5, (1, 3), None, None)
    assert (figure.places_by, figure.places) == ("flip", 7)
    assert figure.positions_beyond.tolist() == [0, 2]
    figure.set_state({"places_by": None})
    assert figure.places_by is None
    for wrong in ({"places_by": "kl"}, {"places_by": 3}, {"pair": "rank", "places": 1}):
        figure.set_state(wrong)
    assert (figure.places_by, figure.places) == (None, 7)
    assert "places_by: expected one of None, 'delta'" in caplog.text
