"""A local cluster of several processes: some are killed, some fail, and two share a GPU."""

from __future__ import annotations

import functools
import gc
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz
from tokenviz import distributed
from tokenviz.distributed.failing import unpacked
from tokenviz.distributed.keys import NUMBER
from tokenviz.distributed.writer import Writer
from tokenviz.sets.arrow import arrow, parquet
from tokenviz.sets.holding import held
from tokenviz.sets.trace_set import TraceSet
from tokenviz.sets.writing import parts_of

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own

SOURCE = str(Path(tokenviz.__file__).parents[1])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    patch = pytest.MonkeyPatch()
    # Where this is installed, jsonschema reads a grammar for a second or two in each of Ray's
    # processes, for a format that none of them asks for; it does without.
    quick = tmp_path_factory.mktemp("quick")
    (quick / "rfc3987_syntax.py").write_text("raise ImportError")
    patch.setenv("PYTHONPATH", f"{SOURCE}{os.pathsep}{quick}")
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    patch.setenv("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    patch.setenv("RAY_raylet_start_wait_time_s", "120")
    patch.setenv("RAY_agent_register_timeout_ms", "120000")
    import ray

    for attempt in range(3):  # Ray waits for its own processes 15 s, which a busy machine exceeds
        try:
            ray.init(
                num_cpus=2, num_gpus=1, include_dashboard=False, object_store_memory=100 * 2**20,
                log_to_driver=False, _node_ip_address="127.0.0.1",
            )  # fmt: skip
            break
        except Exception:
            ray.shutdown()
            if attempt == 2:
                raise
    yield ray
    ray.shutdown()
    patch.undo()
    with warnings.catch_warnings():  # of Ray's processes, which it forgets
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def slow_model(loads: Path) -> Any:
    """What loads the bundled model, named after its process, and slow enough to be met at work."""

    def load() -> Any:
        import tokenviz as tv

        bundled = tv.load_model()
        lm = tv.LanguageModel(bundled.model, bundled.tokenizer, name=f"process {os.getpid()}")
        lm.embedding.register_forward_pre_hook(lambda module, given: time.sleep(0.05))
        (loads / str(os.getpid())).touch()
        return lm

    return load


def writers(folder: Path) -> dict[Path, set[str]]:
    """Of each part which processes made its rows."""
    return {part: set(keys_and(part, "model")) for part in parts_of(folder)}


def keys_and(part: Path, column: str) -> list[Any]:
    return parquet().read_table(part, columns=[column]).column(column).to_pylist()


def test_of_two_that_share_a_gpu_one_is_killed(cluster: Any, tmp_path: Path) -> None:
    folder, loads = tmp_path / "set", tmp_path / "loads"
    loads.mkdir()
    load = slow_model(loads)
    killed: list[int] = []
    left: list[int] = []

    def kill() -> None:
        """When both have written."""
        while len(set().union(*writers(folder).values())) < 2:
            if over.wait(0.02):
                return
        pid = int(next(iter(loads.iterdir())).name)
        left.append(50 - len(parts_of(folder)))
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    over = threading.Event()
    killer = threading.Thread(target=kill)
    killer.start()
    text = "What is 12 x 34?"
    given = [{"text": text, "number": i} for i in range(200)]
    given.insert(100, {"text": "", "number": -1})

    def call(more: Sequence[Any] = (), **options: Any) -> TraceSet:
        return distributed.score(
            [*given, *more], load, path=folder, num_gpus=0.5, rows_per_task=4, top_k=1,
            **{"concurrency": 2, **options},
        )  # fmt: skip

    try:
        made = call()
    finally:
        over.set()
        killer.join()
    assert len(killed) == 1 and left[0] > 10
    loaded = {int(file.name) for file in loads.iterdir()}
    assert len(loaded) == 3  # two at once, and one in the place of the one that was killed
    wrote = {int(name.split()[1]) for names in writers(folder).values() for name in names}
    assert len(wrote) >= 2  # the killed one's only batch may have been done, and written, again
    assert [(one.file, one.line) for one in made.rejected] == [("dataset", 101)]
    frame = made.to_pandas().reset_index()
    assert frame["number"].tolist() == [*range(200)]
    by_number = frame["key"].tolist()
    assert [key.partition("-")[2] for key in by_number] == ["", *map(str, range(2, 201))]
    lm = tokenviz.load_model()
    same = lm.score(text, top_k=1)
    assert made[7].tokens == same.tokens
    assert abs(made[7].logprobs - same.logprobs)[1:].max() < 1e-4
    assert [*folder.glob(".*")] == []

    # Again, without the row that cannot be made: no model is loaded.
    given.pop(100)
    before = {part: part.stat().st_mtime_ns for part in parts_of(folder)}
    assert call(batch_size=3).keys == by_number
    assert {int(file.name) for file in loads.iterdir()} == loaded
    # Some are gone, another is cut off, one row is new: these alone are made.
    gone, damaged = parts_of(folder)[10:12], parts_of(folder)[20]
    lost = {key for part in (*gone, damaged) for key in keys_and(part, "key")}
    for part in gone:
        part.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-100])
    with pytest.warns(UserWarning, match=rf"{damaged.name} is damaged"):
        more = call([{"text": text, "number": 200}], concurrency=1)
    assert more.to_pandas()["number"].tolist() == [*range(201)]
    assert more.keys[:200] == by_number
    kept = {part for part in before if part not in (*gone, damaged)}
    assert {part.stat().st_mtime_ns for part in kept} == {before[part] for part in kept}
    new = [part for part in parts_of(folder) if part not in kept]
    assert {key for part in new for key in keys_and(part, "key")} == {
        *lost, *(set(more.keys) - set(by_number))
    }  # fmt: skip


