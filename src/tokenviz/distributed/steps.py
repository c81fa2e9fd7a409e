"""The step on its own: a table of rows in, the same rows with a set's columns out.

Each is a class whose instances hold a model, as ``map_batches`` of Ray Data takes it. Nothing here
imports Ray: a step is called with any table of Arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tokenviz.data.trace import Trace
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.loading import load_model
from tokenviz.model.scoring.making import Maker, generator, scorer
from tokenviz.sets.arrow import arrow
from tokenviz.sets.given import KEY, Given, Task, rows_of
from tokenviz.sets.rows import row_of, table_of

__all__ = ["REASON", "STEPS", "Attributor", "Generator", "ModelSource", "Scorer", "Step"]

ModelSource: TypeAlias = "str | Path | LanguageModel | Callable[[], LanguageModel] | None"
"""A name on the Hub, a folder, a function that loads, a model, or None for the bundled one."""

REASON = "rejected"
"""A column that says why a row has no trace; null where it has one."""


class Step:
    """What the steps have in common.

    Parameters
    ----------
    model
        A name, a folder, or a function that gives a :class:`tokenviz.LanguageModel`; it is loaded
        once for each instance. None is the bundled model.
    from_pretrained
        Passed on to :func:`tokenviz.load_model` with a name or a folder: ``dtype``,
        ``device_map="auto"`` for a model over several GPUs, …
    options
        As for the method of :class:`tokenviz.LanguageModel` that is applied.
    """

    task: Task = "score"

    def __init__(
        self,
        model: ModelSource = None,
        *,
        from_pretrained: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.lm = loaded(model, from_pretrained or {})
        self._options = options
        self._make = self._maker(options)

    def _maker(self, options: dict[str, Any]) -> Maker:
        raise NotImplementedError

    def __call__(self, batch: Any) -> Any:
        """Rows with a set's columns.

        Parameters
        ----------
        batch
            A table of Arrow, or a mapping from columns to their values, with a column ``text`` (and
            perhaps ``prompt``) or ``messages``; of generation ``prompt``, ``messages`` or ``text``.

        Returns
        -------
        pyarrow.Table
            The same rows in their order: ``key`` (a hash, if there is none), the columns that are
            the user's, those of a set (``docs/sets.md``), and ``rejected``: why a row has no trace,
            or null.

        Raises
        ------
        ValueError
            If no column is there that is expected, or one that is added.
        """
        table = _as_table(batch)
        _check_free(table, (REASON,))
        asked = {"model": self.lm.name, **self._options}
        rows = list(rows_of(table, self.task, asked).rows)
        made = {row.index: (trace, error) for row, trace, error in self._make(rows)}
        return _with_traces(table, rows, [made[row.index] for row in rows])


class Scorer(Step):
    """Reads texts, as :meth:`LanguageModel.score_set` does; options ``top_k``, ``batch_size``."""

    def _maker(self, options: dict[str, Any]) -> Maker:
        own = dict(options)
        first = {name: own.pop(name) for name in ("top_k", "batch_size") if name in own}
        return scorer(self.lm, **first, chat=own)


class Generator(Step):
    """Continues prompts, as :meth:`LanguageModel.generate_set` does; options as for it."""

    task = "generate"

    def _maker(self, options: dict[str, Any]) -> Maker:
        return generator(self.lm, {**options, "progress": False})


STEPS: Mapping[Task, type[Step]] = {"score": Scorer, "generate": Generator}


class Attributor:
    """Asks which tokens of a prompt speak for a target, as :meth:`LanguageModel.attribute` does.

    Parameters
    ----------
    model, from_pretrained
        As for :class:`Scorer`.
    target
        The column of targets, a text each.
    options
        As for :meth:`LanguageModel.attribute`: ``method``, ``grouping``, …
    """

    def __init__(
        self,
        model: ModelSource = None,
        *,
        from_pretrained: Mapping[str, Any] | None = None,
        target: str = "target",
        **options: Any,
    ) -> None:
        self.lm = loaded(model, from_pretrained or {})
        self._target = target
        self._options = {"progress": False, **options}

    def __call__(self, batch: Any) -> Any:
        """The same rows with ``attribution_tokens`` and ``attribution_values``, a list each.

        Parameters
        ----------
        batch
            As for :class:`Scorer`, with columns ``prompt`` or ``messages``, and of targets.

        Returns
        -------
        pyarrow.Table
            With a token of the prompt for each value; both null where ``rejected`` says why.
        """
        pa = arrow()
        table = _as_table(batch)
        if self._target not in table.column_names:
            raise ValueError(
                f"target: expected a column {self._target!r}, got columns {table.column_names}"
            )
        tokens: list[Any] = []
        values: list[Any] = []
        reasons: list[str | None] = []
        _check_free(table, ("attribution_tokens", "attribution_values", REASON))
        for row in rows_of(table.drop_columns([self._target]), "generate", {}).rows:
            asked = table.column(self._target)[row.index].as_py()
            try:
                why = self.lm.attribute(row.text, targets=[asked], **self._options)
            except (ValueError, TypeError) as error:
                tokens.append(None)
                values.append(None)
                reasons.append(str(error))
            else:
                tokens.append([token.text for token in why.tokens])
                values.append(why.values[:, 0].tolist())
                reasons.append(None)
        added = {
            "attribution_tokens": pa.array(tokens, pa.list_(pa.string())),
            "attribution_values": pa.array(values, pa.list_(pa.float32())),
            REASON: pa.array(reasons, pa.string()),
        }
        for name, column in added.items():
            table = table.append_column(name, column)
        return table


def loaded(model: ModelSource, from_pretrained: Mapping[str, Any]) -> LanguageModel:
    """The model that is meant."""
    if isinstance(model, LanguageModel):
        return model
    if model is None or isinstance(model, str | Path):
        return load_model(model, **from_pretrained)
    if not callable(model):
        raise TypeError(
            "model: expected a name, a folder, or a function that gives a LanguageModel, got "
            f"{type(model).__name__}"
        )
    found = model()
    if not isinstance(found, LanguageModel):
        raise TypeError(
            f"model: the function was expected to give a LanguageModel, got {type(found).__name__}"
        )
    return found


def _as_table(batch: Any) -> Any:
    pa = arrow()
    if isinstance(batch, Mapping):
        columns = {
            name: values.tolist() if hasattr(values, "tolist") else values
            for name, values in batch.items()
        }
        return pa.table(columns)
    if hasattr(batch, "columns") and hasattr(batch, "to_dict"):
        return pa.Table.from_pandas(batch, preserve_index=False)
    return batch


def _check_free(table: Any, names: Sequence[str]) -> None:
    """Refuse columns of the user's with names that a step gives."""
    for name in names:
        if name in table.column_names:
            raise ValueError(f"{name}: is a column that the step adds; give yours another name")


def _with_traces(
    table: Any, rows: Sequence[Given], made: Sequence[tuple[Trace | None, Exception | None]]
) -> Any:
    """A set's columns beside the user's own."""
    pa = arrow()
    own = {name: table.column(name) for name in table.column_names if _is_kept(rows, name)}
    known = [
        {KEY: row.key} if trace is None else row_of(row.key, trace)
        for row, (trace, _) in zip(rows, made, strict=True)
    ]
    of_set = table_of(known)
    reasons = [None if error is None else str(error) for _, error in made]
    columns = {KEY: of_set.column(KEY), **own, REASON: pa.array(reasons, pa.string())}
    columns |= {name: of_set.column(name) for name in of_set.column_names if name != KEY}
    return pa.table(columns)


def _is_kept(rows: Sequence[Given], name: str) -> bool:
    return any(name in row.metadata for row in rows)
