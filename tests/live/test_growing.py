"""A growing trace against the whole one: the same columns and labels, whatever was told when."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.strategies import traces
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace, TraceStep
from tokenviz.live.growing import GrowingTrace, Piece
from tokenviz.wire import decode_trace, encode_trace


def steps(trace: Trace) -> list[TraceStep]:
    """A trace as it is told token by token."""
    return [
        TraceStep(
            token,
            float(trace.logprobs[i]),
            int(trace.ranks[i]),
            float(trace.entropies[i]),
            trace.alternatives[i],
            i,
            0,
        )
        for i, token in enumerate(trace.tokens)
    ]


def begun(trace: Trace) -> Trace:
    """The trace before its first token."""
    return Trace([], [], prompt=trace.prompt, distribution=trace.distribution, model=trace.model)


def labelled(wire: dict[str, Any]) -> dict[str, Any]:
    """What ``_data`` says, by position rather than by the numbers of the vocabulary."""

    def numbers(name: str, dtype: str) -> Any:
        return np.frombuffer(wire[name]["view"], dtype).tolist()

    table = wire["vocabulary"]
    kinds = table["kind"]
    kinds = [kinds] * len(table["label"]) if isinstance(kinds, str) else kinds
    entries = list(zip(table["label"], kinds, strict=True))
    return {
        "path": [entries[i] for i in numbers("index", "<u4")],
        "alternatives": [entries[i] for i in numbers("alternative_index", "<u4")],
        "offsets": numbers("offsets", "<u4"),
        **{
            name: bytes(wire[name]["view"])
            for name in ("logprobs", "ranks", "entropies", "alternative_logprobs")
        },
    }


class Reader:
    """What a browser does with pieces, as plainly as can be."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []
        self.positions: list[Any] = []

    def take(self, piece: Piece) -> None:
        content = piece.content
        assert content["start"] <= len(self.positions), "a gap"
        assert content["vocabulary_start"] <= len(self.entries), "a gap"
        table = content["vocabulary"]
        kinds = table["kind"]
        kinds = [kinds] * len(table["label"]) if isinstance(kinds, str) else kinds
        self.entries[content["vocabulary_start"] :] = zip(table["label"], kinds, strict=True)
        n, k = content["positions"], content["alternatives"]
        words = np.frombuffer(piece.columns, "<u4")
        assert len(words) == 5 * n + 2 * k
        index, logprobs, ranks, entropies, counts, *_ = np.split(words[: 5 * n], 5)
        alternatives = words[5 * n : 5 * n + k]
        numbers = words[5 * n + k :].view("<f4")
        del self.positions[content["start"] :]
        at = 0
        for row in range(n):
            owned = slice(at, at + counts[row])
            self.positions.append(
                (
                    self.entries[index[row]],
                    logprobs[row],
                    ranks[row],
                    entropies[row],
                    [self.entries[i] for i in alternatives[owned]],
                    numbers[owned].tolist(),
                )
            )
            at += int(counts[row])

    def labelled(self) -> dict[str, Any]:
        column = list(zip(*self.positions, strict=True)) or [()] * 6
        counts = [len(own) for own in column[4]]
        return {
            "path": list(column[0]),
            "alternatives": [entry for own in column[4] for entry in own],
            "offsets": np.cumsum([0, *counts]).tolist(),
            "logprobs": np.array(column[1], "<u4").tobytes(),
            "ranks": np.array(column[2], "<u4").tobytes(),
            "entropies": np.array(column[3], "<u4").tobytes(),
            "alternative_logprobs": np.array(
                [number for own in column[5] for number in own], "<f4"
            ).tobytes(),
        }


@st.composite
def cut_text(draw: st.DrawFn) -> Trace:
    """Text that tokens cut wherever they like, also within characters; some of them special."""
    data = draw(st.text(st.sampled_from("aé東😀 \u0301"), max_size=6)).encode()
    cuts = sorted(draw(st.sets(st.integers(0, len(data)))) | {0, len(data)})
    pieces = [data[a:b] for a, b in pairwise(cuts)]
    pieces += draw(st.lists(st.binary(max_size=2), max_size=3))
    tokens = [Token(piece, special=draw(st.integers(0, 9)) == 0) for piece in pieces]
    return Trace(tokens, [-0.5] * len(tokens))


@given(traces() | cut_text(), st.data())
def test_pieces_add_up_to_the_whole(trace: Trace, data: st.DataObject) -> None:
    growing, reader = GrowingTrace(begun(trace)), Reader()
    for step in steps(trace):
        growing.append(step)
        if data.draw(st.booleans(), "told now"):
            piece = growing.news()
            assert piece is not None
            reader.take(piece)
            assert reader.labelled() == labelled(growing.wire())
    if (piece := growing.news()) is not None:
        reader.take(piece)
    assert growing.news() is None
    assert reader.labelled() == labelled(growing.wire()) == labelled(encode_trace(trace))


@given(traces(), st.data())
def test_a_reader_that_missed_something_asks_again(trace: Trace, data: st.DataObject) -> None:
    growing = GrowingTrace(begun(trace))
    for step in steps(trace):
        growing.append(step)
    reader = Reader()
    reader.take(growing.piece(0, 0))
    known = data.draw(st.integers(0, len(trace)), "positions known")
    entries = data.draw(st.integers(0, len(reader.entries)), "entries known")
    reader.take(growing.piece(known, entries))
    assert reader.labelled() == labelled(encode_trace(trace))


@given(traces())
def test_so_far_is_the_trace_itself(trace: Trace) -> None:
    growing = GrowingTrace(begun(trace))
    for length, step in enumerate(steps(trace)):
        assert len(growing) == length
        growing.append(step)
    so_far = growing.trace()
    assert so_far.partial
    assert so_far.tokens == trace.tokens
    assert list(so_far.alternatives) == list(trace.alternatives)
    np.testing.assert_array_equal(so_far.logprobs, trace.logprobs)
    decoded = decode_trace(growing.wire())
    assert decoded.tokens == trace.tokens
    np.testing.assert_array_equal(decoded.offsets, trace.offsets)


def test_a_character_in_pieces_is_labelled_when_it_is_whole() -> None:
    emoji = "😀".encode()
    trace = Trace(["a", emoji[:1], emoji[1:3], emoji[3:], "b"], [-1.0] * 5)
    growing, told = GrowingTrace(begun(trace)), []
    for step in steps(trace):
        growing.append(step)
        piece = growing.news()
        assert piece is not None
        told.append((piece.content["start"], piece.content["positions"]))
    # The third piece completes it, so that the two before it are told again, and nothing else is.
    assert told == [(0, 1), (1, 1), (2, 1), (1, 3), (4, 1)]
    assert [label for label, _ in labelled(growing.wire())["path"]] == [
        "a", "😀 1/3", "😀 2/3", "😀 3/3", "b",
    ]  # fmt: skip


def test_a_piece_costs_what_it_adds() -> None:
    alternatives = [[(f" {j}", -2.0 - j) for j in range(5)]] * 3000
    trace = Trace([f" {i % 50}" for i in range(3000)], [-0.5] * 3000, alternatives)
    growing, sizes = GrowingTrace(begun(trace)), []
    for step in steps(trace):
        growing.append(step)
        piece = growing.news()
        assert piece is not None
        sizes.append(len(piece.columns))
    assert set(sizes) <= {4 * (5 + 2 * 5), 4 * (5 + 2 * 4)}


def test_it_begins_without_tokens() -> None:
    with pytest.raises(ValueError, match="begun: expected a trace without tokens, got 1"):
        GrowingTrace(Trace(["a"], [-1.0]))
