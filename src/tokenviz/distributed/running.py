"""From a dataset to a set of traces on a cluster of Ray, each row once whatever dies on the way.

Rows get their keys first. What the folder has already is left out; what is left goes through a pool
of actors that each hold the model, and is written by them, a file for each batch, whose name is a
hash of the keys in it. When an actor dies, Ray has another do its batch again: a file that was
written before is replaced by the same, and none is written twice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenviz._optional import require
from tokenviz.distributed.steps import KEY, REASON, Generator, ModelSource, Scorer, Step
from tokenviz.model.scoring.given import Task, rows_of
from tokenviz.model.scoring.making import check_asked
from tokenviz.sets.arrow import arrow, parquet
from tokenviz.sets.rows import facts_of, table_of
from tokenviz.sets.saving import Rejected, write_rejected
from tokenviz.sets.schema import tokenizer_of
from tokenviz.sets.trace_set import TraceSet
from tokenviz.sets.writing import parts_of, write_part

__all__ = ["generate", "score"]

_EXTRA = "tokenviz-widget[ray]"


def score(
    dataset: Any,
    model: ModelSource,
    *,
    path: str | Path,
    concurrency: int | tuple[int, int] = 1,
    num_cpus: float | None = None,
    num_gpus: float | None = None,
    rows_per_task: int = 256,
    from_pretrained: Mapping[str, Any] | None = None,
    **options: Any,
) -> TraceSet:
    """Score a dataset on a cluster of Ray, into a set of traces.

    Parameters
    ----------
    dataset
        A ``ray.data.Dataset``, or what :meth:`LanguageModel.score_set` takes as texts, with a
        column ``text`` (and perhaps ``prompt``) or ``messages``. Other columns become columns of
        the set.
    model
        A name, a folder, or a function without arguments that gives a
        :class:`tokenviz.LanguageModel`: each actor loads its own.
    path
        The folder of the set, which all machines of the cluster can write into. The same call with
        the same folder computes only what is missing.
    concurrency
        How many actors hold the model; or the fewest and the most.
    num_cpus, num_gpus
        What each of them takes, fractions too; for a model over several GPUs their number, with
        ``from_pretrained={"device_map": "auto"}``.
    rows_per_task
        How many rows an actor is given at a time: what is done again when it dies.
    from_pretrained
        For :func:`tokenviz.load_model`.
    options
        As for :meth:`LanguageModel.score_set`: ``top_k``, ``batch_size``, and how chats become
        text.

    Returns
    -------
    TraceSet
        Its rows are in the order in which they were done; sort them by a column of yours, or find
        them by key. What could not be scored is in ``rejected``, by number in the dataset where
        that is known, with the reason.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or a column that is expected is missing.
    ImportError
        If Ray is not installed.

    Notes
    -----
    A cluster that is running is used, else one is started on this machine, whose usage statistics
    are off.
    """
    return _run(
        Scorer, dataset, model, path, concurrency, num_cpus, num_gpus, rows_per_task,
        from_pretrained, options,
    )  # fmt: skip


def generate(
    dataset: Any,
    model: ModelSource,
    *,
    path: str | Path,
    concurrency: int | tuple[int, int] = 1,
    num_cpus: float | None = None,
    num_gpus: float | None = None,
    rows_per_task: int = 64,
    from_pretrained: Mapping[str, Any] | None = None,
    **options: Any,
) -> TraceSet:
    """Continue the prompts of a dataset on a cluster of Ray, into a set of traces.

    Parameters
    ----------
    dataset, model, path, concurrency, num_cpus, num_gpus, rows_per_task, from_pretrained
        As for :func:`score`; of the columns ``prompt``, ``messages`` and ``text`` the first that
        there is.
    options
        As for :meth:`LanguageModel.generate_set`.

    Returns
    -------
    TraceSet
        As for :func:`score`.

    Raises
    ------
    TypeError, ValueError, ImportError
        As for :func:`score`.
    """
    return _run(
        Generator, dataset, model, path, concurrency, num_cpus, num_gpus, rows_per_task,
        from_pretrained, options,
    )  # fmt: skip


def _run(
    step: type[Step],
    dataset: Any,
    model: ModelSource,
    path: str | Path,
    concurrency: int | tuple[int, int],
    num_cpus: float | None,
    num_gpus: float | None,
    rows_per_task: int,
    from_pretrained: Mapping[str, Any] | None,
    options: Mapping[str, Any],
) -> TraceSet:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = require("ray", feature="tokenviz.distributed", install=_EXTRA)
    data = require("ray.data", feature="tokenviz.distributed", install=_EXTRA)
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False)
    folder = Path(path).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    named = (
        model
        if isinstance(model, str) or model is None
        else getattr(model, "__qualname__", type(model).__name__)
    )
    named = str(model) if isinstance(model, Path) else named
    asked = {"model": named, **options}
    check_asked(folder, {"task": step.task, **asked})
    rows = dataset if isinstance(dataset, data.Dataset) else _dataset(data, dataset)
    done = {key for part in parts_of(folder) for key in _keys(part)}
    keyed = rows.map_batches(
        _Keys, fn_constructor_args=[step.task, asked, ray.put(done)], batch_format="pyarrow",
        batch_size=rows_per_task, concurrency=1, num_cpus=0,
    )  # fmt: skip
    least, most = (concurrency, concurrency) if isinstance(concurrency, int) else concurrency
    written = keyed.map_batches(
        _Written,
        fn_constructor_kwargs={
            "step": step, "folder": str(folder), "model": model,
            "from_pretrained": dict(from_pretrained or {}), "options": dict(options),
        },
        batch_format="pyarrow",
        batch_size=rows_per_task,
        compute=data.ActorPoolStrategy(min_size=least, max_size=most),
        num_cpus=num_cpus,
        num_gpus=num_gpus,
        max_restarts=-1,
        max_task_retries=-1,
    )  # fmt: skip
    rejected = [
        Rejected("dataset", row["number"], row["reason"])
        for row in written.take_all()
        if row["reason"] is not None
    ]
    rejected.sort(key=lambda one: one.line or 0)
    if not parts_of(folder):
        write_part(table_of([]), folder / "part-none.parquet", facts_of([], None))
    write_rejected(folder, rejected)
    return TraceSet.open(folder)


def _dataset(data: Any, source: Any) -> Any:
    """A dataset of what is no dataset yet."""
    if isinstance(source, list):
        return data.from_items([_columns_of(entry) for entry in source])
    if hasattr(source, "to_batches"):
        return data.from_arrow(source)
    if hasattr(source, "columns") and hasattr(source, "to_dict"):
        return data.from_arrow(arrow().Table.from_pandas(source, preserve_index=False))
    if isinstance(source, str | Path):
        suffix = Path(source).suffix
        read = {".jsonl": data.read_json, ".json": data.read_json, ".csv": data.read_csv}
        return read.get(suffix, data.read_parquet)(str(source))
    raise TypeError(
        "dataset: expected a ray.data.Dataset, a list, a table, or the path of a file, got "
        f"{type(source).__name__}"
    )


def _columns_of(entry: Any) -> Mapping[str, Any]:
    """An entry of a list as a row."""
    if isinstance(entry, Mapping):
        return entry
    if isinstance(entry, tuple) and len(entry) == 2:
        return {"prompt": entry[0], "text": entry[1]}
    is_chat = isinstance(entry, list) and bool(entry) and isinstance(entry[0], Mapping)
    return {"messages": entry} if is_chat else {"text": entry}


class _Keys:
    """Gives rows keys and numbers, and leaves out those that are done. One process sees all."""

    def __init__(self, task: Task, asked: Mapping[str, Any], done: Any) -> None:
        self._task, self._asked, self._number = task, asked, 0
        self._done = require("ray", feature="tokenviz.distributed", install=_EXTRA).get(done)
        self._times: dict[str, int] = {}

    def __call__(self, table: Any) -> Any:
        pa = arrow()
        has_keys = KEY in table.column_names
        keys = []
        for row in rows_of(table, self._task, self._asked).rows:
            key = row.key
            if not has_keys:
                key = key.partition("-")[0]
                self._times[key] = self._times.get(key, 0) + 1
                key = key if self._times[key] == 1 else f"{key}-{self._times[key]}"
            keys.append(key)
        numbers = pa.array(range(self._number + 1, self._number + len(keys) + 1), pa.int64())
        self._number += len(keys)
        if has_keys:
            table = table.drop_columns([KEY])
        table = table.append_column(KEY, pa.array(keys, pa.string()))
        table = table.append_column("__number", numbers)
        return table.filter(pa.array([key not in self._done for key in keys], pa.bool_()))


class _Written:
    """Applies a step and writes what it gives; tells what could not be made."""

    def __init__(
        self,
        step: type[Step],
        folder: str,
        model: ModelSource,
        from_pretrained: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> None:
        self._step = step(model, from_pretrained=from_pretrained, **options)
        self._folder = Path(folder)

    def __call__(self, table: Any) -> Any:
        pa = arrow()
        numbers = table.column("__number")
        made = self._step(table.drop_columns(["__number"]))
        reasons = made.column(REASON)
        rows = made.drop_columns([REASON]).filter(reasons.is_null())
        if rows.num_rows:
            digest = hashlib.sha256("\n".join(rows.column(KEY).to_pylist()).encode()).hexdigest()
            summary = rows.select(["distribution", "temperature"]).to_pylist()
            facts = facts_of(summary, tokenizer_of(self._step.lm.tokenizer))
            write_part(rows, self._folder / f"part-{digest[:16]}.parquet", facts)
        return pa.table({"number": numbers, "reason": reasons})


def _keys(part: Path) -> list[str]:
    keys: list[str] = parquet().read_table(part, columns=[KEY]).column(KEY).to_pylist()
    return keys
