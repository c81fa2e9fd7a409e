"""Text Generation Inference: the details of ``/generate``, whole or streamed.

Its chats are in OpenAI's shape and are read as such. Log-probabilities of what it writes are taken
after temperature and filters, those of the prompt before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources.assembling import Listed, Position, assemble
from tokenviz.sources.choices import is_list
from tokenviz.sources.fields import absent, aligned, field, has, number, record, rows, string, whole
from tokenviz.sources.format import Format, Given
from tokenviz.sources.listing import position, told_late
from tokenviz.sources.spelling import token_of

__all__ = ["TGI"]

_SWITCH = 'parameters={"details": True, "top_n_tokens": 5}'


def _recognise(source: Any) -> bool:
    if has(source, "generated_text", "details") or has(source, "generated_text", "tokens"):
        return True
    if not is_list(source) or not source:
        return False
    return _is_chunk(source[0]) or all(
        has(one, "generated_text") and not has(one, "generated_tokens")  # as Ray Data's rows have
        for one in source
    )


def _is_chunk(value: Any) -> bool:
    if has(value, "choices"):  # as Together's chunks have
        return False
    return has(value, "token") and has(value["token"], "id", "text", "logprob")


def _read(source: Any, given: Given) -> list[Trace]:
    if not is_list(source):
        return _whole(record(source, "response"), "", given)
    if source and _is_chunk(source[0]):
        return [_stream(source, given)]
    return [
        trace
        for i, response in enumerate(source)
        for trace in _whole(record(response, f"[{i}]"), f"[{i}].", given)
    ]


def _whole(response: Mapping[str, Any], prefix: str, given: Given) -> list[Trace]:
    """The best sequence, and the others that it was the best of."""
    name = f"{prefix}details"
    details = response.get("details")
    if details is None:
        raise absent(name, _SWITCH)
    details = record(details, name)
    others = details.get("best_of_sequences") or []
    named = [(details, name)] + [
        (record(one, where), where)
        for i, one in enumerate(rows(others, f"{name}.best_of_sequences"))
        for where in [f"{name}.best_of_sequences[{i}]"]
    ]
    return [_sequence(one, where, given) for one, where in named]


def _sequence(details: Mapping[str, Any], name: str, given: Given) -> Trace:
    tokens = rows(field(details, "tokens", name), f"{name}.tokens")
    tops = details.get("top_tokens")
    tops = [()] * len(tokens) if tops is None else tops
    tops = aligned(tops, f"{name}.top_tokens", len(tokens), "token")
    prefill = rows(details.get("prefill") or [], f"{name}.prefill")
    before = [Position(_one(one, f"{name}.prefill[{i}]", given)) for i, one in enumerate(prefill)]
    names = [f"{name}.tokens[{i}]" for i in range(len(tokens))]
    return _trace(before, _positions(tokens, names, tops, f"{name}.top_tokens", given), given)


def _stream(chunks: Sequence[Any], given: Given) -> Trace:
    tokens, tops = [], []
    for i, value in enumerate(chunks):
        chunk = record(value, f"chunks[{i}]")
        tokens.append(field(chunk, "token", f"chunks[{i}]"))
        tops.append(chunk.get("top_tokens") or ())
    _check_order(chunks)
    names = [f"chunks[{i}].token" for i in range(len(tokens))]
    return _trace([], _positions(tokens, names, tops, "top_tokens", given), given)


def _check_order(chunks: Sequence[Any]) -> None:
    """Chunks are numbered: one that is missing, or out of place, would leave a hole unseen."""
    numbers = [whole(chunk.get("index"), f"chunks[{i}].index") for i, chunk in enumerate(chunks)]
    for i, index in enumerate(numbers):
        expected = None if numbers[0] is None else numbers[0] + i
        if index is not None and expected is not None and index != expected:
            raise ValueError(
                f"chunks[{i}].index: expected {expected}, got {index}; chunks are missing or "
                "out of order"
            )


def _positions(
    tokens: Sequence[Any], names: Sequence[str], tops: Sequence[Any], top: str, given: Given
) -> list[Position]:
    out = []
    for i, chosen in enumerate(tokens):
        where = f"{top}[{i}]"
        values = rows(() if tops[i] is None else tops[i], where)
        listed = [_one(value, f"{where}[{k}]", given) for k, value in enumerate(values)]
        out.append(position(_one(chosen, names[i], given), listed))
    return told_late(out)


def _one(value: Any, name: str, given: Given) -> Listed:
    token = record(value, name)
    text, id = field(token, "text", name), field(token, "id", name)  # noqa: A001
    try:
        spelled = token_of(
            string(text, f"{name}.text"),
            id=whole(id, f"{name}.id"),
            tokenizer=given.tokenizer,
            special=token.get("special") is True,
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return Listed(spelled, number(field(token, "logprob", name), f"{name}.logprob"))


def _trace(before: Sequence[Position], written: Sequence[Position], given: Given) -> Trace:
    notes = None
    if before and given.distribution is None:
        notes = {"prompt": "its log-probabilities are the model's own"}
    parts = ["prompt"] * len(before) + ["completion"] * len(written)
    return assemble(
        [*before, *written],
        source=TGI.title,
        distribution=given.distribution or "sampling",
        temperature=given.temperature,
        categories={"part": parts} if before else None,
        notes=notes,
    )


TGI = Format(
    name="tgi",
    title="Text Generation Inference",
    kind="log-probabilities",
    keys=("generated_text", "details", "prefill", "tokens", "top_tokens", "token"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "by ids, with a tokenizer",
        "ids": "yes",
        "alternatives": "with top_n_tokens",
        "prompt": 'with "decoder_input_details"',
        "distribution": "sampling; the model's own of the prompt",
    },
)
