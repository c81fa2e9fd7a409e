"""Keys follow from the rows and their order, whoever counts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("ray")

import itertools

from tokenviz.distributed import keys
from tokenviz.distributed.failing import Failed
from tokenviz.sets.arrow import arrow
from tokenviz.sets.given import rows_of


def test_they_are_those_of_one_process() -> None:
    """What tells rows of one call of score_set apart, whatever blocks they lie in."""
    draw = np.random.default_rng(0)
    texts = [f"text {i}" for i in draw.integers(0, 40, 300)]
    expected = [row.key for row in rows_of(texts, "score", {"top_k": 1}).rows]
    assert max(Counter(texts).values()) > 10
    pa = arrow()
    cuts = [0, 1, 1, 7, 100, 300]
    blocks = [
        keys._own(keys._marked(pa.table({"text": texts[a:b]}), "score", {"top_k": 1}))
        for a, b in itertools.pairwise(cuts)
        if b > a
    ]
    assert keys._keys(blocks).to_pylist() == expected
    assert len(keys.numbered(pa.array([], pa.string()))) == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a", "b", "a", "c", "a"], "key: 'a' is there 3 times; give each row its own"),
        ([1, 2, 2, 1], r"key: '1' \(and 1 others\) is there 2 times"),
        (["a", None, "b", None], "key: 2 of 4 rows have none, the first is row 2; give each"),
    ],
)
def test_keys_that_are_no_keys(given: list[object], message: str) -> None:
    pa = arrow()
    table = pa.table({"text": ["same"] * len(given), "key": given})
    blocks = [
        keys._own(keys._marked(part, "score", {})) for part in (table.slice(0, 1), table.slice(1))
    ]
    with pytest.raises(ValueError, match=message):
        keys._keys(blocks)


def test_blocks_without_the_column_are_of_rows_without_a_key() -> None:
    pa = arrow()
    tables = [pa.table({"text": ["a"], "key": ["x"]}), pa.table({"text": ["b", "c"]})]
    blocks = [keys._own(keys._marked(table, "score", {})) for table in tables]
    with pytest.raises(ValueError, match="key: 2 of 3 rows have none, the first is row 2"):
        keys._keys(blocks)


def test_a_block_is_cut_and_a_changed_one_is_refused() -> None:
    pa = arrow()
    table = pa.table({"text": ["a", "b", "a", "c", "a"], "n": [0, 1, 2, 3, 4]})
    marked = keys._marked(table, "score", {})
    own = keys._keys([keys._own(marked)])
    places = np.array([0, 2, 3, 4])
    first, second = keys._cut(marked, places, own.take(pa.array(places)), 10, 3)
    assert first.column("n").to_pylist() == [0, 2, 3] and second.column("n").to_pylist() == [4]
    assert second.column(keys.NUMBER).to_pylist() == [15]
    assert second.column("key")[0].as_py() == own[0].as_py() + "-3"
    assert set(first.column_names) == {"text", "n", "key", keys.NUMBER}
    with pytest.raises(RuntimeError, match="its rows were others when they were read once more"):
        keys._cut(marked, np.array([0, 2, 3, 1]), own.take(pa.array(places)), 10, 3)


def test_an_error_is_packed_with_what_it_says() -> None:
    with pytest.raises(Failed) as raised:
        keys._marked(arrow().table({"body": ["a"]}), "score", {})
    assert "ValueError: texts[0]: expected a column 'text' or 'messages'" in raised.value.args[0][1]
