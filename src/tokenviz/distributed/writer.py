"""The actor: it holds a model, applies a step to what it is given, and writes what comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray

from tokenviz.distributed.failing import Failed, packed
from tokenviz.distributed.keys import NUMBER
from tokenviz.sets.arrow import arrow
from tokenviz.sets.given import KEY, Task
from tokenviz.sets.holding import check_holder
from tokenviz.sets.rows import facts_of
from tokenviz.sets.schema import tokenizer_of
from tokenviz.sets.writing import write_part

if TYPE_CHECKING:
    from tokenviz.distributed.steps import ModelSource

__all__ = ["Writer", "forget_attempts"]

_ATTEMPTS = 3
_FILE = ".tokenviz-attempt-"


class Writer:
    """Applies a step and writes what it gives; tells what could not be made.

    Parameters
    ----------
    task
        Which step.
    folder
        Of the set.
    holder
        The word of the call that it writes for (:mod:`tokenviz.sets.holding`).
    model, from_pretrained, options
        For the step.
    """

    def __init__(
        self,
        task: Task,
        folder: str,
        holder: str,
        model: ModelSource,
        from_pretrained: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> None:
        self._folder, self._holder = Path(folder), holder
        self._attempt = _Attempt(self._folder)
        self._failed: Failed | None = None
        try:
            self._attempt.begin()
            # Torch and all: what goes wrong with that is told, too.
            from tokenviz.distributed.steps import REASON, STEPS

            self._reason = REASON
            self._step = STEPS[task](model, from_pretrained=from_pretrained, **options)
            self._attempt.go_on()
        except Exception as error:
            # Of an actor that never was, Ray keeps the text of its error alone.
            self._failed = packed(error)

    def __call__(self, table: Any) -> Any:
        """Write the rows of a table; those that could not be made, with the reason."""
        if self._failed is not None:
            raise self._failed
        try:
            return self._rejected(table)
        except Exception as error:
            raise packed(error) from None

    def _rejected(self, table: Any) -> Any:
        pa = arrow()
        numbers = table.column(NUMBER)
        made = self._step(table.drop_columns([NUMBER]))
        reasons = made.column(self._reason)
        rows = made.drop_columns([self._reason]).filter(reasons.is_null())
        if rows.num_rows:
            digest = hashlib.sha256("\n".join(rows.column(KEY).to_pylist()).encode()).hexdigest()
            summary = rows.select(["distribution", "temperature"]).to_pylist()
            facts = facts_of(summary, tokenizer_of(self._step.lm.tokenizer))
            name = f"part-{numbers[0].as_py():010}-{digest[:16]}.parquet"  # in the dataset's order
            check_holder(self._folder, self._holder)
            write_part(rows, self._folder / name, facts)
        self._attempt.end()
        return pa.table({"number": numbers, "reason": reasons}).filter(reasons.is_valid())


class _Attempt:
    """How often an actor began and came to nothing, kept in a file that outlives it.

    Ray begins an actor that died anew without end. One that was killed in the middle of its work
    wants that; one that dies whenever it loads its model, or of its first rows, does not.
    """

    def __init__(self, folder: Path) -> None:
        # An actor that is begun anew has the name that it had.
        actor = ray.get_runtime_context().get_actor_id()
        self._file = folder / f"{_FILE}{actor}"
        self._is_over = False

    def begin(self) -> None:
        before = ""
        with suppress(FileNotFoundError):
            before = self._file.read_text()
        if before.count("l") >= _ATTEMPTS:
            where = "while it loaded the model" if before.endswith("l") else "of the rows it had"
            raise RuntimeError(
                f"model: the process that holds it died {_ATTEMPTS} times in a row, the last time "
                f"{where}, and said nothing: it may have had too little memory; Ray's logs may "
                "tell more"
            )
        self._file.write_text(f"{before}l")  # loading

    def go_on(self) -> None:
        self._file.write_text(f"{self._file.read_text()}w")  # working

    def end(self) -> None:
        """It came to something."""
        if not self._is_over:
            self._file.unlink(missing_ok=True)
            self._is_over = True


def forget_attempts(folder: Path) -> None:
    """Remove what actors of a call that is over left."""
    for file in folder.glob(f"{_FILE}*"):
        file.unlink(missing_ok=True)
