"""A local cluster of several processes, of which one is killed in the middle."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tokenviz
from tokenviz import distributed
from tokenviz.sets.trace_set import TraceSet

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own

SOURCE = str(Path(tokenviz.__file__).parents[1])
TEXTS = [f"What is {i} x 34?" for i in range(48)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", SOURCE)
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    patch.setenv("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    patch.setenv("RAY_raylet_start_wait_time_s", "120")
    patch.setenv("RAY_agent_register_timeout_ms", "120000")
    import ray

    for attempt in range(3):  # Ray waits for its own processes 15 s, which a busy machine exceeds
        try:
            ray.init(
                num_cpus=2, include_dashboard=False, object_store_memory=100 * 2**20,
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


def rows_of(made: TraceSet) -> list[tuple[str, int]]:
    frame = made.to_pandas()
    return sorted(zip(frame["text"].tolist(), frame["number"].tolist(), strict=True))


def test_a_process_that_is_killed_loses_and_doubles_nothing(cluster: Any, tmp_path: Path) -> None:
    folder, loads = tmp_path / "set", tmp_path / "loads"
    loads.mkdir()

    def load() -> Any:
        import tokenviz as tv

        lm = tv.load_model()
        # Slow enough to be met in the middle.
        lm.model.register_forward_pre_hook(lambda module, given: time.sleep(0.05))
        (loads / str(os.getpid())).touch()
        return lm

    killed: list[int] = []

    def kill() -> None:
        while len(list(folder.glob("*.parquet"))) < 2 and not over.wait(0.01):
            pass
        pids = [int(file.name) for file in loads.iterdir()]
        if pids and not over.is_set():
            os.kill(pids[0], signal.SIGKILL)
            killed.append(pids[0])
            left.append(24 - len(list(folder.glob("*.parquet"))))

    left: list[int] = []
    over = threading.Event()
    killer = threading.Thread(target=kill)
    killer.start()
    given = [{"text": text, "number": i} for i, text in enumerate([*TEXTS, ""])]
    try:
        made = distributed.score(
            given, load, path=folder, concurrency=1, num_cpus=1, rows_per_task=2, top_k=1
        )
    finally:
        over.set()
        killer.join()
    assert len(killed) == 1 and left[0] > 10
    assert len(list(loads.iterdir())) >= 2  # another was started in its place
    assert rows_of(made) == sorted((text, i) for i, text in enumerate(TEXTS))
    assert [(one.file, one.line) for one in made.rejected] == [("dataset", 49)]
    lm = tokenviz.load_model()
    expected = lm.score(TEXTS[5], top_k=1)
    found = next(trace for trace in made if trace.text == TEXTS[5])
    assert found.tokens == expected.tokens
    assert abs(found.logprobs - expected.logprobs)[1:].max() < 1e-4
    # Again: what is there is left alone.
    before = {file: file.stat().st_mtime_ns for file in folder.glob("*.parquet")}
    more = distributed.score(
        [*given, {"text": "What is 2 x 2?", "number": 100}], load, path=folder, num_cpus=1, top_k=1
    )
    assert len(more) == len(TEXTS) + 1
    with pytest.raises(ValueError, match="holds a set made with top_k=1, now 2"):
        distributed.score(given, load, path=folder, top_k=2)
    assert all(file.stat().st_mtime_ns == then for file, then in before.items())
