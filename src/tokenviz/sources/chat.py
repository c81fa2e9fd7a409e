"""Chat completions as OpenAI's clients give them: whole, or as the chunks of a stream.

Servers that answer in this shape differ in what an entry holds; :func:`traces` reads them all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tokenviz.data.trace import Distribution, Trace
from tokenviz.sources.assembling import Position, assemble
from tokenviz.sources.chat_content import Entry, entries, positions
from tokenviz.sources.fields import absent, field, has, number, record, rows, whole
from tokenviz.sources.format import Given
from tokenviz.sources.listing import LEAST

__all__ = ["SWITCH", "Choice", "check_numbered", "choices", "is_chat", "is_chat_stream", "is_list",
           "model_of", "said", "traces", "unspelled"]  # fmt: skip

SWITCH = "logprobs=True, top_logprobs=5"
"""What a chat request says to get log-probabilities."""


class Choice(NamedTuple):
    """One of the answers, put together from all chunks."""

    name: str
    """Where it, or the first of it that counts, was found."""
    content: list[Entry]
    """Entries of the tokens of the message."""
    refusal: list[Entry]
    """Entries of the tokens of a refusal."""
    text: str
    """The text of the message."""
    is_given: bool
    """Whether there were log-probabilities at all."""


def is_chat(source: Any) -> bool:
    """Whether it is a whole chat completion."""
    return has(source, "choices") and any(
        has(choice, "message") for choice in _list(source["choices"])
    )


def is_chat_stream(source: Any) -> bool:
    """Whether it is the chunks of a streamed one."""
    return is_list(source) and any(
        has(chunk, "choices") and any(has(choice, "delta") for choice in _list(chunk["choices"]))
        for chunk in source
    )


def traces(
    source: Any,
    given: Given,
    *,
    shown: str,
    distribution: Distribution = "unknown",
    ids: str | None = None,
    numbers: Sequence[str] = (),
    switch: str = SWITCH,
) -> list[Trace]:
    """One trace per choice.

    Parameters
    ----------
    source
        A chat completion as plain values, or the list of its chunks.
    given
        What the caller knows besides.
    shown
        The title of the format.
    distribution
        What the producer's log-probabilities are of, unless the caller says so.
    ids
        The field of an entry that holds the token's id.
    numbers
        Further log-probabilities of an entry, each kept as a channel of that name.
    switch
        What a request says to get log-probabilities.

    Raises
    ------
    TypeError, ValueError
        If a choice has no log-probabilities, or a field holds what it should not.
    """
    out = []
    for choice in choices(source):
        if not choice.is_given:
            raise absent(f"{choice.name}.logprobs", switch)
        content = positions(
            choice.content, tokenizer=given.tokenizer, ids=ids, text=choice.text or None
        )
        refusal = positions(choice.refusal, tokenizer=given.tokenizer, ids=ids)
        parts = ["content"] * len(content) + ["refusal"] * len(refusal)
        out.append(
            assemble(
                [*content, *refusal],
                source=shown,
                distribution=given.distribution or distribution,
                temperature=given.temperature,
                model=model_of(source),
                channels=_channels([*choice.content, *choice.refusal], numbers),
                categories={"part": parts} if refusal else None,
                notes=unspelled(content, choice.text),
            )
        )
    return out


def choices(source: Any) -> list[Choice]:
    """The choices of a completion, or of all its chunks together, by their index."""
    if not is_list(source):
        return list(_choices(record(source, "response"), "").values())
    check_numbered(source)
    found: dict[int, Choice] = {}
    for i, chunk in enumerate(source):
        for index, new in _choices(record(chunk, f"chunks[{i}]"), f"chunks[{i}].").items():
            old = found.get(index)
            found[index] = new if old is None else _joined(old, new)
    return [found[index] for index in sorted(found)]


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
        for j, choice in enumerate(_list(chunk.get(key)))
        if isinstance(choice, Mapping)
    }
    missing = [name for name, index in indices.items() if index is None]
    if missing and any(indices.values()):
        raise ValueError(f"{missing[0]}: expected the number of a choice, got none")


def _choices(response: Mapping[str, Any], prefix: str) -> dict[int, Choice]:
    out: dict[int, Choice] = {}
    name = f"{prefix}choices"
    for i, value in enumerate(rows(response.get("choices") or [], name)):
        choice = record(value, own := f"{name}[{i}]")
        index = whole(choice.get("index"), f"{own}.index")
        index = i if index is None else index
        if index in out:
            raise ValueError(f"{own}.index: {index} is that of another choice")
        logprobs = choice.get("logprobs")
        logprobs = {} if logprobs is None else record(logprobs, f"{own}.logprobs")
        parts = {part: logprobs.get(part) for part in ("content", "refusal")}
        if logprobs and not any(part in logprobs for part in parts):
            field(logprobs, "content", f"{own}.logprobs")
        content, refusal = (
            [] if values is None else entries(values, f"{own}.logprobs.{part}")
            for part, values in parts.items()
        )
        is_given = any(values is not None for values in parts.values())
        out[index] = Choice(own, content, refusal, said(choice), is_given)
    return out


def _joined(old: Choice, new: Choice) -> Choice:
    return Choice(
        old.name if old.is_given else new.name,
        old.content + new.content,
        old.refusal + new.refusal,
        old.text + new.text,
        old.is_given or new.is_given,
    )


def model_of(source: Any) -> str | None:
    """The model's name, where the response or one of its chunks says it."""
    for response in source if is_list(source) else [source]:
        name = response.get("model") if isinstance(response, Mapping) else None
        if name and isinstance(name, str):
            return name
    return None


def unspelled(content: Sequence[Position], text: str | None) -> dict[str, str] | None:
    """A note where the tokens do not make the text that came with them.

    They may make more: tokens that end a message or a thought are not part of its text.
    """
    if not text or not content or any(position.chosen.token.unknown for position in content):
        return None
    spelled = b"".join(position.chosen.token.bytes for position in content)
    if text.rstrip("\ufffd") in spelled.decode("utf-8", errors="replace"):
        return None
    return {"tokens": "do not spell the whole text that came with them"}


def said(choice: Mapping[str, Any]) -> str:
    """The text of a choice: of its message, of what a chunk adds to it, or its own."""
    for key in ("message", "delta"):
        owner = choice.get(key)
        if isinstance(owner, Mapping) and isinstance(owner.get("content"), str):
            return str(owner["content"])
    text = choice.get("text")
    return text if isinstance(text, str) else ""


def _channels(content: Sequence[Entry], numbers: Sequence[str]) -> dict[str, list[float]] | None:
    """Numbers of entries, NaN where there is none, of those names that any entry has."""
    columns = {
        key: [number(entry.get(key), f"{name}.{key}") for name, entry in content]
        for key in numbers
        if any(key in entry for _, entry in content)
    }
    return {
        key: [math.nan if value is None or value <= LEAST else value for value in column]
        for key, column in columns.items()
    } or None


def is_list(source: Any) -> bool:
    """Whether it is a list, as the chunks of a stream are."""
    return isinstance(source, Sequence) and not isinstance(source, str | bytes)


def _list(value: Any) -> Sequence[Any]:
    return value if is_list(value) else []
