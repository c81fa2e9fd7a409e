"""Gemini's ``logprobs_result``, as python-genai gives it and, in camel case, as REST does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources.assembling import Listed, Position, assemble
from tokenviz.sources.chat import unspelled
from tokenviz.sources.choices import check_numbered, is_list
from tokenviz.sources.fields import absent, aligned, number, record, rows, string, whole
from tokenviz.sources.format import Format, Given
from tokenviz.sources.listing import position
from tokenviz.sources.spelling import token_of

__all__ = ["GEMINI"]

_SWITCH = "response_logprobs=True, logprobs=5 (responseLogprobs and logprobs in REST)"


def _recognise(source: Any) -> bool:
    return any(
        isinstance(candidate, Mapping)
        and ("content" in candidate or _get(candidate, "logprobs_result") is not None)
        for response in _responses(source)
        if isinstance(response, Mapping) and is_list(response.get("candidates"))
        for candidate in response["candidates"]
    )


def _read(source: Any, given: Given) -> list[Trace]:
    if is_list(source):
        check_numbered(source, "candidates")
    read: dict[int, list[Position]] = {}
    text: dict[int, str] = {}
    model = None
    for i, value in enumerate(_responses(source)):
        prefix = f"chunks[{i}]." if is_list(source) else ""
        response = record(value, prefix.rstrip(".") or "response")
        model = model or _get(response, "model_version")
        candidates = rows(response.get("candidates") or [], f"{prefix}candidates")
        for j, entry in enumerate(candidates):
            name = f"{prefix}candidates[{j}]"
            candidate = record(entry, name)
            index = whole(candidate.get("index"), f"{name}.index")
            index = j if index is None else index
            text[index] = text.get(index, "") + _text(candidate)
            own = _path(candidate, name)
            result = _get(candidate, "logprobs_result")
            result = record({} if result is None else result, own)
            if _get(result, "chosen_candidates") is not None:
                read.setdefault(index, []).extend(_positions(result, own, given))
    if missing := sorted(text.keys() - read.keys()):
        raise absent(f"candidates[{missing[0]}].logprobs_result", _SWITCH)
    return [
        assemble(
            read[index],
            source=GEMINI.title,
            distribution=given.distribution or "unknown",
            temperature=given.temperature,
            model=model if isinstance(model, str) else None,
            notes=unspelled(read[index], text[index]),
        )
        for index in sorted(read)
    ]


def _positions(result: Mapping[str, Any], name: str, given: Given) -> list[Position]:
    """A position of each chosen candidate, which its list need not hold."""
    chosen = rows(_get(result, "chosen_candidates"), f"{name}.chosen_candidates")
    tops = _get(result, "top_candidates")
    if tops is None:
        tops = [{}] * len(chosen)
    else:
        tops = aligned(tops, f"{name}.top_candidates", len(chosen), "chosen candidate")
    out = []
    for i, (one, top) in enumerate(zip(chosen, tops, strict=True)):
        where = f"{name}.top_candidates[{i}]"
        values = record({} if top is None else top, where).get("candidates") or []
        listed = [
            _listed(value, f"{where}.candidates[{k}]", given)
            for k, value in enumerate(rows(values, f"{where}.candidates"))
        ]
        out.append(position(_listed(one, f"{name}.chosen_candidates[{i}]", given), listed))
    return out


def _listed(value: Any, name: str, given: Given) -> Listed:
    candidate = record(value, name)
    text, id = candidate.get("token"), _get(candidate, "token_id")  # noqa: A001
    try:
        token = token_of(
            None if text is None else string(text, f"{name}.token"),
            id=whole(id, f"{name}.token_id"),
            tokenizer=given.tokenizer,
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return Listed(token, number(_get(candidate, "log_probability"), f"{name}.log_probability"))


def _get(owner: Mapping[str, Any], key: str) -> Any:
    """A field in either spelling: ``token_id``, or ``tokenId`` as REST has it."""
    first, *others = key.split("_")
    return owner.get(key, owner.get(first + "".join(map(str.capitalize, others))))


def _path(candidate: Mapping[str, Any], name: str) -> str:
    return f"{name}.{'logprobs_result' if 'logprobs_result' in candidate else 'logprobsResult'}"


def _text(candidate: Mapping[str, Any]) -> str:
    """The text of a candidate, which may be in several parts."""
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, Mapping) else None
    return "".join(
        part["text"]
        for part in (parts if isinstance(parts, Sequence) else ())
        if isinstance(part, Mapping) and isinstance(part.get("text"), str)
    )


def _responses(source: Any) -> Sequence[Any]:
    return source if is_list(source) else [source]


GEMINI = Format(
    name="gemini",
    title="Gemini",
    kind="log-probabilities",
    keys=("candidates", "logprobs_result", "logprobsResult", "chosen_candidates",
          "chosenCandidates", "top_candidates", "topCandidates"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "no",
        "ids": "yes",
        "alternatives": "up to 20, the chosen token among them or not",
        "prompt": "no",
        "distribution": "not said",
    },
)  # fmt: skip
