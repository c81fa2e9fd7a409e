"""When generation ends: the model's end-of-sequence tokens, and stop tokens or strings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from tokenviz.model.scalars import BYTES, integer, is_scalar

if TYPE_CHECKING:
    from tokenviz.model.language_model import LanguageModel

__all__ = ["Stop", "StopRule"]

Stop: TypeAlias = "str | int | Sequence[str | int] | None"
"""A stop string or token id, or several of either."""


class StopRule:
    """Tells after each token whether the text is at its end.

    Strings are looked for in the bytes of what was generated, so that one may begin or end within
    a token.
    """

    def __init__(self, lm: LanguageModel, stop: Stop) -> None:
        ids, strings = _parse(stop, lm.vocabulary_size)
        self._end_of_sequence = end_of_sequence_ids(lm) - ids
        self._ids = ids
        self._strings = strings
        self._vocabulary = lm.vocabulary
        self._tail = b""

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


def end_of_sequence_ids(lm: LanguageModel) -> set[int]:
    """The ids that end a text: from the generation config, else the config, else the tokenizer."""
    model: Any = lm.model
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
