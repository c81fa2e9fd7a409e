"""Operations in closed form, beside a count of each token and row."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from tokenviz.model.decoder.costs import Shape

SHAPES = st.builds(Shape, st.integers(1, 10**12), st.integers(1, 10**6))


@given(SHAPES, st.integers(0, 40), st.integers(0, 40))
def test_forward_mode_counts_what_each_token_moves(shape: Shape, tokens: int, more: int) -> None:
    rows = tokens + more
    total = 0
    for i in range(tokens):
        for row in range(i, rows):
            total += 2 * shape.weights  # products with weights
            total += 4 * shape.attended * (row + 1)  # with all keys up to the row
            total += 4 * shape.attended * (row - i + 1)  # and with those that move
    assert shape.forward(tokens, rows) == total


@given(SHAPES, st.lists(st.integers(0, 40)))
def test_reverse_mode_counts_each_row_and_those_it_sees(shape: Shape, pulled: list[int]) -> None:
    total = 0
    for rows in pulled:
        for row in range(rows):
            total += 2 * shape.weights + 8 * shape.attended * (row + 1)
    assert shape.reverse(pulled) == total
