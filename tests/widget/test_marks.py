"""What a trace says beside its colours: flags, categories, bounds, other numbers, the rest."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import traitlets
from hypothesis import given

from tests.data.strategies import traces
from tokenviz import Token, TokenTrace, Trace
from tokenviz.data.marks import Flags, marked_by, percent, shown_flag
from tokenviz.export.html import twin
from tokenviz.export.state import FigureState
from tokenviz.wire import decode_trace, encode_trace, trace_facts


@pytest.fixture
def source() -> Trace:
    """Five positions: the last but one below what was listed."""
    return Trace(
        ["Hi", Token("\ufffd", unknown=True), " so", Token("", unknown=True), Token("<e>")],
        [math.log(0.5), math.log(0.4), 0, math.nan, math.log(0.25)],
        [[("Ho", math.log(0.3)), ("He", math.log(0.01))], [], [], [("x", math.log(0.62))], []],
        ranks=[1, 1, 1, 2, 3],
        entropies=[1, 2, 3, math.log(2) * 2.1, 0],
        ranks_at_least=[0, 0, 0, 1, 0],
        entropies_at_least=[0, 0, 0, 1, 0],
        source="OpenAI chat",
        distribution="unknown",
        temperature=0.7,
        flags={"clipped": [0, 0, 1, 0, 0], "loss_mask": [0, 1, 1, 1, 1]},
        categories={"same": ["a"] * 5, "role": ["user", None, "user", "assistant", "assistant"]},
        channels={"advantage": [1, 2, 3, 4, 5], "importance_ratio": [0.5, 1, 2, 1, 1]},
    )


def table(widget: TokenTrace) -> str:
    return str(twin(widget)["text/html"])


@given(traces())
def test_all_of_it_crosses(trace: Trace) -> None:
    decoded = decode_trace(encode_trace(trace))
    assert decoded.flags == trace.flags
    assert decoded.categories == trace.categories


def test_what_a_source_told_crosses(source: Trace) -> None:
    decoded = decode_trace(encode_trace(source))
    for name in ("flags", "categories", "vocabulary"):
        assert getattr(decoded, name) == getattr(source, name)
    for name in ("ranks_at_least", "entropies_at_least"):
        np.testing.assert_array_equal(getattr(decoded, name), getattr(source, name))
    kinds = encode_trace(source)["vocabulary"]["kind"]
    assert kinds[1] == kinds[3] == "unknown"
    labels = encode_trace(source)["vocabulary"]["label"]
    assert (labels[1], labels[3]) == ("\ufffd", "⟨?⟩")


def test_a_trace_without_any_of_it_is_as_large_as_before() -> None:
    known = {"ranks_at_least", "entropies_at_least", "flags", "categories"}
    assert not known & encode_trace(Trace(["a"], [0])).keys()


def test_a_state_brings_them_along(source: Trace) -> None:
    state = FigureState.from_widget(source.show())
    again = FigureState.from_json(json.loads(json.dumps(state.as_json)))
    assert isinstance(again.source, Trace)
    assert again.source.flags == source.flags
    assert (again.traits["flag"], again.traits["category"]) == ("loss_mask", "role")


@pytest.mark.parametrize(
    ("distribution", "temperature", "said"),
    [
        ("unknown", None, "unknown distribution (the producer does not say)"),
        ("temperature", 0.7, "after temperature 0.7, nothing left out"),
        ("temperature", None, "after temperature, nothing left out"),
        ("sampling", 1.5, "what tokens were chosen from (after temperature 1.5, top-k, top-p, …)"),
        ("model", None, "the model's own"),
    ],
)
def test_the_caption_says_which_distribution(
    distribution: str, temperature: float | None, said: str
) -> None:
    trace = Trace(
        ["a"],
        [0],
        source="x",
        distribution=distribution,
        temperature=temperature,  # type: ignore[arg-type]
    )
    assert trace_facts(trace) == {"source": "x", "probabilities": said}


def test_a_temperature_is_told_where_the_distribution_does_not(source: Trace) -> None:
    assert trace_facts(source)["temperature"] == "0.7"
    assert source.show().caption.startswith("source: OpenAI chat · probabilities: unknown dist")


def test_what_is_shown_unless_told_otherwise(source: Trace) -> None:
    widget = source.show()
    assert (widget.flag, widget.category) == ("loss_mask", "role")
    plain = source.show(flag=None, category=None)
    assert (plain.flag, plain.category) == (None, None)
    widget.source = Trace(["a"], [0])
    assert (widget.flag, widget.category) == (None, None)
    widget.source = source
    assert (widget.flag, widget.category) == ("loss_mask", "role")


@pytest.mark.parametrize(
    ("trait", "message"),
    [
        ("written", "written: expected one of 'probability', .*, 'importance_ratio', got 'x'"),
        ("flag", "flag: expected None, 'clipped', 'loss_mask', got 'x'"),
        ("category", "category: expected None, 'same', 'role', got 'x'"),
    ],
)
def test_names_that_are_not_there_are_refused(source: Trace, trait: str, message: str) -> None:
    with pytest.raises(traitlets.TraitError, match=message):
        source.show(**{trait: "x"})
    widget = source.show()
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(widget, trait, "x")


def test_masks_dim_what_they_leave_out_and_flags_stripe_what_they_mark(source: Trace) -> None:
    mask = marked_by(source.flags, "loss_mask")
    assert mask is not None
    assert (mask.tokens.tolist(), mask.dims) == ([True, False, False, False, False], True)
    assert mask.legend == "dimmed: not in loss_mask (20 %)"
    clipped = marked_by(source.flags, "clipped")
    assert clipped is not None
    assert (clipped.tokens.tolist(), clipped.dims) == ([False, False, True, False, False], False)
    assert clipped.legend == "striped: clipped (20 %)"
    assert marked_by(source.flags, None) is None
    assert shown_flag(Flags({"clipped": [1]}, 1)) is None
    assert [percent(share) for share in (0, 0.001, 0.005, 0.125, 1)] == [
        *("0 %", "<1 %", "<1 %", "13 %", "100 %"),
    ]


def test_the_table_says_it_all(source: Trace) -> None:
    written = table(source.show(channel="rank", written="entropy", show_rest=True))
    assert "≥ 2.10" in written
    assert "written: entropy" in written
    assert "dimmed: not in loss_mask (20 %)" in written
    assert written.count("○") == 2  # at its token, and in the heading
    assert '<td colspan="2"' in written  # the assistant's
    assert ">assistant</td>" in written
    assert 'title="bytes unknown"' in written
    assert written.count("other<br>") == 2
    # All that is not shown: what is listed but too improbable, too.
    assert "other<br><small>20 %" in written
    assert "other<br><small>38 %" in written  # the chosen token is somewhere in it
    assert "≥ 2" in table(source.show(channel="rank"))
    assert "▨" in table(source.show(flag="clipped"))


@pytest.mark.parametrize("arrangement", ["grid", "flow"])
@pytest.mark.parametrize("flag", ["clipped", "loss_mask"])
def test_a_picture_says_it(source: Trace, arrangement: str, flag: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    widget = source.show(
        arrangement=arrangement, flag=flag, show_rest=True, channel="entropy", written="rank"
    )
    svg = widget.save(tmp_path / "p.svg").read_text(encoding="utf-8")
    assert ("written: rank" in svg) == (arrangement == "grid")  # running text has no numbers
    assert {"clipped": "striped: clipped", "loss_mask": "dimmed: not in loss_mask"}[flag] in svg
    if arrangement == "grid":
        assert ">≥ 2<" in svg
        assert svg.count(">other<") == 2
        assert ">assistant<" in svg
