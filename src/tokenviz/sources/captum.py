"""captum: what ``LLMAttribution`` and ``LLMGradientAttribution`` return.

Its rows are the tokens that were written, its columns those of the prompt (or the values of a
template): the other way round. Their texts are trimmed, so that the tokens of a prompt are taken by
their ids where the result still has its input.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tokenviz.data.attribution import Attribution
from tokenviz.data.tokens import Token
from tokenviz.sources.foreign import (
    as_array,
    as_list,
    ids,
    is_a,
    is_one_or_more,
    part,
    texts,
)
from tokenviz.sources.format import Format, Given
from tokenviz.sources.spelling import as_tokenizer, token_of

__all__ = ["CAPTUM"]

_OVERLAP = re.compile(r" \[OVERLAP\]$")  # of a token that shares a character with the one before
_SPELLED = re.compile("[\u0100-\u0143\u2581]")  # Ġ, ▁, and bytes that are no character


def _recognise(source: Any) -> bool:
    return is_one_or_more(source, "captum", "LLMAttributionResult")


def _read(source: Any, given: Given) -> list[Attribution]:
    results = source if isinstance(source, list | tuple) else [source]
    return [_attribution(result, given) for result in results]


def _attribution(result: Any, given: Given) -> Attribution:
    written = texts(part(result, "output_tokens", "output_tokens"), "output_tokens")
    of_each = part(result, "token_attr", "token_attr")
    targets: Sequence[Token | str]
    if of_each is None:
        name, targets = "seq_attr", ["".join(written)]
        values = as_array(part(result, name, name), name, ndim=1)[:, None]
    else:
        name, targets = "token_attr", _pretty(written)
        values = as_array(of_each, name, ndim=2).T
    prompt = _prompt(result, given)
    for own, count, expected in (
        ("input_tokens", len(prompt), values.shape[0]),
        ("output_tokens", len(targets), values.shape[1]),
    ):
        if count != expected:
            raise ValueError(f"{own}: expected {expected}, as in {name}, got {count}")
    return Attribution(values, prompt, targets)


def _prompt(result: Any, given: Given) -> list[Token]:
    shown = texts(part(result, "input_tokens", "input_tokens"), "input_tokens")
    inputs = getattr(result, "inp", None)
    if is_a(inputs, "captum", "TextTokenInput"):
        name = "inp.itp_tensor"
        found = as_list(part(inputs, "itp_tensor", name), name)
        own = ids(found[0], name) if len(found) == 1 else []
        tokenizer = given.tokenizer or as_tokenizer(getattr(inputs, "tokenizer", None))
        if len(own) == len(shown):
            if tokenizer is not None:
                return [token_of(None, id=id_, tokenizer=tokenizer) for id_ in own]
            return [
                Token(token.bytes, id=id_, unknown=token.unknown)
                for token, id_ in zip(_pretty(shown), own, strict=True)
            ]
    return _pretty(shown)


def _pretty(shown: Sequence[str]) -> list[Token]:
    """Tokens as captum shows them; of those of one character, only that they are is known.

    Where some are spelled as a vocabulary spells bytes, those are known that are plain.
    """
    is_spelled = any(map(_SPELLED.search, shown))
    shared = [bool(_OVERLAP.search(text)) for text in [*shown, ""]]
    return [
        Token(_OVERLAP.sub("", text), unknown=True)
        if shared[i] or shared[i + 1] or (is_spelled and not text.isascii())
        else token_of(text)
        for i, text in enumerate(shown)
    ]


CAPTUM = Format(
    name="captum",
    title="captum LLMAttributionResult",
    kind="attributions",
    keys=("input_tokens", "output_tokens", "seq_attr", "token_attr"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "of the prompt, of perturbation methods; else texts without white space around",
        "ids": "of the prompt, of perturbation methods",
        "targets": "each written token, or all together",
    },
)
