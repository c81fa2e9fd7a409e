"""The order of rows and columns, against the plainest way to find it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

import tokenviz as tv
from tokenviz.data.arrange import Order, arrange


def largest_first(indices: list[int], key: dict[int, float]) -> list[int]:
    """A selection sort: again and again the first of the largest."""
    left, out = list(indices), []
    while left:
        best = left[0]
        for index in left[1:]:
            if key[index] > key[best] or (np.isnan(key[best]) and not np.isnan(key[index])):
                best = index
        left.remove(best)
        out.append(best)
    return out


def magnitude(values: npt.NDArray[np.float32]) -> float:
    known = [abs(float(value)) for value in values if not np.isnan(value)]
    return sum(known) if known else np.nan


def test_random_matrices_with_ties_nan_and_inf() -> None:
    rng = np.random.default_rng(7)
    some = np.array([0, 1, -1, 2, 0.5, np.nan, np.inf, -np.inf], np.float32)
    for _ in range(300):
        n, m = rng.integers(1, 9), rng.integers(1, 7)
        values = rng.choice(some, size=(n, m))
        row_order = order(rng, m)
        column_order = order(rng, n)
        top_rows = None if rng.random() < 0.5 else int(rng.integers(1, n + 2))
        hidden = [j for j in range(m - 1) if rng.random() < 0.3]

        shown = [j for j in range(m) if j not in hidden]
        by_row = {
            i: magnitude(values[i, shown])
            if isinstance(row_order, str)
            else float(values[i, row_order])
            for i in range(n)
        }
        rows = largest_first(list(range(n)), by_row)[:top_rows]
        if row_order == "original":
            rows.sort()
        by_column = {
            j: magnitude(values[:, j])
            if isinstance(column_order, str)
            else float(values[column_order, j])
            for j in range(m)
        }
        columns = shown if column_order == "original" else largest_first(shown, by_column)

        found = arrange(values, row_order, column_order, top_rows, hidden)
        assert [side.tolist() for side in found] == [rows, columns]


def order(rng: np.random.Generator, count: int) -> Order:
    choices: list[Order] = ["original", "magnitude", int(rng.integers(count))]
    return choices[rng.integers(3)]


def test_tables_and_pictures_follow(tmp_path: object) -> None:
    figure = tv.Attribution(
        np.array([[1, -5, 0], [3, 0.5, 9]], np.float32), ["a", "b"], ["x", "y", "z"]
    ).show(row_order=0, hidden_columns=[1])
    from tokenviz.export.html import twin

    html = twin(figure)["text/html"]
    assert html.index(">b<") < html.index(">a<")
    assert ">y<" not in html
    assert "The figure shows 2 of 3 columns." in html
    pytest.importorskip("matplotlib")
    picture = figure.save(f"{tmp_path}/figure.svg").read_text(encoding="utf-8")
    assert picture.index(">b<") < picture.index(">a<")
    assert ">y<" not in picture
