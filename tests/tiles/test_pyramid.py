"""Tiles against the obvious: the whole matrix pooled at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tiles.arrays import Chunked, Counting, Virtual
from tokenviz.tiles import pyramid as module
from tokenviz.tiles.cache import Cache
from tokenviz.tiles.levels import TILE
from tokenviz.tiles.pooling import pool
from tokenviz.tiles.pyramid import Pyramid
from tokenviz.tiles.reading import Area


@pytest.fixture
def matrix() -> Any:
    values = np.random.default_rng(5).standard_normal((1100, 1500)).astype(np.float32)
    values[3, 4], values[700, :20], values[1099, 1499] = np.inf, np.nan, -9
    return values


def assert_all_tiles(made: Pyramid, matrix: Any) -> None:
    for k, level in enumerate(made.levels):
        whole = pool(matrix, level.row_factor, level.column_factor)
        for i in range(0, level.rows, TILE):
            for j in range(0, level.columns, TILE):
                values, exact = made.tile(k, i // TILE, j // TILE)
                assert exact
                np.testing.assert_array_equal(values, whole[i : i + TILE, j : j + TILE])


def test_small_areas_are_exact(matrix: Any) -> None:
    assert_all_tiles(Pyramid(Counting(matrix)), matrix)


def test_after_pooling_everything_is_exact(matrix: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TILE_BUDGET", 5000)
    monkeypatch.setattr(module, "_SAMPLE", 5000)
    monkeypatch.setattr(module, "_IN_MEMORY", 60_000)
    array = Counting(matrix)
    made = Pyramid(array)
    assert not made.tile(2, 0, 0).exact
    array.cells_read = 0
    rows: list[int] = []
    made.pool(rows.append)
    assert array.cells_read == matrix.size, "read once"
    assert sum(rows) == matrix.shape[0]
    array.cells_read = 0
    for k, level in enumerate(made.levels[3:], start=3):
        values, exact = made.tile(k, 0, 0)
        assert exact
        whole = pool(matrix, level.row_factor, level.column_factor)
        np.testing.assert_array_equal(values, whole[:TILE, :TILE])
    assert made.overview().exact
    assert array.cells_read == 0


def test_large_areas_are_sampled_and_a_texel_shows_one_of_its_cells(
    matrix: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TILE_BUDGET", 50_000)
    monkeypatch.setattr(module, "_SAMPLE", 40_000)
    array = Counting(matrix)
    made = Pyramid(array)
    level = made.levels[3]
    values, exact = made.tile(3, 0, 0)
    assert not exact
    assert array.cells_read <= 40_000
    for i, j in [(0, 0), (5, 5), (values.shape[0] - 1, values.shape[1] - 1), (87, 0)]:
        down, across = level.row_factor, level.column_factor
        cells = matrix[i * down : (i + 1) * down, j * across : (j + 1) * across]
        assert np.isnan(values[i, j]) or values[i, j] in cells


def test_exact_tiles_improve_coarser_ones(matrix: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TILE_BUDGET", TILE * TILE)
    monkeypatch.setattr(module, "_SAMPLE", TILE * TILE)
    made = Pyramid(Counting(matrix))
    k = 2
    level = made.levels[k]
    whole = pool(matrix, level.row_factor, level.column_factor)
    before = made.tile(k, 0, 0).values
    assert not np.array_equal(before, whole)
    last = None
    for i in range(3):
        for j in range(3):
            if made.tile(0, i, j).exact:
                last = made.tile(k, 0, 0).values
    np.testing.assert_array_equal(last, whole)
    assert not np.array_equal(before, whole), "what was handed out does not change"


def test_a_huge_matrix_is_opened_by_reading_little_of_it() -> None:
    array = Virtual((100_000, 100_000), outlier=(512, 512))
    made = Pyramid(array)
    values, exact = made.overview()
    assert not exact
    assert values.size <= 2**16
    assert array.cells_read <= 2**21
    made.overview()
    assert array.cells_read <= 2**21, "kept"
    # The general picture: what is sampled is near the largest of the texel.
    level = made.levels[made.overview_level]
    assert values[0, -1] == pytest.approx(-1, abs=2 * level.column_factor / 1e5)
    assert 7 in made.tile(0, 1, 1).values
    assert array.cells_read <= 2**21 + TILE * TILE


def test_of_chunks_only_some_are_read() -> None:
    matrix = np.add.outer(np.arange(2000), np.arange(3000)).astype(np.float32)
    array = Chunked(matrix, (100, 150))
    made = Pyramid(array)
    reader, whole = made.reader, Area(0, 2000, 0, 3000)
    values, exact = reader.pooled(whole, (8, 8), budget=600_000)
    assert not exact
    assert array.cells_read <= 600_000
    assert values.shape == (250, 375)
    assert not np.isnan(values).any()
    true = pool(matrix, 8, 8)
    # A chunk stands for those that follow it, up to four away here.
    assert np.abs(values - true).max() <= 4 * 100 + 4 * 150
    np.testing.assert_array_equal(values[:12, :18], true[:12, :18])


def test_chunks_that_do_not_align_with_texels() -> None:
    matrix = np.random.default_rng(0).standard_normal((130, 170)).astype(np.float32)
    reader = Pyramid(Chunked(matrix, (7, 11))).reader
    everything = reader._pooled_chunks(Area(32, 130, 64, 170), (4, 4), (7, 11), budget=10**6)
    np.testing.assert_array_equal(everything, pool(matrix[32:, 64:], 4, 4))
    some, exact = reader.pooled(Area(32, 130, 64, 170), (4, 4), budget=2000)
    assert not exact
    assert some.shape == (25, 27)
    assert not np.isnan(some).any()


def test_tiles_that_do_not_exist() -> None:
    made = Pyramid(Counting(np.zeros((5, 5), np.float32)))
    for level, row, column in [(-1, 0, 0), (9, 0, 0), (0, 1, 0), (0, 0, -1)]:
        with pytest.raises(IndexError):
            made.tile(level, row, column)


def test_a_cache_lets_go_of_what_was_unused_longest() -> None:
    cache: Cache[str, str] = Cache(30)
    for name in "abc":
        cache.put(name, name.upper(), 10)
    assert cache.get("a") == "A"
    cache.put("d", "D", 10)
    assert cache.get("b") is None
    assert [key for key, _ in cache.items()] == ["c", "a", "d"]
    cache.put("d", "DD", 20)
    assert cache.held == 30
    assert cache.get("c") is None
    cache.put("huge", "H", 100)
    assert [key for key, _ in cache.items()] == ["huge"], "the latest is held, whatever its size"
