"""A trace as a row of a set, and back."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data import strategies
from tokenviz import Token, Trace, TraceSet
from tokenviz.sets.rows import row_of, table_of, trace_of

pytest.importorskip("pyarrow")


def is_storable(trace: Trace) -> bool:
    """Ids of 32 bits; the strategy goes one beyond."""
    tokens = (*trace.vocabulary, *trace.prompt)
    return all(token.id is None or token.id < 2**31 for token in tokens)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    prompt = draw(st.lists(strategies.tokens, max_size=3))
    chat: dict[str, Any] = {}
    if draw(st.booleans()):
        chat["prompt_roles"] = draw(st.lists(st.text(), min_size=len(prompt), max_size=len(prompt)))
        chat["prompt_turns"] = range(2**40, 2**40 + len(prompt))
    notes = draw(st.dictionaries(st.text(), st.text(), max_size=2))
    return draw(strategies.traces(prompt=prompt, notes=notes, **chat).filter(is_storable))


def same_to_the_bit(a: Trace, b: Trace) -> bool:
    """Equal, with −0.0 and 0.0 told apart."""
    columns = ("logprobs", "alternative_logprobs", "ranks")
    return a == b and all(getattr(a, c).tobytes() == getattr(b, c).tobytes() for c in columns)


@given(st.lists(traces(), min_size=1, max_size=3))
def test_nothing_is_lost(some: list[Trace]) -> None:
    table = table_of([row_of(str(i), trace) for i, trace in enumerate(some)])
    for i, trace in enumerate(some):
        assert same_to_the_bit(trace_of(table, i), trace)


@given(traces())
def test_a_row_has_the_numbers_of_the_summary(trace: Trace) -> None:
    row = table_of([row_of("a", trace)]).to_pylist()[0]
    assert (row["n_tokens"], row["text"]) == (len(trace), trace.text)
    assert row["prompt_tokens"] == len(trace.prompt)
    if not len(trace):
        assert row["sum_logprob"] is row["worst_at"] is None
        return
    summary = trace.summary()
    assert row["known_tokens"] == summary.known
    assert row["sum_logprob"] == (summary.logprob if summary.known else None)
    assert row["mean_logprob"] == (summary.mean_logprob if summary.known else None)
    worst = summary.worst
    assert row["worst_at"] == (None if worst is None else worst.position)
    assert row["worst_logprob"] == (None if worst is None else worst.logprob)


def test_channels_and_flags_are_summed_up() -> None:
    trace = Trace(
        ["a", "b", "c", "d"],
        [-1, -2, np.nan, -0.5],
        channels={"kl": [np.nan, 3, 1, 2], "none": [np.nan] * 4},
        flags={"clipped": [1, 1, 0, 1], "loss_mask": [0, 0, 0, 1]},
    )
    row = table_of([row_of("a", trace)]).to_pylist()[0]
    summary = trace.summary()
    assert row["mean.kl"] == summary.channels["kl"] == 2
    assert (row["min.kl"], row["argmin.kl"], row["max.kl"], row["argmax.kl"]) == (1, 2, 3, 1)
    assert row["mean.none"] is row["max.none"] is row["argmax.none"] is None
    assert row["share.clipped"] == summary.flags["clipped"] == 0.75
    assert row["share_masked"] == 0.75  # what does not count for the loss
    assert "share_masked" in row
    assert table_of([row_of("a", Trace(["a"], [0], flags={"clipped": [1]}))]).to_pylist()[0][
        "share_masked"
    ] is None  # fmt: skip


def test_names_that_differ_in_capitals_alone_have_columns_of_their_own() -> None:
    trace = Trace(["a"], [0], channels={"kl": [1], "KL": [2], "Kl (2)": [3]}, flags={"kl": [1]})
    table = table_of([row_of("a", trace)])
    names = [name.casefold() for name in table.schema.names]
    assert len(set(names)) == len(names)
    assert trace_of(table) == trace
    assert list(trace_of(table).channels) == ["kl", "KL", "Kl (2)"]


def test_an_id_that_is_too_large_is_named() -> None:
    with pytest.raises(ValueError, match="expected ids up to 2147483647, got 2147483648"):
        row_of("a", Trace([Token("a", id=2**31)], [0]))


def test_a_damaged_row_is_named() -> None:
    row = row_of("seven", Trace(["a", "b"], [0, 0]))
    row["offsets"] = np.array([0, 2, 1], np.int32)
    with pytest.raises(ValueError, match="key 'seven' is damaged: offsets: expected to rise"):
        trace_of(table_of([row]))
    row = row_of("seven", Trace(["a", "b"], [0, 0])) | {"ranks": np.array([1], np.int32)}
    with pytest.raises(ValueError, match="key 'seven' is damaged: ranks"):
        trace_of(table_of([row]))


def test_sets_of_traces_without_channels_share_no_columns() -> None:
    bare, full = Trace(["a"], [0]), Trace(["b"], [0], channels={"kl": [1]}, categories={"r": ["x"]})
    both = TraceSet([bare, full])
    assert [both[0], both[1]] == [bare, full]
    assert not both[0].channels
