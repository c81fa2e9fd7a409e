"""interpreto: an ``AttributionOutput``, or the list of them that ``explain`` returns.

Rows are what was explained: written tokens, or classes; columns are the elements of the text, with
the written ones after those of the prompt.
"""

from __future__ import annotations

from typing import Any

from tokenviz.data.attribution import Attribution
from tokenviz.data.provenance import Grouping
from tokenviz.data.tokens import Token
from tokenviz.sources.causal import before_each
from tokenviz.sources.foreign import as_array, as_list, ids, is_one_or_more, part
from tokenviz.sources.format import Format, Given
from tokenviz.sources.spelling import Tokenizer, token_of

__all__ = ["INTERPRETO"]

_GROUPINGS: dict[str, Grouping] = {
    "word": "word", "sentence": "sentence", "part_sentence": "spans"
}  # fmt: skip
_SCORES = {"LOGITS": "logit", "SOFTMAX": "probability", "LOG_SOFTMAX": "logprob"}


def _recognise(source: Any) -> bool:
    return is_one_or_more(source, "interpreto", "AttributionOutput")


def _read(source: Any, given: Given) -> list[Attribution]:
    outputs = source if isinstance(source, list | tuple) else [source]
    return [_attribution(output, given) for output in outputs]


def _attribution(output: Any, given: Given) -> Attribution:
    values = as_array(part(output, "attributions", "attributions"), "attributions")
    if values.ndim not in (1, 2):
        raise ValueError(f"attributions: expected 1 or 2 dimensions, got {values.ndim}")
    values = values.T if values.ndim > 1 else values[:, None]
    rows = _rows(output, len(values), given.tokenizer)
    if len(rows) != len(values):
        raise ValueError(f"elements: expected {len(values)}, as in attributions, got {len(rows)}")
    grouping = _GROUPINGS.get(_word(output, "granularity", "value"))
    score = _SCORES.get(_word(output, "inference_mode", "name"))
    task = _word(output, "model_task", "value")
    if not task:
        raise ValueError("model_task: expected what the model does, found nothing")
    if task != "generation":
        return Attribution(values, rows, _classes(output, values.shape[1]),
                           score=score, grouping=grouping)  # fmt: skip
    # The written elements, which are explained, are the last ones: tokens, or groups of them too.
    first = len(rows) - values.shape[1]
    if first < 0:
        raise ValueError(
            f"attributions: expected at most {len(rows)} rows, as many as elements, "
            f"got {values.shape[1]}"
        )
    _check_targets(output, values.shape[1], is_each=grouping is None)
    values = before_each(values, first)
    return Attribution(values, rows[: len(values)], rows[first:], score=score, grouping=grouping)


def _check_targets(output: Any, n: int, *, is_each: bool) -> None:
    """The written tokens: as many as rows of attributions, or, where these are of groups, more."""
    targets = getattr(output, "targets", None)
    if targets is None:
        return
    given = len(as_list(targets, "targets"))
    if given < n or (is_each and given != n):
        raise ValueError(
            f"attributions: expected {given} rows, as in targets, got {n}; of groups of tokens "
            "there may be fewer, but granularity says nothing of such"
        )


def _word(output: Any, key: str, of: str) -> str:
    """The name or value of an enumeration's member; nothing where there is none."""
    word = getattr(getattr(output, key, None), of, None)
    return word if isinstance(word, str) else ""


def _rows(output: Any, n: int, tokenizer: Tokenizer | None) -> list[Token]:
    """The elements; where they are all tokens of the input, with their ids."""
    elements = as_list(part(output, "elements", "elements"), "elements")
    is_text = all(isinstance(one, str) for one in elements)
    if not is_text:
        of_elements = ids(elements, "elements")
        return [token_of(None, id=id_, tokenizer=tokenizer) for id_ in of_elements]
    name = "model_inputs_to_explain.input_ids"
    inputs = part(output, "model_inputs_to_explain", name)
    own = as_list(part(inputs, "input_ids", name), name)
    own = ids(own[0] if own and isinstance(own[0], list) else own, name)
    if len(own) != n:  # groups of tokens
        return [token_of(text) for text in elements]
    if len(elements) != n:
        raise ValueError(f"elements: expected {n}, as in attributions, got {len(elements)}")
    return [
        token_of(text, id=id_, tokenizer=tokenizer) for text, id_ in zip(elements, own, strict=True)
    ]


def _classes(output: Any, n: int) -> list[str]:
    """The classes by their numbers: their names are the model's."""
    name = "targets" if getattr(output, "classes", None) is None else "classes"
    numbers = part(output, name, name)
    own = ids(numbers.reshape(-1) if hasattr(numbers, "reshape") else numbers, name)
    if len(own) < n:
        raise ValueError(f"{name}: expected {n}, one per row of attributions, got {len(own)}")
    return [f"class {number}" for number in own[:n]]


INTERPRETO = Format(
    name="interpreto",
    title="interpreto AttributionOutput",
    kind="attributions",
    keys=("attributions", "elements", "model_inputs_to_explain", "model_task"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "from ids, with tokenizer=, where elements are tokens; else as written",
        "ids": "of tokens",
        "targets": "each written token by all before it, or each class",
    },
)
