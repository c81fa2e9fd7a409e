"""When generation ends: end-of-sequence tokens, stop tokens or strings, transformers' criteria."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any, TypeAlias

import torch

from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.scalars import BYTES, integer, is_scalar
from tokenviz.model.running.wrapping import described

__all__ = ["Criteria", "Criterion", "Stop", "StopRule", "StoppingCriteria"]

Criterion: TypeAlias = Callable[[torch.LongTensor, Any], "torch.Tensor | bool"]
"""Ids so far ``[b, t]`` and None to who is at the end, ``[b]``: a StoppingCriteria."""

Criteria: TypeAlias = "Criterion | Sequence[Criterion] | None"
"""A transformers StoppingCriteria, or several (a list or a StoppingCriteriaList)."""

Stop: TypeAlias = "str | int | Sequence[str | int] | None"
"""A stop string or token id, or several of either."""


class StopRule:
    """Tells after each token whether the text is at its end.

    Strings are looked for in the bytes of what was generated, so that one may begin or end within
    a token. What it has seen so far belongs to one text: another needs a rule :meth:`afresh`.
    """

    def __init__(self, lm: LoadedModel, stop: Stop) -> None:
        ids, strings = _parse(stop, lm.vocabulary_size)
        self._end_of_sequence = end_of_sequence_ids(lm) - ids
        self._ids = ids
        self._strings = strings
        self._vocabulary = lm.vocabulary
        self._tail = b""

    def afresh(self) -> StopRule:
        """The same rule for another text."""
        rule = copy(self)
        rule._tail = b""
        return rule

    def __call__(self, id_: int) -> bool:
        """Take the next token; True if it is the last."""
        if id_ in self._ids or self.is_end_of_sequence(id_):
            return True
        if not self._strings:
            return False
        recent = self._tail + self._vocabulary[id_].bytes
        keep = max(map(len, self._strings)) - 1
        self._tail = recent[-keep:] if keep else b""
        return any(string in recent for string in self._strings)

    def is_end_of_sequence(self, id_: int) -> bool:
        """Whether a token only says that the text is over (and was not asked for as a stop)."""
        return id_ in self._end_of_sequence


class StoppingCriteria:
    """The user's criteria, of which one is enough."""

    def __init__(self, criteria: Any) -> None:
        several = isinstance(criteria, list | tuple)
        self._criteria: list[Any] = (
            list(criteria) if several else [] if criteria is None else [criteria]
        )
        for position, entry in enumerate(self._criteria):
            if not callable(entry):
                place = f"[{position}]" if several else ""
                raise TypeError(
                    f"stopping_criteria{place}: expected a transformers StoppingCriteria or a "
                    f"function of ids and scores, got {type(entry).__name__}: {entry!r}"
                )

    def __bool__(self) -> bool:
        return bool(self._criteria)

    def __call__(self, ids: torch.Tensor) -> list[bool]:
        """Which of some texts, ids ``[b, t]``, are at their end."""
        ends = [False] * len(ids)
        for criterion in self._criteria:
            said = criterion(ids, None)
            # One answer for all, as of old, or one each.
            each = (
                said.tolist() if isinstance(said, torch.Tensor) and said.ndim else [said] * len(ids)
            )
            ends = [one or bool(other) for one, other in zip(ends, each, strict=True)]
        return ends


def end_of_sequence_ids(lm: LoadedModel) -> set[int]:
    """The ids that end a text: from the generation config, else the config, else the tokenizer."""
    model = described(lm.model)
    for owner in (getattr(model, "generation_config", None), model.config, lm.tokenizer):
        ids = getattr(owner, "eos_token_id", None)
        if ids is not None:
            return {int(ids)} if isinstance(ids, int) else {int(id_) for id_ in ids}
    return set()


def _parse(stop: Any, vocabulary_size: int) -> tuple[set[int], list[bytes]]:
    is_one = isinstance(stop, (str, *BYTES)) or is_scalar(stop) or not isinstance(stop, Iterable)
    entries: Sequence[Any] = () if stop is None else [stop] if is_one else list(stop)
    ids, strings = set(), []
    for entry in entries:
        if isinstance(entry, str):
            if not entry:
                raise ValueError("stop: expected text, got an empty string")
            strings.append(entry.encode())
        else:
            id_ = integer(entry, "stop", "strings or token ids")
            if not 0 <= id_ < vocabulary_size:
                raise ValueError(
                    f"stop: id {id_} is outside the vocabulary of {vocabulary_size} tokens"
                )
            ids.add(id_)
    return ids, strings
