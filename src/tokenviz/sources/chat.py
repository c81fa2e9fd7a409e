"""Chat completions as OpenAI's clients give them: whole, or as the chunks of a stream.

Servers that answer in this shape differ in what an entry holds; :func:`traces` reads them all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from tokenviz.data.trace import Distribution, Trace
from tokenviz.sources.assembling import Position, assemble
from tokenviz.sources.chat_content import Entry, entries, positions
from tokenviz.sources.choices import as_list, gathered, is_list, model_of
from tokenviz.sources.fields import absent, field, has, number, record
from tokenviz.sources.format import Given
from tokenviz.sources.listing import LEAST

__all__ = [
    "SWITCH",
    "Choice",
    "choices",
    "has_entries",
    "is_chat",
    "is_chat_stream",
    "traces",
    "unspelled",
]

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
        has(choice, "message") for choice in as_list(source["choices"])
    )


def is_chat_stream(source: Any) -> bool:
    """Whether it is the chunks of a streamed one."""
    return is_list(source) and any(
        has(chunk, "choices") and any(has(choice, "delta") for choice in as_list(chunk["choices"]))
        for chunk in source
    )


def has_entries(logprobs: Any) -> bool:
    """Whether log-probabilities come as a chat's entries."""
    return has(logprobs, "content") and is_list(logprobs["content"])


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


def choices(source: Any) -> list[Choice]:
    """The choices of a completion, or of all its chunks together, by their index."""
    found = gathered(source, _parts, 2)
    return [
        Choice(one.name, content, refusal, one.text, one.is_given)
        for one in found
        for content, refusal in [one.parts]
    ]


def _parts(logprobs: Any, name: str, text: str) -> tuple[list[Entry], list[Entry]] | None:
    """The entries of a message and those of a refusal; None where there are no such fields."""
    found = record({} if logprobs is None else logprobs, name)
    parts = [found.get(part) for part in ("content", "refusal")]
    if found and "content" not in found and "refusal" not in found:
        field(found, "content", name)
    if all(values is None for values in parts):
        return None
    content, refusal = (
        [] if values is None else entries(values, f"{name}.{part}")
        for values, part in zip(parts, ("content", "refusal"), strict=True)
    )
    return content, refusal
