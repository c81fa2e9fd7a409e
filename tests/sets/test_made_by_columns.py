"""The benchmark's set is made by columns: they are what its traces give row by row."""

from pathlib import Path

import pytest

from tokenviz import TraceSet

pytest.importorskip("pyarrow")


def test_a_set_that_is_made_by_columns_is_one(tmp_path: Path) -> None:
    from benchmarks.sets.making import make
    from tokenviz.sets.rows import row_of, table_of

    made = TraceSet.open(make(tmp_path / "set", 40))
    assert len(made) == 40 and made.metadata_columns == ("reward", "step", "prompt_id")
    known = made.to_arrow().to_pylist()
    rows = table_of([row_of(key, made[key]) for key in made.keys]).to_pylist()
    assert set(rows[0]) == set(known[0]) - set(made.metadata_columns)
    for row, own in zip(rows, known, strict=True):
        for name, value in row.items():
            assert own[name] == (pytest.approx(value) if isinstance(value, float) else value), name
    trace = made[7]
    assert trace.text == known[7]["text"] and list(trace.channels) == ["advantage"]
    assert list(trace.flags) == ["loss_mask"]
