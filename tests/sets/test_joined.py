"""Two sets by key: what changed most, against a loop over the traces."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from tokenviz import Comparison, Token, Trace, TraceSet
from tokenviz.sets.schema import Tokenizer

pytest.importorskip("pyarrow")

TEXTS = ["one two", "three four", "five six", "seven eight", "nine"]


def trace(text: str, logprobs: list[float], *, cut: int = 3, ids: bool = False) -> Trace:
    """The text in pieces of ``cut``, with the first of some log-probabilities."""
    pieces = [text[i : i + cut] for i in range(0, len(text), cut)]
    tokens = [Token(piece, id=i if ids else None) for i, piece in enumerate(pieces)]
    return Trace(tokens, logprobs[: len(pieces)])


@pytest.fixture
def a() -> TraceSet:
    rows = [trace(text, [-0.5, -i, -1, -2]) for i, text in enumerate(TEXTS)]
    return TraceSet(rows, ["0", "1", "2", "3", "4"], prompt_id=["a", "b", "c", "d", "e"])


@pytest.fixture
def b() -> TraceSet:
    rows = [
        trace(TEXTS[3], [-0.5, -1, float("nan"), -4]),
        trace(TEXTS[0], [-0.5, -3, -1.25, -2]),
        trace(TEXTS[2], [-9, -9, -9, -9], cut=4),  # in other tokens
        trace("something else", [-1] * 9),
        trace("beyond", [-1] * 9),
    ]
    return TraceSet(rows, ["3", "0", "2", "1", "9"], prompt_id=["d", "a", "c", "b", "z"])


@pytest.mark.parametrize("where", ["memory", "files"])
def test_what_changed_is_that_of_the_comparison(
    a: TraceSet, b: TraceSet, where: str, tmp_path: Path
) -> None:
    if where == "files":
        a, b = (TraceSet.open(one.save(tmp_path / n)) for n, one in (("a", a), ("b", b)))
    joined = a.join(b)
    assert (len(joined), joined.only) == (4, (1, 1))
    assert joined.keys == ["0", "1", "2", "3"]
    rows = joined.to_arrow().to_pylist()
    assert [row["same_text"] for row in rows] == [True, False, True, True]
    assert [row["same_tokens"] for row in rows] == [True, False, False, True]
    for key in ("0", "3"):
        compared = joined[key]
        assert isinstance(compared, Comparison)
        row = rows[joined.place_of(key)]
        sizes = np.abs(compared.deltas)
        assert row["max_delta"] == pytest.approx(float(np.nanmax(sizes)))
        assert row["max_at"] == int(np.nanargmax(sizes))
    for key in ("0", "2"):  # sums can be compared however a text is cut
        left, right = joined[key].logprobs.sum(1)
        assert rows[joined.place_of(key)]["delta_sum"] == pytest.approx(right - left)
    assert rows[2]["max_delta"] is rows[1]["max_at"] is None
    worst = joined.sort("max_delta", descending=True)
    assert worst.keys == ["0", "3", "1", "2"]
    assert worst.filter("same_tokens").keys == ["0", "3"]
    assert worst[1:2].keys == ["3"]
    assert rows[0]["a.prompt_id"] == rows[0]["b.prompt_id"] == "a"
    with pytest.raises(ValueError, match="b: expected the text of a"):
        joined["1"]
    assert joined.traces("1") == (a["1"], b["1"])
    assert "4 rows of both; 1 more in a alone; 1 more in b alone" in repr(joined)


def test_views_are_joined_as_they_are_and_by_other_columns(a: TraceSet, b: TraceSet) -> None:
    joined = a.sort("key", descending=True)[:4].join(b.filter("key != '1'"), on="prompt_id")
    assert joined.keys == ["3", "2"]
    assert joined.only == (2, 2)


def test_what_cannot_be_joined(a: TraceSet, b: TraceSet) -> None:
    with pytest.raises(ValueError, match="on: there is no column 'x'"):
        a.join(b, on="x")
    twice = TraceSet([a[0], a[1]], ["0", "1"], prompt_id=["a", "a"])
    with pytest.raises(ValueError, match="on: 'a' is there several times in 'prompt_id'"):
        a.join(twice, on="prompt_id")
    with pytest.raises(TypeError, match="other: expected a TraceSet"):
        a.join([a[0]])


def test_other_tokenizers_and_probabilities_are_told(a: TraceSet) -> None:
    one, other = (TraceSet([a[0]], tokenizer=name) for name in ("one", "other"))
    with pytest.warns(UserWarning, match="tokenizers differ: a has 'one', b has 'other'"):
        one.join(other)
    before, after = (
        TraceSet([a[0]], tokenizer=Tokenizer(name, "7ac0")) for name in ("step_100", "step_200")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before.join(after)  # one vocabulary
    warm = TraceSet([Trace(["a"], [0], distribution="temperature")])
    with pytest.warns(UserWarning, match="a has model, b has temperature"):
        TraceSet([Trace(["a"], [0])]).join(warm)


def test_ids_that_differ_are_other_tokens() -> None:
    left = TraceSet([trace("one two", [-1, -1, -1], ids=True)])
    shifted = Trace([Token(t.bytes, id=i + 7) for i, t in enumerate(left[0].tokens)], [-2, -2, -2])
    row = left.join(TraceSet([shifted])).to_arrow().to_pylist()[0]
    assert row["same_text"] and not row["same_tokens"]
