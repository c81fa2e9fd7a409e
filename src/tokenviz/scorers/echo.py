"""Reading completions that repeat their prompt: which of the numbers are those of the target.

Two shapes are read. An *echo* lists the tokens of prompt and answer with the log-probability of
each (OpenAI's legacy completions, vLLM, llama-cpp-python). vLLM's ``prompt_logprobs`` list, for
each token of the prompt, log-probabilities by id. In both the target is the end of the prompt.

An echo does not say where the prompt ends: the one token that is written after it may be missing,
where that ends the text, and some servers leave out the token that begins it. So it is counted by
what the server says to have written, and what it calls the tokens is held against what was sent: a
number of the place next to the right one would be wrong without a sign.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.scorers.transport import ServerError

__all__ = ["by_ids", "by_text", "choices_of", "written_by"]

Numbers = npt.NDArray[np.float64]

_MORE_THAN_CERTAIN = 1e-3  # what rounding makes of log 1, at most
_EXCLUDED = -9999.0  # how OpenAI and vLLM write −∞
_LOWEST = -1e30  # below it, how others do
_ID = re.compile(r"token_id:(\d+)")
_BLANKS = str.maketrans("", "", "▁Ġ \n\r\tĊ")


def choices_of(answer: Any, count: int) -> list[Mapping[str, Any]]:
    """The choices of a completion, in the order of the prompts.

    Raises
    ------
    ServerError
        If there is not one for each prompt.
    """
    choices = answer.get("choices") if isinstance(answer, Mapping) else None
    if not isinstance(choices, list):
        found = sorted(answer) if isinstance(answer, Mapping) else type(answer).__name__
        raise ServerError(f"choices: expected a completion with choices, got {found}")
    indices = [
        one.get("index", k) if isinstance(one, Mapping) else None for k, one in enumerate(choices)
    ]
    if sorted(map(str, indices)) != sorted(map(str, range(count))):
        raise ServerError(
            f"choices: expected one for each of {count} prompts, got the indices {indices}; where "
            "a server takes one prompt at a time, make the scorer with batch=1"
        )
    return [choices[indices.index(k)] for k in range(count)]


def written_by(answer: Mapping[str, Any], count: int) -> int | None:
    """How many tokens the server wrote after each of its prompts; None where it does not say."""
    usage = answer.get("usage")
    total = usage.get("completion_tokens") if isinstance(usage, Mapping) else None
    if isinstance(total, int) and total in (0, count):
        return total // count
    return None


def by_ids(
    choice: Mapping[str, Any],
    n_prompt: int,
    target: Sequence[int],
    said: Sequence[str | None],
    written: int | None,
) -> Numbers:
    """Log-probabilities of the ids of a target, ``[ids]``.

    Parameters
    ----------
    choice
        What the server answered.
    n_prompt
        Ids before the target.
    target
        Its ids.
    said
        What each is called, as far as that is text.
    written
        How many tokens were written after it, if known.

    Raises
    ------
    ServerError
        If numbers are missing, or it cannot be told whose they are; it names the field.
    """
    count = len(target)
    listed = choice.get("prompt_logprobs")
    if listed is not None:
        return _listed(listed, n_prompt, target)
    tokens, numbers = _echo(choice)
    ends = _possible_ends(len(tokens), n_prompt + count, written)
    fitting = [
        end for end in ends if end >= count and _fits(tokens[end - count : end], target, said)
    ]
    if not ends:
        raise ServerError(
            f"logprobs.tokens: expected the {n_prompt + count} tokens that were sent and at most "
            f"one more, got {len(tokens)}; the server reads ids in another way, so send text "
            "(send='text')"
        )
    if not fitting:
        end = ends[-1]
        raise ServerError(
            f"logprobs.tokens: the last of the prompt are {tokens[max(0, end - count) : end]}, but "
            f"those sent are {list(map(_named, said, target))}; is the tokenizer that of the "
            "server's model?"
        )
    if len(fitting) > 1:
        raise ServerError(
            "logprobs.tokens: whether the last token was written by the server or sent cannot be "
            "told; it says no usage.completion_tokens"
        )
    end = fitting[0]
    return np.array(
        [_number(numbers[k], f"logprobs.token_logprobs[{k}]") for k in range(end - count, end)]
    )


def by_text(choice: Mapping[str, Any], prompt: str, target: str) -> float:
    """The log-probability of a target after a prompt, both texts.

    Raises
    ------
    ServerError
        If numbers are missing, or no token begins where the target does.
    """
    tokens, numbers = _echo(choice)
    whole = "".join(tokens)
    # A token that begins every text may stand before it, under a name.
    start = whole.find(prompt + target)
    if start < 0:
        raise ServerError(
            "logprobs.tokens: what they say is not the text that was sent (pieces of characters, "
            "or a tokenizer that changes texts); give the scorer the model's tokenizer, and it "
            "sends ids"
        )
    first, last = start + len(prompt), start + len(prompt) + len(target)
    places, place = [], 0
    for token in tokens:
        places.append(place)
        place += len(token)
    edges = {*places, place}
    empty = {at for at, token in zip(places, tokens, strict=True) if not token}
    if not {first, last} <= edges - empty:
        raise ServerError(
            f"logprobs.tokens: no token begins where the target {target!r} does, or ends where it "
            "ends; move the border, or give the scorer the model's tokenizer, and it sends ids"
        )
    return math.fsum(
        _number(numbers[k], f"logprobs.token_logprobs[{k}]")
        for k, at in enumerate(places)
        if first <= at < last
    )


def _echo(choice: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    """Tokens and their log-probabilities as the server lists them."""
    logprobs = choice.get("logprobs")
    if not isinstance(logprobs, Mapping):
        raise ServerError(
            "logprobs: expected those of the prompt, got none; the server must give them with "
            "echo=True (of vLLM, ask='prompt_logprobs' does without; llama-cpp-python needs "
            "logits_all=True)"
        )
    tokens, numbers = logprobs.get("tokens"), logprobs.get("token_logprobs")
    for name, value in (("tokens", tokens), ("token_logprobs", numbers)):
        if not isinstance(value, list):
            raise ServerError(
                f"logprobs.{name}: expected a list, got {type(value).__name__} beside "
                f"{sorted(logprobs)}"
            )
    assert isinstance(tokens, list) and isinstance(numbers, list)
    if len(tokens) != len(numbers):
        raise ServerError(
            f"logprobs.token_logprobs: expected one for each of {len(tokens)} tokens, got "
            f"{len(numbers)}"
        )
    return list(map(str, tokens)), numbers


def _listed(listed: Any, n_prompt: int, target: Sequence[int]) -> Numbers:
    """From vLLM's lists by id: each says whose number it is."""
    if not isinstance(listed, list) or len(listed) != n_prompt + len(target):
        found = len(listed) if isinstance(listed, list) else type(listed).__name__
        raise ServerError(
            f"prompt_logprobs: expected one entry for each of {n_prompt + len(target)} ids, got "
            f"{found}"
        )
    numbers = []
    for k, id_ in enumerate(target, n_prompt):
        entry = listed[k]
        own = entry.get(str(id_)) if isinstance(entry, Mapping) else None
        if not isinstance(own, Mapping):
            raise ServerError(
                f"prompt_logprobs[{k}]: expected the id {id_} that was sent, got "
                f"{sorted(entry) if isinstance(entry, Mapping) else entry!r}"
            )
        numbers.append(_number(own.get("logprob"), f"prompt_logprobs[{k}]['{id_}'].logprob"))
    return np.array(numbers)