def test_an_error_is_what_was_raised(cluster: Any, tmp_path: Path) -> None:
    def broken() -> Any:
        raise ValueError("no weights on Tuesdays")

    folder = tmp_path / "set"
    with pytest.raises(ValueError, match=r"^no weights on Tuesdays$") as raised:
        distributed.score(["a", "b"], broken, path=folder, rows_per_task=1)
    assert type(raised.value) is ValueError and raised.value.__suppress_context__
    cause = str(raised.value.__cause__)
    assert "in broken" in cause and "ray/data" not in cause
    assert [file.name for file in folder.iterdir()] == ["_asked.json"]


@pytest.mark.parametrize(
    ("model", "options", "kind", "message"),
    [
        ("/nowhere/at/all", {}, OSError, "/nowhere/at/all"),
        (None, {"topk": 3}, TypeError, "score_set has no option 'topk'"),
        (lambda: 3, {}, TypeError, "model: the function was expected to give a LanguageModel"),
    ],
)
def test_what_an_actor_cannot_be_made_of(
    cluster: Any, tmp_path: Path, model: Any, options: Any, kind: type[Exception], message: str
) -> None:
    """As above, in this process."""
    actor = Writer("score", str(tmp_path), "", model, {}, options)
    with pytest.raises(kind, match=message) as raised, unpacked():
        actor(arrow().table({"text": ["a"]}))
    assert "in __init__" in str(raised.value.__cause__)


def test_who_outlives_its_call_writes_no_more(cluster: Any, tmp_path: Path) -> None:
    given = arrow().table({"text": ["a b"], "key": ["k"], NUMBER: [1]})
    with held(tmp_path) as word:
        actor = Writer("score", str(tmp_path), word, None, {}, {})
    with held(tmp_path), pytest.raises(RuntimeError, match="is over; nothing"), unpacked():
        actor(given)
    assert parts_of(tmp_path) == []


def test_who_dies_of_its_rows_is_not_begun_anew_without_end(cluster: Any, tmp_path: Path) -> None:
    given = arrow().table({"text": ["a b"], "key": ["k"], NUMBER: [1]})
    with held(tmp_path) as word:
        begun = [Writer("score", str(tmp_path), word, None, {}, {}) for _ in range(3)]
        begun[2](given)
        assert len(parts_of(tmp_path)) == 1  # and all is well
        begun = [Writer("score", str(tmp_path), word, None, {}, {}) for _ in range(4)]
        said = "died 3 times in a row, the last time of the rows it had"
        with pytest.raises(RuntimeError, match=said), unpacked():
            begun[3](given)


