"""Attribution: how much each input token contributed to each target, as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from tokenviz._arrays import frozen, numeric, same, text, whole
from tokenviz.tokens import Token, as_tokens, labels, visible

if TYPE_CHECKING:
    import pandas as pd

    from tokenviz.widget.heatmap import AttributionHeatmap

__all__ = ["Attribution", "Target"]

Target = str | Token
"""A column: an expression as written (``str``), or one token of a continuation."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Attribution:
    """Signed attribution of input tokens (rows) to targets (columns).

    Parameters
    ----------
    values
        Attributions, shape ``[n_tokens, n_targets]``, kept as float32. The unit is that of the
        score the method explains (nats for log-probabilities). NaN and Inf are allowed and shown.
        A one-dimensional array is taken as the column of a single target.
    tokens
        The input tokens: :class:`Token`, text or bytes.
    targets
        What was explained, one entry per column: an expression (``str``) or a :class:`Token`.
    method, score, baseline, n_steps, model
        How the values came about, when known: the method's name, the score that was attributed
        ("logprob", "probability", "logit"), the baseline, the number of path steps, the model.
    completeness_error
        Per target, ``|sum of the column − (F(x) − F(x'))|`` relative to ``|F(x) − F(x')|`` for a
        method that promises completeness; shape ``[n_targets]``.
    label
        What the colour bar says.

    Raises
    ------
    TypeError, ValueError
        If shapes disagree or an entry is not of the expected kind; the message names the argument.
    """

    values: npt.NDArray[np.float32]
    tokens: tuple[Token, ...]
    targets: tuple[Target, ...]
    method: str | None
    score: str | None
    baseline: str | None
    n_steps: int | None
    completeness_error: npt.NDArray[np.float32] | None
    model: str | None
    label: str

    def __init__(
        self,
        values: npt.ArrayLike,
        tokens: Iterable[Token | str | bytes],
        targets: Iterable[Target],
        *,
        method: str | None = None,
        score: str | None = None,
        baseline: str | None = None,
        n_steps: int | None = None,
        completeness_error: npt.ArrayLike | None = None,
        model: str | None = None,
        label: str = "Token Attribution",
    ) -> None:
        tokens, targets = as_tokens(tokens), _as_targets(targets)
        array = numeric("values", values)
        if array.ndim == 1 and len(targets) == 1:
            array = array[:, np.newaxis]
        shape = (len(tokens), len(targets))
        if array.size == 0 == len(tokens) * len(targets):
            array = array.reshape(shape)  # a plain [] says nothing of how many columns it lacks
        own = {
            "values": frozen("values", array, np.float32, shape, "tokens × targets"),
            "tokens": tokens,
            "targets": targets,
            "method": text("method", method),
            "score": text("score", score),
            "baseline": text("baseline", baseline),
            "n_steps": None if n_steps is None else whole("n_steps", n_steps, at_least=0),
            "completeness_error": None
            if completeness_error is None
            else frozen(
                "completeness_error", completeness_error, np.float32, shape[1:], "one per target"
            ),
            "model": text("model", model),
            "label": text("label", label, optional=False),
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)

    @property
    def target_labels(self) -> list[str]:
        """What stands above each column."""
        return [t.label if isinstance(t, Token) else expression_label(t) for t in self.targets]

    def normalized(self, per: Literal["target", "all"] = "target") -> Attribution:
        """Divide by the largest finite magnitude, of each column or of all, so that it becomes 1.

        Columns without a finite value other than zero stay as they are.
        """
        if per not in ("target", "all"):
            raise ValueError(f"per: expected 'target' or 'all', got {per!r}")
        magnitude = np.where(np.isfinite(self.values), np.abs(self.values), 0)
        largest = magnitude.max(axis=0 if per == "target" else None, initial=0, keepdims=True)
        scaled = self.values / np.where(largest > 0, largest, np.float32(1))
        return replace(self, values=scaled, label=f"{self.label} (normalized)")

    def show(self, **options: Any) -> AttributionHeatmap:
        """The interactive heatmap; ``options`` are the traits of :class:`AttributionHeatmap`."""
        from tokenviz.widget.heatmap import AttributionHeatmap

        return AttributionHeatmap(self, **options)

    def save(self, path: str | Path) -> Path:
        """Write the data, lossless (``.npz``, ``.json``), or its figure (``.html``, ``.svg`` …).

        See :func:`tokenviz.io.save`; :func:`tokenviz.load` reads the data back.
        """
        from tokenviz.io import save

        return save(self, path)

    def to_pandas(self) -> pd.DataFrame:
        """A data frame of the values: token labels as index, target labels as columns."""
        from tokenviz._optional import require

        pandas = require("pandas", feature="to_pandas()", install="pandas")
        frame = pandas.DataFrame(
            self.values,
            index=pandas.Index(labels(self.tokens), name="token"),
            columns=pandas.Index(self.target_labels, name="target"),
        )
        return cast("pd.DataFrame", frame)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.show()._repr_mimebundle_(**kwargs)

    def _ipython_display_(self) -> None:
        self.show()._ipython_display_()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Attribution):
            return NotImplemented
        return all(same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        n, m = self.values.shape
        facts = [f"{n} tokens × {m} target{'' if m == 1 else 's'}"]
        facts += [f"{name}={getattr(self, name)!r}" for name in ("method", "score", "model")
                  if getattr(self, name) is not None]  # fmt: skip
        return f"Attribution({', '.join(facts)})"


def _as_targets(items: Iterable[Target]) -> tuple[Target, ...]:
    if isinstance(items, str | bytes):
        raise TypeError(f"targets: expected a list of targets, got one {type(items).__name__}; "
                        f"write [{items!r}] for a single target")  # fmt: skip
    targets = tuple(items)
    for position, target in enumerate(targets):
        if not isinstance(target, Token | str):
            raise TypeError(
                f"targets[{position}]: expected a str or a Token, got {type(target).__name__}"
            )
        if isinstance(target, str):
            try:
                Token(target)
            except ValueError as error:
                raise ValueError(f"targets[{position}]: {error}") from None
    return targets


def expression_label(target: str) -> str:
    """A target expression as shown: its spaces stay spaces, anything invisible is escaped."""
    return " ".join(visible(part) for part in target.split(" "))