def _possible_ends(listed: int, sent: int, written: int | None) -> list[int]:
    """How many of the listed tokens may be those of the prompt, its first left out or not."""
    known = (0, 1) if written is None else (written,)
    return sorted({listed - more for more in known} & {sent, sent - 1})


def _fits(tokens: Sequence[str], target: Sequence[int], said: Sequence[str | None]) -> bool:
    """Whether what a server calls some tokens may be those that were sent."""
    return all(map(_may_be, tokens, target, said))


def _may_be(token: str, id_: int, said: str | None) -> bool:
    if named := _ID.fullmatch(token):
        return int(named[1]) == id_
    if said is None or "\ufffd" in token or token.startswith("bytes:") or not token:
        return True  # a piece of a character, which text cannot say
    # Servers spell spaces in ways of their own.
    return token.translate(_BLANKS) == said.translate(_BLANKS)


def _named(said: str | None, id_: int) -> str:
    return f"id {id_}" if said is None else said


def _number(value: Any, field: str) -> float:
    """A log-probability, as servers write them."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ServerError(f"{field}: expected a log-probability, got {value!r}")
    if value > _MORE_THAN_CERTAIN:
        raise ServerError(f"{field}: expected a log-probability, which is at most 0, got {value!r}")
    return -math.inf if value == _EXCLUDED or value <= _LOWEST else float(value)
