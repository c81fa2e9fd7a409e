"""A part that was cut off: named where a set is opened, set aside where it is gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model.small import random_lm
from tokenviz import SetWriter, Trace, TraceSet
from tokenviz.sets.arrow import arrow, parquet
from tokenviz.sets.writing import parts_of

TEXTS = [f"The cat number {i}." for i in range(6)]


def cut(part: Path, share: float = 0.5) -> bytes:
    """Keep the beginning of a file alone."""
    left = part.read_bytes()[: int(part.stat().st_size * share)]
    part.write_bytes(left)
    return left


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_scoring_again_makes_what_was_in_it(tmp_path: Path, share: float) -> None:
    lm = random_lm()
    whole = lm.score_set(TEXTS, path=tmp_path)
    keys = whole.keys
    (part,) = parts_of(tmp_path)
    left = cut(part, share)
    with pytest.raises(ValueError, match=rf"path: {part.name} is no Parquet file, or damaged"):
        TraceSet.open(tmp_path)
    with pytest.warns(UserWarning, match=rf"{part.name} is damaged .*it is now .*\.damaged"):
        again = lm.score_set(TEXTS, path=tmp_path)
    assert again.keys == keys and [trace.text for trace in again] == TEXTS
    assert part.with_name(f"_{part.name}.damaged").read_bytes() == left
    assert TraceSet.open(tmp_path).keys == keys
    cut(part, share)
    with pytest.warns(UserWarning, match=r"it is now .*\.damaged-2"):
        lm.score_set(TEXTS, path=tmp_path)
    assert part.with_name(f"_{part.name}.damaged").read_bytes() == left


def test_others_of_its_stretch_stay(tmp_path: Path) -> None:
    lm = random_lm()
    lm.score_set(TEXTS[:3], path=tmp_path)
    lm.score_set(TEXTS, path=tmp_path)
    first, second = parts_of(tmp_path)
    cut(second)
    before = first.stat().st_mtime_ns
    with pytest.warns(UserWarning, match=rf"{second.name} is damaged"):
        again = lm.score_set(TEXTS, path=tmp_path)
    assert sorted(trace.text for trace in again) == TEXTS
    assert first.stat().st_mtime_ns == before


def test_a_writer_goes_on_beside_it(tmp_path: Path) -> None:
    trace = Trace(["a", "b"], [-0.5, -1])
    with SetWriter(tmp_path, part_rows=1) as writer:
        writer.add("a", trace)
        writer.add("b", trace)
    cut(parts_of(tmp_path)[0])
    with pytest.warns(UserWarning, match="its rows count as missing"):
        writer = SetWriter(tmp_path)
    with writer:
        assert writer.keys_done == {"b"}
        writer.add("a", trace)
    assert sorted(TraceSet.open(tmp_path).keys) == ["a", "b"]


def test_what_is_no_damage_is_not_set_aside(tmp_path: Path) -> None:
    with SetWriter(tmp_path) as writer:
        writer.add("a", Trace(["a"], [-0.5]))
    parquet().write_table(arrow().table({"x": [1]}), tmp_path / "other.parquet")
    with pytest.raises(KeyError, match="key"):
        SetWriter(tmp_path)
    assert len(parts_of(tmp_path)) == 2


def test_a_part_that_could_not_be_written_is_not_there(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    writer = SetWriter(tmp_path)
    writer.add("a", Trace(["a"], [-0.5]))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limit[1]))  # as a disk that is full
    try:
        with pytest.raises(OSError, match="File too large"):
            writer.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list(tmp_path.iterdir()) == []
    writer.close()
    assert TraceSet.open(tmp_path).keys == ["a"]
