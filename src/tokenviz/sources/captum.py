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
from tokenviz.sources.foreign import as_array, as_list, is_a, is_one_or_more
from tokenviz.sources.format import Format, Given
from tokenviz.sources.spelling import as_tokenizer, token_of

__all__ = ["CAPTUM"]

_OVERLAP = re.compile(r" \[OVERLAP\]$")  # of a token that shares a character with the one before


def _recognise(source: Any) -> bool:
    return is_one_or_more(source, "captum", "LLMAttributionResult")


def _read(source: Any, given: Given) -> list[Attribution]:
    results = source if isinstance(source, list | tuple) else [source]
    return [_attribution(result, given) for result in results]


def _attribution(result: Any, given: Given) -> Attribution:
    written = [_pretty(text) for text in result.output_tokens]
    if result.token_attr is None:
        values = as_array(result.seq_attr, "seq_attr")[:, None]
        targets: Sequence[Token | str] = ["".join(result.output_tokens)]
    else:
        values, targets = as_array(result.token_attr, "token_attr").T, written
    return Attribution(values, _prompt(result, given), targets)


def _prompt(result: Any, given: Given) -> list[Token]:
    texts = list(result.input_tokens)
    inputs = result.inp
    if is_a(inputs, "captum", "TextTokenInput"):
        ids = as_list(inputs.itp_tensor, "inp.itp_tensor")[0]
        tokenizer = given.tokenizer or as_tokenizer(inputs.tokenizer)
        if len(ids) == len(texts):
            return [token_of(None, id=id_, tokenizer=tokenizer) for id_ in ids]
    return [_pretty(text) for text in texts]


def _pretty(text: str) -> Token:
    """A token as captum shows it; of a shared character, only that it is one is known."""
    shown = _OVERLAP.sub("", text)
    return token_of(shown) if shown == text else Token(shown, unknown=True)


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
