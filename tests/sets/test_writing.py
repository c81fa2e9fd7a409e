"""Parts are whole or not there, and each key is written once."""

import multiprocessing
import os
import signal
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import numpy as np
import pytest

from tokenviz import SetWriter, Trace, TraceSet
from tokenviz.sets.writing import parts_of

pytest.importorskip("pyarrow")


def trace(i: int) -> Trace:
    return Trace(["a", f"{i}"], [-0.5, -i])


def test_what_is_written_is_read_with_the_users_columns(tmp_path: Path) -> None:
    with SetWriter(tmp_path / "set", part_rows=2) as writer:
        for i in range(5):
            writer.add(f"k{i}", trace(i), reward=np.float32(i / 2), label=None if i % 2 else "good")
        assert "k4" in writer.keys_done
    assert len(parts_of(tmp_path / "set")) == 3
    found = TraceSet.open(tmp_path / "set")
    assert found.keys == [f"k{i}" for i in range(5)]
    assert [*found] == [trace(i) for i in range(5)]
    assert found.to_arrow(["reward", "label"]).to_pydict() == {
        "reward": [0, 0.5, 1, 1.5, 2],
        "label": ["good", None, "good", None, "good"],
    }


def test_a_key_is_written_once_also_when_work_is_taken_up_again(tmp_path: Path) -> None:
    with SetWriter(tmp_path) as writer:
        writer.add("a", trace(1), step=1)
        with pytest.raises(ValueError, match="key: 'a' is there already"):
            writer.add("a", trace(2), step=1)
    with SetWriter(tmp_path) as writer:
        assert writer.keys_done == {"a"}
        with pytest.raises(ValueError, match="key: 'a' is there already"):
            writer.add("a", trace(2), step=1)
        writer.add("b", trace(2), step=2)
    assert TraceSet.open(tmp_path).keys == ["a", "b"]


def test_what_is_done_is_kept_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), SetWriter(tmp_path) as writer:
        writer.add("a", trace(1))
        raise KeyboardInterrupt
    assert TraceSet.open(tmp_path).keys == ["a"]


def test_parts_of_the_same_name_are_replaced(tmp_path: Path) -> None:
    """As where a task is done again that was killed after it wrote."""
    with SetWriter(tmp_path, name="other") as writer:
        writer.add("x", trace(0))
    for keys in (("a", "b", "c"), ("a", "b")):
        with SetWriter(tmp_path, name="block-7", part_rows=1) as writer:
            assert writer.keys_done == {"x"}
            for i, key in enumerate(keys):
                writer.add(key, trace(i))
    assert sorted(TraceSet.open(tmp_path).keys) == ["a", "b", "x"]


def test_an_empty_folder_becomes_a_set_without_rows(tmp_path: Path) -> None:
    with SetWriter(tmp_path):
        pass
    found = TraceSet.open(tmp_path)
    assert (len(found), [*found], found.keys) == (0, [], [])
    assert len(found.filter("n_tokens > 1").sort("mean_logprob")) == 0
    with SetWriter(tmp_path) as writer:
        writer.add("a", trace(1), reward=1)
    assert TraceSet.open(tmp_path).filter(reward=1).keys == ["a"]


def test_columns_get_wider_but_not_something_else(tmp_path: Path) -> None:
    with SetWriter(tmp_path, part_rows=1) as writer:
        writer.add("a", trace(1), reward=None)
        writer.add("b", trace(1), reward=1)
        writer.add("c", trace(1), reward=0.5)
        with pytest.raises(TypeError, match=r"metadata\['reward'\]: expected double as before"):
            writer.add("d", trace(1), reward="high")
        with pytest.raises(ValueError, match="'Reward' and 'reward' differ in capitals alone"):
            writer.add("d", trace(1), Reward=1)
        with pytest.raises(ValueError, match="'model' is a column of every set"):
            writer.add("d", trace(1), model="x")
        with pytest.raises(ValueError, match=r"'mean\.kl' is a column of every set, or begins"):
            writer.add("d", trace(1), **{"mean.kl": 1})
        with pytest.raises(TypeError, match="expected a number, text, date, list or None"):
            writer.add("d", trace(1), thing=object())
    with SetWriter(tmp_path) as writer, pytest.raises(TypeError, match="expected double as before"):
        writer.add("e", trace(1), reward="high")
    found = TraceSet.open(tmp_path)
    assert found.to_arrow(["reward"])["reward"].to_pylist() == [None, 1, 0.5]
    assert found.sort("reward").keys == ["c", "b", "a"]


def test_a_folder_has_rows_of_one_tokenizer(tmp_path: Path) -> None:
    with SetWriter(tmp_path, tokenizer="one") as writer:
        writer.add("a", trace(1))
    with pytest.raises(ValueError, match="holds rows of 'one', and these are of 'other'"):
        SetWriter(tmp_path, tokenizer="other")
    assert TraceSet.open(tmp_path).tokenizer == ("one", None)


def write(folder: Path, first: int, count: int, ready: Barrier) -> None:
    ready.wait()
    with SetWriter(folder, part_rows=7) as writer:
        for i in range(first, first + count):
            writer.add(f"{i}", trace(i))


def write_until_killed(folder: Path, wrote: Event) -> None:
    writer = SetWriter(folder, part_rows=3)
    for i in range(1000, 1008):  # two parts, and two rows that wait
        writer.add(f"{i}", trace(i))
    wrote.set()
    signal.pause()


def test_several_processes_write_into_one_folder_and_one_is_killed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, wrote = context.Barrier(2), context.Event()
    workers = [
        context.Process(target=write, args=(tmp_path, 100 * i, 20, barrier)) for i in range(2)
    ]
    victim = context.Process(target=write_until_killed, args=(tmp_path, wrote))
    for process in (*workers, victim):
        process.start()
    assert wrote.wait(120)
    os.kill(victim.pid, signal.SIGKILL)
    for process in (*workers, victim):
        process.join(120)
    assert [process.exitcode for process in workers] == [0, 0]
    expected = {*range(20), *range(100, 120), *range(1000, 1006)}
    found = TraceSet.open(tmp_path)
    assert sorted(map(int, found.keys)) == sorted(expected)
    assert all(found[str(i)] == trace(i) for i in (3, 119, 1005))
    with SetWriter(tmp_path) as writer:
        assert writer.keys_done == {str(i) for i in expected}
