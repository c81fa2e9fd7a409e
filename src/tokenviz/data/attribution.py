"""Attribution: how much each input token contributed to each target, as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from tokenviz.data.arrays import Frozen, frozen, numeric, one_of, real, same, text, whole, yes_or_no
from tokenviz.data.provenance import (
    Aggregation,
    Grouping,
    Reduction,
    Term,
    as_ids,
    as_roles,
    as_spans,
    as_terms,
)
from tokenviz.data.tokens import Token, as_bytes, as_tokens, labels, visible

if TYPE_CHECKING:
    import pandas as pd

    from tokenviz.model.attributing.faithfulness import Faithfulness
    from tokenviz.model.language_model import LanguageModel
    from tokenviz.widget.heatmap import AttributionHeatmap

__all__ = ["Attribution", "Target", "Term"]

_TOO_MANY = 2**28  # a gibibyte of float32

Target = str | Token
"""A column: an expression as written (``str``), or one token of a continuation."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Attribution(Frozen):
    """Signed attribution of input tokens (rows) to targets (columns).

    Parameters
    ----------
    values
        Attributions, shape ``[n_tokens, n_targets]``, kept as float32. The unit is that of the
        score the method explains (nats for log-probabilities). NaN and Inf are allowed and shown.
        A one-dimensional array is taken as the column of a single target.
    tokens
        The input tokens, or groups of them: :class:`Token`, text or bytes.
    targets
        What was explained, one entry per column: an expression (``str``) or a :class:`Token`.
    method, score, baseline, n_steps, model
        How the values came about, when known: the method's name, the score that was attributed
        ("logprob", "probability", "logit"), the baseline, the number of path steps (of Shapley
        values, of orders), the model.
    completeness_error
        Per target, ``|sum of the column − (F(x) − F(x'))|`` relative to ``|F(x) − F(x')|`` for a
        method that promises completeness; shape ``[n_targets]``.
    standard_error
        How far each value may be off, in the same unit, of a method that samples, or that follows
        a path; shape ``[n_tokens, n_targets]``.
    seconds, positions
        What it took: wall time, and the token positions that the model processed, forward and
        backward.
    grouping, aggregation
        Where rows are groups of tokens: of which kind ("word", "sentence", "line", "turn", or
        "spans" for the caller's own), and whether each was attributed as a "group" or is the "sum"
        of its tokens' attributions. None: rows are tokens.
    reduction
        How the tokens of a target were taken together: "sum" or "mean".
    roles
        Per row, where the prompt was a chat, whose it is: "system", "user", "assistant", "tool", …,
        or "template" for tokens that the chat template put there.
    prompt_ids, spans
        The ids of the whole prompt, and per row the positions in it that the row stands for: one
        for a token, several for a group. Positions that are in no row were left out of the
        features, not of the prompt.
    terms
        What each column is, so that it can be scored again: per column its :class:`Term` s
        (weight, ids, start), whose ``weight · score(ids[start:] given prompt + ids[:start])`` add
        up to its score. None where that cannot be written down (a function as target).
    rounding
        What the model's number format does to a value, in its unit, where it has few digits
        (bfloat16, float16): a value that is not clearly larger says nothing.
    partial
        True where the computation was interrupted; the values it did not reach are NaN.
    stopped_after
        The seconds after which the computation was stopped, where that was before it was finished.
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
    standard_error: npt.NDArray[np.float32] | None
    seconds: float | None
    positions: int | None
    grouping: Grouping | None
    aggregation: Aggregation | None
    reduction: Reduction | None
    roles: tuple[str | None, ...] | None
    prompt_ids: tuple[int, ...] | None
    spans: tuple[tuple[int, ...], ...] | None
    terms: tuple[tuple[Term, ...], ...] | None
    partial: bool
    stopped_after: float | None
    rounding: float | None
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
        standard_error: npt.ArrayLike | None = None,
        seconds: float | None = None,
        positions: int | None = None,
        grouping: Grouping | None = None,
        aggregation: Aggregation | None = None,
        reduction: Reduction | None = None,
        roles: Iterable[str | None] | None = None,
        prompt_ids: Iterable[int] | None = None,
        spans: Iterable[Iterable[int]] | None = None,
        terms: Iterable[Iterable[tuple[float, Iterable[int], int]]] | None = None,
        partial: bool = False,
        stopped_after: float | None = None,
        rounding: float | None = None,
        label: str = "Token Attribution",
    ) -> None:
        tokens, targets = as_tokens(tokens), as_targets(targets)
        n, m = len(tokens), len(targets)
        if aggregation is not None and grouping is None:
            raise ValueError(f"aggregation: {aggregation!r} says how groups came about; "
                             "expected a grouping beside it")  # fmt: skip
        ids = None if prompt_ids is None else as_ids("prompt_ids", prompt_ids)
        own = {
            "values": _matrix("values", values, n, m),
            "tokens": tokens,
            "targets": targets,
            "method": text("method", method),
            "score": text("score", score),
            "baseline": text("baseline", baseline),
            "n_steps": None if n_steps is None else whole("n_steps", n_steps, at_least=0),
            "completeness_error": _per_target("completeness_error", completeness_error, m),
            "model": text("model", model),
            "standard_error": _errors(standard_error, n, m),
            "seconds": None if seconds is None else real("seconds", seconds, at_least=0),
            "positions": None if positions is None else whole("positions", positions, at_least=0),
            "grouping": one_of("grouping", grouping, get_args(Grouping)),
            "aggregation": one_of("aggregation", aggregation, get_args(Aggregation)),
            "reduction": one_of("reduction", reduction, get_args(Reduction)),
            "roles": None if roles is None else as_roles(roles, n),
            "prompt_ids": ids,
            "spans": None
            if spans is None
            else as_spans(spans, n, None if ids is None else len(ids)),
            "terms": None if terms is None else as_terms(terms, m),
            "partial": yes_or_no("partial", partial),
            "stopped_after": None
            if stopped_after is None
            else real("stopped_after", stopped_after, at_least=0),
            "rounding": None if rounding is None else real("rounding", rounding, at_least=0),
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

        Columns without a finite value other than zero stay as they are. Standard errors are
        divided alike: they stay those of the values, taking the largest as given.
        """
        if per not in ("target", "all"):
            raise ValueError(f"per: expected 'target' or 'all', got {per!r}")
        magnitude = np.where(np.isfinite(self.values), np.abs(self.values), 0)
        largest = magnitude.max(axis=0 if per == "target" else None, initial=0, keepdims=True)
        largest = np.where(largest > 0, largest, np.float32(1))
        error = None if self.standard_error is None else self.standard_error / largest
        return replace(
            self,
            values=self.values / largest,
            standard_error=error,
            rounding=None,  # no unit is left that it could be in
            label=f"{self.label} (normalized)",
        )

    def faithfulness(self, lm: LanguageModel, **options: Any) -> Faithfulness:
        """How well the ranking of the rows predicts what the model does without them.

        Tokens are taken from the prompt, or put into an empty one, in the order of their
        attribution; the area under the curve (AUC) of the score against the share of tokens is
        small for deletion, and large for insertion, where the ranking is faithful to the model.

        Parameters
        ----------
        lm
            The model that was explained.
        options
            Those of :func:`tokenviz.model.attributing.faithfulness.faithfulness`, which this calls.

        Notes
        -----
        Insertion and deletion are the metrics of Petsiuk et al. (2018), "RISE"; removing features
        in the order of their relevance goes back to Samek et al. (2017).
        """
        from tokenviz.model.attributing.faithfulness import faithfulness

        return faithfulness(lm, self, **options)

    def show(self, **options: Any) -> AttributionHeatmap:
        """The interactive heatmap; ``options`` are the traits of :class:`AttributionHeatmap`."""
        from tokenviz.widget.heatmap import AttributionHeatmap

        return AttributionHeatmap(self, **options)

    def save(self, path: str | Path) -> Path:
        """Write the data, lossless (``.npz``, ``.json``), or its figure (``.html``, ``.svg`` …).

        See :func:`tokenviz.data.files.save`; :func:`tokenviz.load` reads the data back.
        """
        from tokenviz.data.files import save

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
        # How long it took is no part of what it says.
        names = [field.name for field in fields(self) if field.name != "seconds"]
        return all(same(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        n, m = self.values.shape
        facts = [f"{n} tokens × {m} target{'' if m == 1 else 's'}"]
        facts += [f"{name}={getattr(self, name)!r}" for name in ("method", "score", "model")
                  if getattr(self, name) is not None]  # fmt: skip
        facts += ["partial"] * self.partial
        return f"Attribution({', '.join(facts)})"


def _matrix(name: str, value: npt.ArrayLike, n: int, m: int) -> npt.NDArray[np.float32]:
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and len(shape) == 2 and shape[0] * shape[1] >= _TOO_MANY:
        raise ValueError(
            f"{name}: {shape[0]:,} × {shape[1]:,} values are too many to be copied and sent whole; "
            "tokenviz.LargeAttribution shows them where they are"
        )
    array = numeric(name, value)
    if array.ndim == 1 and m == 1:
        array = array[:, np.newaxis]
    if array.size == 0 == n * m:
        array = array.reshape((n, m))  # a plain [] says nothing of how many columns it lacks
    return frozen(name, array, np.float32, (n, m), "tokens × targets")


def _errors(value: npt.ArrayLike | None, n: int, m: int) -> npt.NDArray[np.float32] | None:
    if value is None:
        return None
    array = _matrix("standard_error", value, n, m)
    if (array < 0).any():
        raise ValueError(f"standard_error: expected numbers ≥ 0, got {array[array < 0][0]:g}")
    return array


def _per_target(name: str, value: npt.ArrayLike | None, m: int) -> npt.NDArray[np.float32] | None:
    return None if value is None else frozen(name, value, np.float32, (m,), "one per target")


def as_targets(items: Iterable[Target]) -> tuple[Target, ...]:
    """Check the targets of a matrix, naming the argument and index of what cannot be one."""
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
                as_bytes(target)
            except ValueError as error:
                raise ValueError(f"targets[{position}]: {error}") from None
    return targets


def expression_label(target: str) -> str:
    """A target expression as shown: its spaces stay spaces, anything invisible is escaped."""
    return " ".join(visible(part) for part in target.split(" "))
