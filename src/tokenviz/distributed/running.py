"""From a dataset to a set of traces on a cluster of Ray, each row once whatever dies on the way.

Rows get their keys first (:mod:`tokenviz.distributed.keys`). What the folder has already is left
out; what is left goes through a pool of actors that each hold the model, and is written by them, a
file for each batch. Its name follows from what is in it: where that lies in the dataset, and a hash
of the keys. When an actor dies, Ray has another do its batch again: a file that was written before
is replaced by the same, and none is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenviz.data.arrays import whole
from tokenviz.distributed.cluster import Pool, connected, grows, machines
from tokenviz.sets.arrow import arrow
from tokenviz.sets.damage import keys_of, sound
from tokenviz.sets.given import Task, check_asked
from tokenviz.sets.holding import held
from tokenviz.sets.rows import facts_of, table_of
from tokenviz.sets.saving import Rejected, write_rejected
from tokenviz.sets.trace_set import TraceSet
from tokenviz.sets.writing import parts_of, write_part

if TYPE_CHECKING:
    from tokenviz.distributed.steps import ModelSource

__all__ = ["generate", "score"]

_BLOCKS = 200  # of a list
_HOW = {"batch_size", "progress"}


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
        Its files are in the dataset's order, but for rows that a later call added. What could not
        be scored is in ``rejected``, by number in the dataset, with the reason.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, a column that is expected is missing, the column
        ``key`` has a value twice or not everywhere, ``path`` holds a set of which something else
        was asked, or no machine of the cluster has what an actor takes and none may join.
    BlockingIOError
        If another call is writing into ``path``.
    RuntimeError
        If an actor died three times in a row while it loaded the model, or of its first rows.
    ImportError
        If Ray is not installed.
    Exception
        What the model, or the function that loads it, raises, as it is; where it did is its cause.

    Warns
    -----
    UserWarning
        If there is room for fewer actors than are asked for, or a part of the set is damaged: it is
        set aside, and its rows are made again.

    Notes
    -----
    A cluster that is running is used, else one is started on this machine, whose usage statistics
    are off. The dataset is read once, before any model is loaded, and kept by Ray meanwhile.
    """
    pool = Pool.of(concurrency, num_cpus, num_gpus)
    return _run("score", dataset, model, path, pool, rows_per_task, from_pretrained, options)


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
    Exception
        As for :func:`score`.
    """
    pool = Pool.of(concurrency, num_cpus, num_gpus)
    return _run("generate", dataset, model, path, pool, rows_per_task, from_pretrained, options)


def _run(
    task: Task,
    source: Any,
    model: ModelSource,
    path: str | Path,
    pool: Pool,
    rows_per_task: int,
    from_pretrained: Mapping[str, Any] | None,
    options: Mapping[str, Any],
) -> TraceSet:
    size = whole("rows_per_task", rows_per_task, at_least=1)
    ray, data = connected()
    pool.check_room(machines(ray), grows(ray))
    dataset = source if isinstance(source, data.Dataset) else _dataset(data, source, size)
    # Both need Ray to be imported.
    from tokenviz.distributed.keys import pending
    from tokenviz.distributed.writer import forget_attempts

    folder = Path(path).absolute()
    asked = _asked(task, model, options)
    with held(folder) as holder:
        check_asked(folder, {"task": task, **asked})
        forget_attempts(folder)
        done = [key for _, keys in sound(parts_of(folder), keys_of) for key in keys]
        tables = pending(ray, dataset, task, asked, done, size)
        actor = {
            "task": task, "folder": str(folder), "holder": holder, "model": model,
            "from_pretrained": dict(from_pretrained or {}), "options": dict(options),
        }  # fmt: skip
        try:
            rejected = _written(data, tables, actor, pool, size) if tables else []
        finally:
            forget_attempts(folder)
        if not parts_of(folder):
            write_part(table_of([]), folder / "part-none.parquet", facts_of([], None))
        write_rejected(folder, rejected)
        return TraceSet.open(folder)


def _written(
    data: Any, tables: list[Any], actor: Mapping[str, Any], pool: Pool, size: int
) -> list[Rejected]:
    """Have the actors write the rows of some tables; those that could not be made."""
    from tokenviz.distributed.failing import unpacked
    from tokenviz.distributed.writer import Writer

    pool = pool.over(len(tables))
    written = data.from_arrow_refs(tables).map_batches(
        Writer,
        fn_constructor_kwargs=dict(actor),
        batch_format="pyarrow",
        batch_size=size,
        compute=data.ActorPoolStrategy(min_size=pool.least, max_size=pool.most),
        num_cpus=pool.num_cpus,
        num_gpus=pool.num_gpus,
    )
    with unpacked(written):
        rows = written.take_all()
    return sorted(
        (Rejected("dataset", row["number"], row["reason"]) for row in rows),
        key=lambda one: one.line or 0,
    )


def _asked(task: Task, model: ModelSource, options: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked of each row, as the method of a model says it; how many at a time is not."""
    own = {name: value for name, value in options.items() if name not in _HOW}
    if model is None or isinstance(model, str | Path):
        named = None if model is None else str(model)
    else:
        named = getattr(model, "__qualname__", type(model).__name__)
    return {"model": named, **({"top_k": 5} if task == "score" else {}), **own}


def _dataset(data: Any, source: Any, size: int) -> Any:
    """A dataset of what is no dataset yet."""
    if isinstance(source, list):
        blocks = max(1, min(_BLOCKS, len(source) // size))
        return data.from_items([_columns_of(one) for one in source], override_num_blocks=blocks)
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
