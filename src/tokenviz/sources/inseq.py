"""inseq: a ``FeatureAttributionOutput``, one attribution per text.

Values that are still vectors are aggregated by inseq itself, as the result says (``aggregate()``
before reading decides otherwise). Tokens are pieces as the vocabulary spells them, with their ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tokenviz.data.attribution import Attribution
from tokenviz.data.tokens import Token
from tokenviz.sources.causal import before_each
from tokenviz.sources.foreign import as_array, is_one_or_more
from tokenviz.sources.format import Format, Given
from tokenviz.sources.spelling import Tokenizer, as_tokenizer, token_of

__all__ = ["INSEQ"]

_OUTPUT = "FeatureAttributionOutput"
_PER_TEXT = 2  # dimensions: of rows and columns

# Such pieces are the same text however a vocabulary spells it; ## and <0x0A> are spellings.
_PLAIN = re.compile(r"(?!##|<0x)[\x21-\x7e]+")


def _recognise(source: Any) -> bool:
    return is_one_or_more(source, "inseq", _OUTPUT)


def _read(source: Any, given: Given) -> list[Attribution]:
    outputs = source if isinstance(source, list | tuple) else [source]
    return [
        _attribution(sequence, output.info or {}, given, f"sequence_attributions[{i}]")
        for output in outputs
        for i, sequence in enumerate(output.sequence_attributions)
    ]


def _attribution(sequence: Any, info: Mapping[str, Any], given: Given, name: str) -> Attribution:
    sequence = _aggregated(sequence, name)
    tokenizer = given.tokenizer or _own_tokenizer(info)
    first, end = sequence.attr_pos_start, sequence.attr_pos_end
    target = [_token(token, tokenizer) for token in sequence.target]
    rows: list[Token] = []
    values: list[Any] = []
    if sequence.source_attributions is not None:
        values.append(as_array(sequence.source_attributions, f"{name}.source_attributions"))
        rows += [_token(token, tokenizer) for token in sequence.source]
    if sequence.target_attributions is not None:
        before = as_array(sequence.target_attributions, f"{name}.target_attributions")
        before = before_each(before[: len(target)], first)
        values.append(before)
        rows += target[: len(before)]
    return Attribution(
        np.concatenate(values),
        rows,
        target[first:end],
        method=_word(info, "attribution_method"),
        score=_score(info),
        model=_word(info, "model_name"),
    )


def _aggregated(sequence: Any, name: str) -> Any:
    """The result with one number per token and target."""
    values = [sequence.source_attributions, sequence.target_attributions]
    if all(one is None for one in values):
        raise ValueError(f"{name}: it holds no attributions")
    if all(one is None or one.ndim == _PER_TEXT for one in values):
        return sequence
    if not callable(getattr(sequence, "aggregate", None)):
        raise ValueError(
            f"{name}: expected one number per token and target, got {values[-1].ndim} dimensions; "
            "aggregate() makes them one"
        )
    aggregated = sequence.aggregate()
    for one in (aggregated.source_attributions, aggregated.target_attributions):
        if one is not None and one.ndim != _PER_TEXT:
            raise ValueError(
                f"{name}: expected two dimensions once it is aggregated, got {one.ndim}; "
                "give aggregate(…) what makes two of them, before reading"
            )
    return aggregated


def _token(token: Any, tokenizer: Tokenizer | None) -> Token:
    if tokenizer is not None or _PLAIN.fullmatch(token.token):
        return token_of(token.token, id=token.id, tokenizer=tokenizer)
    return Token(token.token, id=token.id, unknown=True)


def _own_tokenizer(info: Mapping[str, Any]) -> Tokenizer | None:
    """That of the model, if it lies in a folder here."""
    for key in ("tokenizer_name", "model_name"):
        name = info.get(key)
        if isinstance(name, str) and (Path(name) / "tokenizer.json").is_file():
            return as_tokenizer(name)
    return None


def _score(info: Mapping[str, Any]) -> str | None:
    """What was attributed, in the words that attributions have for it."""
    word = _word(info, "attributed_fn")
    if word is None:
        return None
    is_log = (info.get("attributed_fn_args") or {}).get("logprob") is True
    name = word.removesuffix("_fn")
    return "logprob" if name == "probability" and is_log else name


def _word(info: Mapping[str, Any], key: str) -> str | None:
    value = info.get(key)
    return value if isinstance(value, str) and value else None


INSEQ = Format(
    name="inseq",
    title="inseq FeatureAttributionOutput",
    kind="attributions",
    keys=("sequence_attributions", "step_attributions", "info"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "from ids, with tokenizer= or the model's folder; else spellings",
        "ids": "yes",
        "targets": "each written token, by all tokens before it",
    },
)
