"""What is explained: continuations, their tokens, contrasts between them, functions of the logits.

Whatever the user asks for becomes *columns* that are weighted sums of *terms*, a term being the
score of some tokens of a *branch*, a continuation of the prompt. Everything that computes deals
with terms; attributions are linear in the score, so a column's are the weighted sums of its terms'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import torch

from tokenviz.data.tokens import Token
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.scalars import integer, is_scalar
from tokenviz.model.text.continuing import encode_continuation
from tokenviz.model.text.prompt import Ids, check_length, encode_ids, refuse_bytes

__all__ = [
    "Contrast",
    "Function",
    "Reduction",
    "ScoreName",
    "Target",
    "Targets",
    "Term",
    "continuation_tokens",
    "evaluate",
    "parse_targets",
]

_MOST = 1_000_000  # targets, or tokens of one

Function: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""From next-token logits after the prompt, float32 ``[rows, vocabulary]``, to ``[rows]``."""

ScoreName: TypeAlias = Literal["logprob", "probability", "logit", "log_odds"]
Reduction: TypeAlias = Literal["sum", "mean"]


@dataclass(frozen=True)
class Contrast:
    """Why one continuation rather than another: the difference of their scores.

    With log-probabilities, log p(target) − log p(foil); with log-odds the same, since the rival is
    named. The two may differ in length.

    Parameters
    ----------
    target, foil
        Each a text, a sequence of token ids, or the id of a single next token.

    References
    ----------
    Yin and Neubig 2022, "Interpreting language models with contrastive explanations"
    (arXiv:2202.10419).
    """

    target: str | int | Ids
    foil: str | int | Ids


Target: TypeAlias = "str | int | Ids | Contrast | Function"
"""A continuation as text or ids, the id of a next token, a contrast, or a function of logits."""


@dataclass(frozen=True)
class Term:
    """The score of tokens ``tokens`` of a branch, or a function of the logits after the prompt.

    ``contrasted`` where it is part of a contrast, which names its rival itself.
    """

    branch: int
    tokens: range
    weight: float = 1.0
    function: Function | None = None
    contrasted: bool = False

    @property
    def has_rivals(self) -> bool:
        """Whether its log-odds are those against the likeliest others."""
        return self.function is None and not self.contrasted

    @property
    def last_row(self) -> int:
        """How many tokens of the branch must be read for it."""
        return max(0, self.tokens.stop - 1)


@dataclass
class Targets:
    """The columns of an attribution.

    Parameters
    ----------
    reduction
        Whether the scores of a continuation's tokens are summed, or averaged.

    Attributes
    ----------
    branches
        Distinct continuations, ids int64 ``[length]``; empty for a function.
    terms
        Distinct terms.
    columns
        Of each column, the weights of its terms.
    labels
        What stands above each column.
    """

    reduction: Reduction = "sum"
    branches: list[torch.Tensor] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    columns: list[dict[int, float]] = field(default_factory=list)
    labels: list[str | Token] = field(default_factory=list)
    _known: dict[Any, int] = field(default_factory=dict, repr=False)

    def matrix(self) -> torch.Tensor:
        """Weights of terms in columns, float64, ``[m, terms]``."""
        result = torch.zeros(len(self.columns), len(self.terms), dtype=torch.float64)
        for row, weights in enumerate(self.columns):
            for term, weight in weights.items():
                result[row, term] += weight
        return result

    def described(self) -> tuple[tuple[tuple[float, tuple[int, ...], int], ...], ...] | None:
        """Each column as (weight, ids, first id that is scored), to be evaluated again.

        None if one is a function, which cannot be written down.
        """
        if any(term.function is not None for term in self.terms):
            return None
        return tuple(
            tuple(
                (
                    weight,
                    tuple(
                        self.branches[self.terms[k].branch][: self.terms[k].tokens.stop].tolist()
                    ),
                    self.terms[k].tokens.start,
                )
                for k, weight in weights.items()
            )
            for weights in self.columns
        )

    @classmethod
    def from_described(
        cls, columns: Sequence[Sequence[tuple[float, Sequence[int], int]]], reduction: Reduction
    ) -> Targets:
        """The inverse of :meth:`described`; labels are left out."""
        result = cls(reduction)
        texts = {tuple(ids) for column in columns for _, ids, _ in column}
        # The tokens of one continuation are rows of one branch.
        longest = [
            text
            for text in sorted(texts)
            if not any(len(o) > len(text) and o[: len(text)] == text for o in texts)
        ]
        result.branches = [torch.tensor(text) for text in longest]
        for column in columns:
            weights: dict[int, float] = {}
            for weight, ids, start in column:
                branch = next(b for b, t in enumerate(longest) if t[: len(ids)] == tuple(ids))
                tokens = range(start, len(ids))
                own = 1 / len(tokens) if reduction == "mean" else 1.0
                weights[len(result.terms)] = weight
                result.terms.append(Term(branch, tokens, own, contrasted=len(column) > 1))
            result.columns.append(weights)
        return result

    def add_continuation(self, ids: torch.Tensor, *, contrasted: bool = False) -> int:
        """The term of a whole continuation."""
        key = (contrasted, *ids.tolist())
        if key not in self._known:
            length = len(ids)
            weight = 1 / length if self.reduction == "mean" else 1.0
            self.branches.append(ids.cpu())
            branch = len(self.branches) - 1
            self.terms.append(Term(branch, range(length), weight, contrasted=contrasted))
            self._known[key] = len(self.terms) - 1
        return self._known[key]

    def add_tokens(self, ids: torch.Tensor) -> None:
        """One term and column for each token of a continuation."""
        self.branches.append(ids.cpu())
        for k in range(len(ids)):
            self.columns.append({len(self.terms): 1.0})
            self.terms.append(Term(len(self.branches) - 1, range(k, k + 1)))

    def add_function(self, function: Function) -> int:
        """The term of a function of the logits after the prompt."""
        self.branches.append(torch.zeros(0, dtype=torch.int64))
        self.terms.append(Term(len(self.branches) - 1, range(1), function=function))
        return len(self.terms) - 1


