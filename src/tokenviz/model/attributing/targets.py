"""What is explained: continuations of the prompt, scored whole or token by token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import torch

from tokenviz.model.prompt import Ids, check_length, encode_ids, encode_text, refuse_bytes
from tokenviz.model.scalars import integer, is_scalar
from tokenviz.tokens import Token

if TYPE_CHECKING:
    from tokenviz.model.language_model import LanguageModel

__all__ = ["ScoreName", "Target", "Targets", "continuation_tokens", "parse_targets"]

Target: TypeAlias = "str | int | Ids"
"""A continuation as text or ids, or the id of a single next token."""

ScoreName: TypeAlias = Literal["logprob", "probability", "logit"]


@dataclass(frozen=True)
class Targets:
    """The columns of an attribution.

    Parameters
    ----------
    continuations
        Token ids that follow the prompt, each int64 of shape ``[length]``.
    per_token
        False: one column per continuation, its tokens taken together. True: there is one
        continuation, and each of its tokens is a column, given the tokens before it.
    labels
        What stands above each column.
    """

    continuations: tuple[torch.Tensor, ...]
    per_token: bool
    labels: tuple[str | Token, ...]


def parse_targets(lm: LanguageModel, targets: Any, n_prompt: int) -> Targets:
    """Continuations as the user gave them, one column each.

    Raises
    ------
    TypeError, ValueError
        If there is none, one is of no accepted form or tokenises to nothing, or one exceeds the
        model's context after a prompt of ``n_prompt`` tokens.
    """
    entries = _as_list(targets)
    if not entries:
        raise ValueError("targets: expected at least one target, got none")
    continuations, labels = [], []
    for position, entry in enumerate(entries):
        name = f"targets[{position}]"
        ids, label = _parse_one(lm, entry, name)
        check_length(lm, name, n_prompt + len(ids), f"after a prompt of {n_prompt} shorten it")
        continuations.append(ids)
        labels.append(label)
    return Targets(tuple(continuations), per_token=False, labels=tuple(labels))


def continuation_tokens(
    lm: LanguageModel, continuation: Any, n_prompt: int, name: str = "continuation"
) -> Targets:
    """Every token of one continuation, given the tokens before it."""
    if isinstance(continuation, str):
        ids = encode_text(lm, continuation, name=name, special=False)
    else:
        ids = encode_ids(lm, continuation, name=name)
    check_length(lm, name, n_prompt + len(ids), f"after a prompt of {n_prompt} shorten it")
    return Targets((ids,), per_token=True, labels=tuple(lm.vocabulary.tokens(ids.tolist())))


def _as_list(targets: Any) -> Sequence[Any]:
    refuse_bytes(targets, "targets")
    if isinstance(targets, str) or is_scalar(targets):
        return [targets]
    if isinstance(targets, torch.Tensor):
        return list(targets)
    try:
        return list(targets)
    except TypeError:
        raise TypeError(
            f"targets: expected a list of texts or token ids, got {type(targets).__name__}"
        ) from None


def _parse_one(lm: LanguageModel, entry: Any, name: str) -> tuple[torch.Tensor, str | Token]:
    """The ids of one target, and its label."""
    if isinstance(entry, str):
        return encode_text(lm, entry, name=name, special=False), entry
    if is_scalar(entry):
        entry = [integer(entry, name, "text or token ids")]
    ids = encode_ids(lm, entry, name=name)
    tokens = lm.vocabulary.tokens(ids.tolist())
    if len(tokens) == 1:
        return ids, tokens[0]
    return ids, b"".join(token.bytes for token in tokens).decode("utf-8", errors="replace")
