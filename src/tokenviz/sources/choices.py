"""The choices of a response, or of all chunks of its stream put together.

What stands as a choice's ``logprobs`` differs between chats and completions, and is read by whoever
asks; which choice a chunk continues, and that none comes twice, is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tokenviz.sources.fields import record, rows, whole

__all__ = ["Gathered", "Parts", "as_list", "check_numbered", "gathered", "is_list", "model_of",
           "said"]  # fmt: skip

Parts = tuple[list[Any], ...]
"""What is read of a choice: lists that go on with each chunk."""


class Gathered(NamedTuple):
    """A choice, put together from all chunks."""

    name: str
    """Where it, or the first of it that counts, was found."""
    parts: Parts
    """What was read of its log-probabilities."""
    text: str
    """Its text."""
    is_given: bool
    """Whether there were log-probabilities at all."""


def gathered(
    source: Any, read: Callable[[Any, str, str], Parts | None], n_parts: int
) -> list[Gathered]:
    """The choices of a response, or of all its chunks together, by their index.

    Parameters
    ----------
    source
        A response as plain values, or the list of its chunks.
    read
        From what stands as ``logprobs``, its name, and the choice's text to ``n_parts`` lists; None
        where there are no log-probabilities.

    Raises
    ------
    TypeError, ValueError
        If a choice is none, does not say which of several it continues, or comes twice.
    """
    is_stream = is_list(source)
    if is_stream:
        check_numbered(source)
    found: dict[int, Gathered] = {}
    for i, response in enumerate(source if is_stream else [source]):
        prefix = f"chunks[{i}]." if is_stream else ""
        own = record(response, prefix.rstrip(".") or "response")
        for index, new in _of_response(own, prefix, read, n_parts).items():
            old = found.get(index)
            found[index] = new if old is None else _joined(old, new)
    return [found[index] for index in sorted(found)]


def _of_response(
    response: Mapping[str, Any],
    prefix: str,
    read: Callable[[Any, str, str], Parts | None],
    n_parts: int,
) -> dict[int, Gathered]:
    out: dict[int, Gathered] = {}
    name = f"{prefix}choices"
    for i, value in enumerate(rows(response.get("choices") or [], name)):
        choice = record(value, own := f"{name}[{i}]")
        index = whole(choice.get("index"), f"{own}.index")
        index = i if index is None else index
        if index in out:
            raise ValueError(f"{own}.index: {index} is that of another choice")
        text = said(choice)
        parts = read(choice.get("logprobs"), f"{own}.logprobs", text)
        nothing: Parts = tuple([] for _ in range(n_parts))
        out[index] = Gathered(own, parts or nothing, text, parts is not None)
    return out


def _joined(old: Gathered, new: Gathered) -> Gathered:
    return Gathered(
        old.name if old.is_given else new.name,
        tuple(a + b for a, b in zip(old.parts, new.parts, strict=True)),
        old.text + new.text,
        old.is_given or new.is_given,
    )


def check_numbered(chunks: Sequence[Any], key: str = "choices") -> None:
    """Refuse chunks that do not say which of several choices they continue.

    Raises
    ------
    ValueError
        If one has no index, and another one more than 0.
    """
    indices = {
        f"chunks[{i}].{key}[{j}].index": choice.get("index")
        for i, chunk in enumerate(chunks)
        if isinstance(chunk, Mapping)
        for j, choice in enumerate(as_list(chunk.get(key)))
        if isinstance(choice, Mapping)
    }
    missing = [name for name, index in indices.items() if index is None]
    if missing and any(indices.values()):
        raise ValueError(f"{missing[0]}: expected the number of a choice, got none")


def model_of(source: Any) -> str | None:
    """The model's name, where the response or one of its chunks says it."""
    for response in source if is_list(source) else [source]:
        name = response.get("model") if isinstance(response, Mapping) else None
        if name and isinstance(name, str):
            return name
    return None


def said(choice: Mapping[str, Any]) -> str:
    """The text of a choice: of its message, of what a chunk adds to it, or its own."""
    for key in ("message", "delta"):
        owner = choice.get(key)
        if isinstance(owner, Mapping) and isinstance(owner.get("content"), str):
            return str(owner["content"])
    text = choice.get("text")
    return text if isinstance(text, str) else ""


def is_list(source: Any) -> bool:
    """Whether it is a list, as the chunks of a stream are."""
    return isinstance(source, Sequence) and not isinstance(source, str | bytes)


def as_list(value: Any) -> Sequence[Any]:
    """It, if it is a list; else nothing."""
    return value if is_list(value) else []