def test_who_dies_while_loading_is_not_begun_anew_without_end(cluster: Any, tmp_path: Path) -> None:
    def dies() -> Any:
        with (tmp_path / "loads").open("a") as file:
            file.write("x")
        os._exit(3)

    said = r"^model: the process .* died 3 times in a row, the last time while it loaded the model"
    with pytest.raises(RuntimeError, match=said):
        distributed.score(["a", "b"], dies, path=tmp_path / "set", rows_per_task=1)
    assert (tmp_path / "loads").read_text() == "xxx"


def test_what_is_refused_before_anything_is_loaded(cluster: Any, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    score = functools.partial(distributed.score, path=folder)
    with pytest.raises(ValueError, match="num_gpus: each actor takes 2, and no machine has more"):
        score(["a"], num_gpus=2, model=None)
    assert not folder.exists()
    with held(folder), pytest.raises(BlockingIOError, match="another call is writing into"):
        score(["a"], None)
    rows = [{"text": "a", "key": key} for key in ("x", "y", "x")]
    with pytest.raises(ValueError, match=r"^key: 'x' is there 2 times; give each row its own"):
        score(rows, None)
    with pytest.raises(ValueError, match=r"^texts\[0\]: expected a column 'text' or 'messages'"):
        score([{"body": "a"}], None)
    with pytest.raises(ValueError, match="holds a set made with model=None, now 'other'"):
        score(["a"], "other")
    with pytest.raises(ValueError, match="holds a set made with top_k=5, now 2"):
        score(["a"], None, top_k=2)
    assert len(score([], None)) == 0


def test_rows_of_files_are_numbered_in_their_order(cluster: Any, tmp_path: Path) -> None:
    for i in range(4):
        rows = [{"prompt": "12 x 34 =", "n": 3 * i + k} for k in range(3)]
        parquet().write_table(arrow().Table.from_pylist(rows), tmp_path / f"{i}.parquet")
    dataset = cluster.data.read_parquet(str(tmp_path))
    options = {"temperature": 1.0, "seed": 1, "max_new_tokens": 4}
    made = distributed.generate(dataset, None, path=tmp_path / "set", rows_per_task=5, **options)
    frame = made.to_pandas().reset_index()
    assert frame["n"].tolist() == [*range(12)]
    assert [key.partition("-")[2] for key in frame["key"]] == ["", *map(str, range(2, 13))]
    assert len({trace.text for trace in made}) > 1
    assert not dataset.context.execution_options.preserve_order  # as it was


def test_two_actors_attribute_as_attribute_does(cluster: Any) -> None:
    class Named(distributed.Attributor):
        def __call__(self, batch: Any) -> Any:
            time.sleep(0.2)
            pids = arrow().array([os.getpid()] * len(batch))
            return super().__call__(batch).append_column("pid", pids)

    lm = tokenviz.load_model()
    prompts = [f"{i} x 34 =" for i in range(12, 24)]
    found = (
        cluster.data.from_items([{"prompt": one, "target": " 4"} for one in prompts])
        .map_batches(
            Named, fn_constructor_kwargs={"method": "input_x_gradient"}, batch_format="pyarrow",
            batch_size=1, compute=cluster.data.ActorPoolStrategy(size=2), num_cpus=0.5,
        )
        .take_all()
    )  # fmt: skip
    assert len({row["pid"] for row in found}) == 2
    assert sorted(row["prompt"] for row in found) == prompts
    for row in found:
        why = lm.attribute(row["prompt"], targets=[" 4"], method="input_x_gradient")
        assert row["attribution_tokens"] == [token.text for token in why.tokens]
        np.testing.assert_allclose(row["attribution_values"], why.values[:, 0], 1e-4, 1e-5)
