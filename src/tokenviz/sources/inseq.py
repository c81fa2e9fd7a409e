"""inseq: a ``FeatureAttributionOutput``, or the JSON it was saved as: one attribution per text.

Values that are still vectors are aggregated by inseq itself, as the result says (``aggregate()``
before reading decides otherwise). Tokens are pieces as the vocabulary spells them, with their ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tokenviz.data.attribution import Attribution
from tokenviz.data.tokens import Token
from tokenviz.sources.causal import before_each
from tokenviz.sources.fields import record, string, whole
from tokenviz.sources.foreign import as_array, as_list, is_one_or_more, part
from tokenviz.sources.format import Format, Given
from tokenviz.sources.inseq_saved import array_of, is_saved, unwrapped
from tokenviz.sources.spelling import Tokenizer, as_tokenizer, token_of

__all__ = ["INSEQ"]

_OUTPUT = "FeatureAttributionOutput"
_SEQUENCES = "sequence_attributions"
_PLACES = ("attr_pos_start", "attr_pos_end")
_PER_TEXT = 2  # dimensions: of rows and columns

# Such pieces are the same text however a vocabulary spells it; ## and <0x0A> are spellings.
_PLAIN = re.compile(r"(?!##|<0x)[\x21-\x7e]+")


def _recognise(source: Any) -> bool:
    return is_one_or_more(source, "inseq", _OUTPUT) or is_saved(source)


def _read(source: Any, given: Given) -> list[Attribution]:
    outputs = source if isinstance(source, list | tuple) else [source]
    return [
        _attribution(sequence, info, given, f"{_SEQUENCES}[{i}]")
        for output in map(unwrapped, outputs)
        for info in [_info(output)]
        for i, sequence in enumerate(as_list(part(output, _SEQUENCES, _SEQUENCES), _SEQUENCES))
    ]


def _info(output: Any) -> Mapping[str, Any]:
    info = part(output, "info", "info")
    return record({} if info is None else info, "info")


def _attribution(sequence: Any, info: Mapping[str, Any], given: Given, name: str) -> Attribution:
    tokenizer = given.tokenizer or _own_tokenizer(info)
    own = _aggregated(_Arrays.of(sequence, name), sequence, name)
    target = _tokens(sequence, "target", name, tokenizer)
    first, end = (_place(sequence, key, name, len(target)) for key in _PLACES)
    rows: list[Token] = []
    values: list[Any] = []
    if own.source is not None:
        source = _tokens(sequence, "source", name, tokenizer)
        values.append(_of_columns(own.source, f"{name}.source_attributions", end - first))
        _check_rows(values[-1], f"{name}.source_attributions", len(source), "source")
        rows += source
    if own.target is not None:
        before = _of_columns(own.target, f"{name}.target_attributions", end - first)
        _check_rows(before, f"{name}.target_attributions", len(target), "target")
        before = before_each(before, first)
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


class _Arrays(NamedTuple):
    """Values of the tokens of a source, of those that were written, or of both."""

    source: Any
    target: Any

    @classmethod
    def of(cls, sequence: Any, name: str) -> _Arrays:
        keys = ("source_attributions", "target_attributions")
        arrays = [array_of(part(sequence, key, f"{name}.{key}"), f"{name}.{key}") for key in keys]
        return cls(
            *(
                one if one is None else as_array(one, f"{name}.{key}")
                for one, key in zip(arrays, keys, strict=True)
            )
        )


def _place(sequence: Any, key: str, name: str, n: int) -> int:
    place = whole(part(sequence, key, f"{name}.{key}"), f"{name}.{key}")
    if place is None or place > n:
        raise ValueError(f"{name}.{key}: expected a position of the {n} of target, got {place}")
    return place


def _of_columns(values: Any, name: str, n: int) -> Any:
    if values.shape[1] != n:
        raise ValueError(
            f"{name}: expected {n} columns, from attr_pos_start to attr_pos_end, "
            f"got {values.shape[1]}"
        )
    return values


def _check_rows(values: Any, name: str, n: int, of: str) -> None:
    if len(values) != n:
        raise ValueError(f"{name}: expected {n} rows, as in {of}, got {len(values)}")


def _aggregated(own: _Arrays, sequence: Any, name: str) -> _Arrays:
    """The values with one number per token and target."""
    given = [one for one in own if one is not None]
    if not given:
        raise ValueError(
            f"{name}: it holds no attributions, in source_attributions or target_attributions"
        )
    if all(one.ndim == _PER_TEXT for one in given):
        return own
    if not callable(getattr(sequence, "aggregate", None)):
        raise ValueError(
            f"{name}: expected one number per token and target in source_attributions and "
            f"target_attributions, got {given[-1].ndim} dimensions; aggregate() makes them one, "
            "before saving too"
        )
    aggregated = _Arrays.of(sequence.aggregate(), name)
    for one in aggregated:
        if one is not None and one.ndim != _PER_TEXT:
            raise ValueError(
                f"{name}: expected two dimensions once it is aggregated, got {one.ndim}; "
                "give aggregate(…) what makes two of them, before reading"
            )
    return aggregated


def _tokens(sequence: Any, key: str, name: str, tokenizer: Tokenizer | None) -> list[Token]:
    own = f"{name}.{key}"
    return [
        _token(one, f"{own}[{i}]", tokenizer)
        for i, one in enumerate(as_list(part(sequence, key, own), own))
    ]


def _token(one: Any, name: str, tokenizer: Tokenizer | None) -> Token:
    text = string(part(one, "token", f"{name}.token"), f"{name}.token")
    id_ = whole(part(one, "id", f"{name}.id"), f"{name}.id")
    if (tokenizer is not None and id_ is not None) or _PLAIN.fullmatch(text):
        return token_of(text, id=id_, tokenizer=tokenizer)
    return Token(text, id=id_, unknown=True)


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
    given = info.get("attributed_fn_args")
    is_log = isinstance(given, Mapping) and given.get("logprob") is True
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