def parse_targets(
    lm: LoadedModel, targets: Any, prompt: torch.Tensor, reduction: Reduction = "sum"
) -> Targets:
    """Targets as the user gave them, one column each.

    Raises
    ------
    TypeError, ValueError
        If there is none, one is of no accepted form or tokenises to nothing, or one exceeds the
        model's context after the prompt, ids ``[n]``.
    """
    entries = _as_list(targets)
    if not entries:
        raise ValueError("targets: expected at least one target, got none")
    result = Targets(reduction)
    for position, entry in enumerate(entries):
        name = f"targets[{position}]"
        if isinstance(entry, Contrast):
            target, target_label = _parse_one(lm, entry.target, f"{name}.target", prompt)
            foil, foil_label = _parse_one(lm, entry.foil, f"{name}.foil", prompt)
            if torch.equal(target, foil):
                raise ValueError(f"{name}: target and foil are the same tokens; nothing differs")
            weights = {
                result.add_continuation(target, contrasted=True): 1.0,
                result.add_continuation(foil, contrasted=True): -1.0,
            }
            label: str | Token = f"{_text(target_label)} rather than {_text(foil_label).strip()}"
        elif callable(entry):
            weights = {result.add_function(entry): 1.0}
            label = getattr(entry, "__name__", type(entry).__name__)
        else:
            ids, label = _parse_one(lm, entry, name, prompt)
            weights = {result.add_continuation(ids): 1.0}
        result.columns.append(weights)
        result.labels.append(label)
    return result


def continuation_tokens(
    lm: LoadedModel, continuation: Any, prompt: torch.Tensor, name: str = "continuation"
) -> Targets:
    """Every token of one continuation, given the tokens before it."""
    if isinstance(continuation, str):
        ids = encode_continuation(lm, continuation, prompt, name=name)
    else:
        _check_count(name, continuation)
        ids = encode_ids(lm, continuation, name=name)
    _check_room(lm, name, ids, prompt)
    result = Targets(labels=list(lm.vocabulary.tokens(ids.tolist())))
    result.add_tokens(ids)
    return result


def evaluate(function: Function, logits: torch.Tensor) -> torch.Tensor:
    """A user's function of logits ``[rows, vocabulary]``, checked: ``[rows]``."""
    result: Any = function(logits)
    if not isinstance(result, torch.Tensor) or result.shape != logits.shape[:1]:
        got = (
            f"a tensor of shape {list(result.shape)}"
            if isinstance(result, torch.Tensor)
            else type(result).__name__
        )
        raise TypeError(
            f"targets: a function gets next-token logits of shape {list(logits.shape)} and must "
            f"return one number for each row, shape [{len(logits)}]; got {got}"
        )
    if logits.requires_grad and not result.requires_grad:
        raise TypeError(
            f"targets: {getattr(function, '__name__', 'a function')} of the logits has no gradient "
            "(it rounds, counts or detaches); use 'occlusion' or 'shapley', which need none"
        )
    return result


def _text(label: str | Token) -> str:
    return label.text if isinstance(label, Token) else label


def _as_list(targets: Any) -> Sequence[Any]:
    refuse_bytes(targets, "targets")
    if isinstance(targets, str | Contrast) or is_scalar(targets) or callable(targets):
        return [targets]
    _check_count("targets", targets)
    if isinstance(targets, torch.Tensor):
        return list(targets)
    if isinstance(targets, Mapping):
        raise TypeError(f"targets: expected a list of targets, got {type(targets).__name__}")
    try:
        return list(targets)
    except TypeError:
        raise TypeError(
            "targets: expected a list of texts, token ids, contrasts or functions of logits, "
            f"got {type(targets).__name__}"
        ) from None


def _check_count(name: str, value: Any) -> None:
    """Refuse what could not be listed, before it is."""
    is_counted = hasattr(value, "__len__") and getattr(value, "ndim", None) != 0
    count = len(value) if is_counted else 0
    if count > _MOST:
        raise ValueError(f"{name}: expected at most {_MOST:,} entries, got {count:,}")


def _parse_one(
    lm: LoadedModel, entry: Any, name: str, prompt: torch.Tensor
) -> tuple[torch.Tensor, str | Token]:
    """The ids of one continuation, and its label."""
    label: str | Token
    if isinstance(entry, str):
        ids, label = encode_continuation(lm, entry, prompt, name=name), entry
    else:
        if is_scalar(entry):
            entry = [integer(entry, name, "text or token ids")]
        _check_count(name, entry)
        ids = encode_ids(lm, entry, name=name)
        tokens = lm.vocabulary.tokens(ids.tolist())
        label = (
            tokens[0]
            if len(tokens) == 1
            else b"".join(token.bytes for token in tokens).decode("utf-8", errors="replace")
        )
    _check_room(lm, name, ids, prompt)
    return ids, label


def _check_room(lm: LoadedModel, name: str, ids: torch.Tensor, prompt: torch.Tensor) -> None:
    n = len(prompt)
    check_length(lm, name, n + len(ids), f"after a prompt of {n} shorten it")
