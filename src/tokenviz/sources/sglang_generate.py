"""SGLang's own ``/generate``: triples of log-probability, id and text, in ``meta_info``.

``input_token_logprobs`` and ``output_token_logprobs`` are ``[[logprob, id, text], …]``, the text
null unless ``return_text_in_logprobs`` was asked for; ``input_top_logprobs`` and
``output_top_logprobs`` hold a list of such triples per position, or null. A stream sends all of the
output so far each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources.assembling import Listed, Position, assemble
from tokenviz.sources.choices import is_list
from tokenviz.sources.fields import absent, aligned, has, number, record, rows, string, whole
from tokenviz.sources.format import Format, Given
from tokenviz.sources.spelling import token_of

__all__ = ["SGLANG_GENERATE"]

_SWITCH = "return_logprob=True, top_logprobs_num=5, return_text_in_logprobs=True"
_OUTPUT = "output_token_logprobs"


def _recognise(source: Any) -> bool:
    answers = source if is_list(source) else [source]
    return bool(answers) and all(has(answer, "meta_info") for answer in answers)


def _read(source: Any, given: Given) -> list[Trace]:
    return [_trace(answer, name, given) for name, answer in _answers(source)]


def _answers(source: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Each whole answer with its name: of a stream's chunks the last of each request."""
    if not is_list(source):
        return [("", record(source, "response"))]
    last: dict[Any, tuple[str, Mapping[str, Any]]] = {}
    for i, value in enumerate(source):
        answer = record(value, f"responses[{i}]")
        info = record(answer["meta_info"], f"responses[{i}].meta_info")
        # Those of a batch have ids of their own, the chunks of a stream share theirs.
        own = info.get("id")
        own = i if own is None else string(own, f"responses[{i}].meta_info.id")
        request = own, whole(answer.get("index"), f"responses[{i}].index")
        before = last.get(request)
        if before is not None:
            _check_is_longer(before[1]["meta_info"], info, f"responses[{i}]")
        last[request] = (f"responses[{i}].", answer)
    return list(last.values())


def _check_is_longer(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> None:
    """A chunk holds what the one before it held: a server may be told to send only what is new."""
    old = rows(before.get(_OUTPUT) or [], f"{name}.meta_info.{_OUTPUT}")
    new = rows(after.get(_OUTPUT) or [], f"{name}.meta_info.{_OUTPUT}")
    if list(new[: len(old)]) != list(old):
        raise ValueError(
            f"{name}.meta_info.{_OUTPUT}: expected those of the chunk before and what came after "
            "them; chunks are out of order, or only what is new was sent: put the lists together"
        )


def _trace(answer: Mapping[str, Any], prefix: str, given: Given) -> Trace:
    name = f"{prefix}meta_info"
    info = record(answer["meta_info"], name)
    if info.get(_OUTPUT) is None:
        raise absent(f"{name}.{_OUTPUT}", _SWITCH)
    prompt = _positions(info, "input", name, given)
    output = _positions(info, "output", name, given)
    parts = ["prompt"] * len(prompt) + ["completion"] * len(output)
    return assemble(
        [*prompt, *output],
        source=SGLANG_GENERATE.title,
        distribution=given.distribution or "unknown",
        temperature=given.temperature,
        categories={"part": parts} if prompt else None,
    )


def _positions(info: Mapping[str, Any], part: str, name: str, given: Given) -> list[Position]:
    own = f"{name}.{part}_token_logprobs"
    chosen = [
        _listed(triple, f"{own}[{i}]", given)
        for i, triple in enumerate(rows(info.get(f"{part}_token_logprobs") or [], own))
    ]
    where = f"{name}.{part}_top_logprobs"
    lists = info.get(f"{part}_top_logprobs") or [None] * len(chosen)
    return [
        Position(one, _list(triples, f"{where}[{i}]", given))
        for i, (one, triples) in enumerate(
            zip(chosen, aligned(lists, where, len(chosen), "token"), strict=True)
        )
    ]


def _list(triples: Any, name: str, given: Given) -> Sequence[Listed]:
    if triples is None:
        return []
    return [_listed(one, f"{name}[{k}]", given) for k, one in enumerate(rows(triples, name))]


def _listed(triple: Any, name: str, given: Given) -> Listed:
    values = rows(triple, name)
    if len(values) not in (2, 3):
        raise ValueError(f"{name}: expected [logprob, id, text], got {len(values)} values")
    text = values[2] if len(values) == 3 else None
    id = whole(values[1], f"{name}[1]")  # noqa: A001 - the field's own word
    if id is None:
        raise TypeError(f"{name}[1]: expected an id, got null")
    try:
        token = token_of(
            None if text is None else string(text, f"{name}[2]"), id=id, tokenizer=given.tokenizer
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return Listed(token, number(values[0], f"{name}[0]"))


SGLANG_GENERATE = Format(
    name="sglang-generate",
    title="SGLang, /generate",
    kind="log-probabilities",
    keys=("meta_info", "output_ids", "output_token_logprobs", "output_top_logprobs"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "by ids, with a tokenizer",
        "ids": "yes",
        "alternatives": "top_logprobs_num of them",
        "prompt": "with logprob_start_len",
        "distribution": "not said; after temperature, unless the server was told otherwise",
    },
)
