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
from tokenviz.sources.foreign import as_array, as_list, is_one_or_more
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
    values = as_array(output.attributions, "attributions")
    values = values.T if values.ndim > 1 else values[:, None]
    rows = _rows(output, len(values), given.tokenizer)
    if len(rows) != len(values):
        raise ValueError(f"elements: expected {len(values)}, as in attributions, got {len(rows)}")
    grouping = _GROUPINGS.get(str(getattr(output.granularity, "value", None)))
    score = _SCORES.get(str(getattr(output.inference_mode, "name", None)))
    if getattr(output.model_task, "value", None) != "generation":
        return Attribution(values, rows, _classes(output, values.shape[1]),
                           score=score, grouping=grouping)  # fmt: skip
    # The written elements, which are explained, are the last ones: tokens, or groups of them too.
    first = len(rows) - values.shape[1]
    if first < 0:
        raise ValueError(
            f"attributions: expected at most {len(rows)} rows, as many as elements, "
            f"got {values.shape[1]}"
        )
    values = before_each(values, first)
    return Attribution(values, rows[: len(values)], rows[first:], score=score, grouping=grouping)


def _rows(output: Any, n: int, tokenizer: Tokenizer | None) -> list[Token]:
    """The elements; where they are all tokens of the input, with their ids."""
    elements = output.elements
    texts = list(elements) if all(isinstance(one, str) for one in elements) else None
    ids = as_list(output.model_inputs_to_explain["input_ids"], "input_ids")
    ids = ids[0] if ids and isinstance(ids[0], list) else ids
    if texts is None:
        ids, texts = [int(one) for one in elements], [None] * n
    if len(ids) != n:  # groups of tokens
        return [token_of(text) for text in texts]
    return [
        token_of(text, id=id_, tokenizer=tokenizer) for text, id_ in zip(texts, ids, strict=True)
    ]


def _classes(output: Any, n: int) -> list[str]:
    """The classes by their numbers: their names are the model's."""
    numbers = output.targets if output.classes is None else output.classes
    numbers = as_list(numbers.reshape(-1), "classes")
    return [f"class {number}" for number in numbers[:n]]


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
