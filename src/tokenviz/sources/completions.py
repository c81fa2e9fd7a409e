"""Completions with their log-probabilities in columns: whole, or as the chunks of a stream.

So answer OpenAI's legacy endpoint and those that copied it; some do for chats too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tokenviz.data.trace import Distribution, Trace
from tokenviz.sources.assembling import Position, assemble
from tokenviz.sources.chat import unspelled
from tokenviz.sources.choices import gathered, is_list, model_of
from tokenviz.sources.columns import has_columns, positions
from tokenviz.sources.fields import absent, record
from tokenviz.sources.format import Given
from tokenviz.sources.spelling import Tokenizer

__all__ = ["SWITCH", "Choice", "all_logprobs", "choices", "prompt_length", "traces"]

SWITCH = "logprobs=5"
"""What a legacy request says to get log-probabilities."""


class Choice(NamedTuple):
    """One of the answers, put together from all chunks."""

    name: str
    """Where it, or the first of it that counts, was found."""
    positions: list[Position]
    """Its tokens."""
    text: str
    """Its text."""
    is_given: bool
    """Whether there were log-probabilities at all."""


def all_logprobs(source: Any) -> list[Any]:
    """What stands as ``logprobs`` in the choices of a response or of all chunks; to look at."""
    responses = source if is_list(source) else [source]
    return [
        choice.get("logprobs")
        for response in responses
        if isinstance(response, Mapping) and is_list(response.get("choices"))
        for choice in response["choices"]
        if isinstance(choice, Mapping)
    ]


def traces(
    source: Any,
    given: Given,
    *,
    shown: str,
    before: Sequence[Position] = (),
    distribution: Distribution = "unknown",
    switch: str = SWITCH,
    is_alone: bool = False,
) -> list[Trace]:
    """One trace per choice.

    Parameters
    ----------
    source
        A completion as plain values, or the list of its chunks.
    given
        What the caller knows besides.
    shown
        The title of the format.
    before
        The positions of the prompt, where they come apart from the choices.
    distribution
        What the producer's log-probabilities are of, unless the caller says so.
    switch
        What a request says to get log-probabilities.
    is_alone
        Whether the producer decodes each token by itself.

    Raises
    ------
    TypeError, ValueError
        If a choice has no log-probabilities, or a field holds what it should not.
    """
    found = choices(source, given.tokenizer, is_alone=is_alone)
    prompt = len(before) or prompt_length(source, found)
    out = []
    for choice in found:
        if not choice.is_given:
            raise absent(f"{choice.name}.logprobs", switch)
        path = [*before, *choice.positions]
        parts = ["prompt"] * prompt + ["completion"] * (len(path) - prompt)
        out.append(
            assemble(
                path,
                source=shown,
                distribution=given.distribution or distribution,
                temperature=given.temperature,
                model=model_of(source),
                categories={"part": parts} if prompt else None,
                notes=unspelled(choice.positions, choice.text),
            )
        )
    return out


def choices(
    source: Any, tokenizer: Tokenizer | None = None, *, is_alone: bool = False
) -> list[Choice]:
    """The choices of a completion, or of all its chunks together, by their index."""

    def read(logprobs: Any, name: str, text: str) -> tuple[list[Position]] | None:
        if logprobs is None:
            return None
        if is_list(logprobs):
            raise TypeError(
                f"{name}: expected tokens with their token_logprobs, got numbers "
                "alone, which do not say what they belong to"
            )
        found = positions(
            record(logprobs, name), name, tokenizer=tokenizer, text=text, is_alone=is_alone
        )
        return (found,) if has_columns(logprobs) else None

    return [
        Choice(one.name, path, one.text, one.is_given)
        for one in gathered(source, read, 1)
        for (path,) in [one.parts]
    ]


def prompt_length(source: Any, found: Sequence[Choice]) -> int:
    """How many tokens of each choice are an echo of the prompt; 0 where nothing tells.

    An echo begins with a token that nothing precedes, so its log-probability is not known. How long
    it is follows from the tokens that were counted for the bill, if one prompt was asked for.
    """
    if not all(choice.positions and choice.positions[0].chosen.logprob is None for choice in found):
        return 0
    counts = [count for count in map(_usage, source if is_list(source) else [source]) if count]
    if not counts:
        return 0
    prompt, completion = counts[-1]
    total = sum(len(choice.positions) for choice in found)
    # An echo may leave out the token that begins every text.
    lengths = (prompt, prompt - 1)
    return next((n for n in lengths if total == n * len(found) + completion), 0)


def _usage(response: Any) -> tuple[int, int] | None:
    usage = response.get("usage")
    if not isinstance(usage, Mapping):
        return None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens") or 0
    if not isinstance(prompt, int) or not isinstance(completion, int) or prompt <= 0:
        return None
    return prompt, completion
