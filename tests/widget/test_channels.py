"""The channel of a token trace: what assigning it sets, and what wins over it."""

from pathlib import Path

import numpy as np
import pytest
import traitlets

import tokenviz as tv
from tokenviz import TokenTrace, Trace
from tokenviz.data.channels import CHANNELS, channel_names, channel_values

LOOK = ("colormap", "vmin", "vmax", "center", "gamma", "symmetric", "label", "decimals", "norm")


@pytest.fixture
def source() -> Trace:
    trace = tv.examples.trace()
    return trace.with_channel("loss", np.linspace(-1, 3, len(trace)))


def look(widget: TokenTrace) -> dict[str, object]:
    return {name: getattr(widget, name) for name in LOOK}


def test_the_defaults_are_the_look_of_the_probability(source: Trace) -> None:
    assert look(source.show()) == CHANNELS["probability"].look.traits()


@pytest.mark.parametrize("channel", CHANNELS)
def test_assigning_and_asking_for_a_channel_set_its_look(source: Trace, channel: str) -> None:
    widget = source.show()
    widget.channel = channel
    assert look(widget) == look(source.show(channel=channel)) == CHANNELS[channel].look.traits()
    low, high, _ = widget.color_scale().range
    assert (low, high) == (widget.vmin, widget.vmax)


def test_ones_own_is_fitted_to_its_values_alone(source: Trace) -> None:
    widget = source.show(channel="loss")
    assert widget.color_scale().range == (-3, 3, 0)
    assert (widget.label, widget.colormap) == ("loss", "PuOr")


def test_what_is_given_beside_the_channel_wins(source: Trace) -> None:
    widget = source.show(channel="surprisal", vmax=5, label="bits")
    assert (widget.vmin, widget.vmax, widget.label) == (0, 5, "bits")
    assert widget.colormap == "Oranges"
    assert source.show(vmax=5, channel="surprisal").vmax == 5


def test_what_is_assigned_later_wins_until_the_channel_changes(source: Trace) -> None:
    widget = source.show(channel="surprisal")
    widget.vmax = 3
    widget.channel = "surprisal"
    assert widget.vmax == 3
    widget.channel = "entropy"
    assert widget.vmax == CHANNELS["entropy"].look.vmax


def test_a_front_ends_change_of_channel_comes_with_its_own_looks(source: Trace) -> None:
    widget = source.show()
    widget.set_state({"channel": "entropy", "vmax": 2.5, "colormap": "viridis"})
    assert (widget.channel, widget.vmax, widget.colormap) == ("entropy", 2.5, "viridis")
    assert widget.label == "Probability"
    widget.channel = "margin"
    assert widget.label == CHANNELS["margin"].look.label


def test_a_channel_that_is_not_there_is_refused_and_changes_nothing(source: Trace) -> None:
    widget = source.show()
    with pytest.raises(traitlets.TraitError, match=r"channel: expected one of .* got 'looss'"):
        widget.channel = "looss"
    assert look(widget) == CHANNELS["probability"].look.traits()
    with pytest.raises(traitlets.TraitError, match="channel: expected one of"):
        source.show(channel="looss")


def test_another_source_keeps_the_channel_if_it_has_it(source: Trace) -> None:
    widget = source.show(channel="entropy", vmax=2)
    widget.source = tv.examples.trace()
    assert (widget.channel, widget.vmax) == ("entropy", 2)
    widget.source = source
    widget.channel = "loss"
    widget.source = tv.examples.trace()
    assert widget.channel == "probability"
    assert look(widget) == CHANNELS["probability"].look.traits()


def test_a_change_of_channel_is_one_message(source: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    widget = source.show()
    widget.open()
    sent: list[set[str]] = []
    monkeypatch.setattr(widget, "_send", lambda message, **_: sent.append(set(message["state"])))
    widget.channel = "margin"
    assert sent == [{"channel", "colormap", "vmin", "center", "symmetric", "label"}]


def test_the_table_follows(source: Trace) -> None:
    from tokenviz.export.html import twin

    def table(channel: str) -> str:
        return str(twin(source.show(channel=channel))["text/html"])

    assert "Surprisal (bits)" in table("surprisal")
    assert "<small>1.36</small>" in table("surprisal")
    # What the channel says nothing of has its probability, and no colour.
    plain = table("loss").split("calculate<br>")[0].rpartition("<td")[2]
    assert "background-color" not in plain
    assert "calculate<br><small>0.07</small>" in table("loss")
    values = channel_values(source, "loss").chosen
    assert f"<small>{values[0]:.2f}</small>" in table("loss")


@pytest.mark.parametrize("channel", ["surprisal", "margin", "loss", "rank"])
def test_the_picture_follows(source: Trace, channel: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    widget = source.show(channel=channel)
    svg = widget.save(tmp_path / "p.svg").read_text(encoding="utf-8")
    assert widget.label in svg
    shown = {"surprisal": "4.32", "margin": "−0.83", "loss": "3.00", "rank": "NaN"}[channel]
    assert f">{shown}<" in svg
    if channel == "loss":  # of its alternatives the probability
        assert svg.count(">0.39<") == 1


def test_every_channel_of_a_trace_can_be_shown(source: Trace) -> None:
    for channel in channel_names(source):
        assert source.show(channel=channel).channel == channel
