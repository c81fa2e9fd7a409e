"""llama.cpp's server at ``/completion``: today's shape, the old one, after sampling, streamed.

Today ``completion_probabilities`` holds ``{id, token, bytes, logprob, top_logprobs}`` of each
token, or ``prob`` and ``top_probs`` with ``post_sampling_probs``; before December 2024 it held
``{content, probs: [{tok_str, prob}]}``. ``tokens``, the ids of all tokens, is there with
``return_tokens``; a stream counts them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tokenviz.data.trace import Distribution, Trace
from tokenviz.sources.assembling import Listed, Position, assemble
from tokenviz.sources.chat_content import Entry, entries, positions
from tokenviz.sources.fields import (
    absent,
    field,
    has,
    number,
    record,
    rows,
    string,
    whole,
)
from tokenviz.sources.format import Format, Given
from tokenviz.sources.llamacpp_pieces import Written, apart, spelled_out
from tokenviz.sources.spelling import token_of

__all__ = ["LLAMACPP_COMPLETION"]

_PROBABILITIES = "completion_probabilities"
_SLACK = 1e-3  # of a probability: rounding may bring it above 1


def _recognise(source: Any) -> bool:
    if isinstance(source, Sequence) and not isinstance(source, str | bytes):
        return bool(source) and all(_is_answer(chunk) for chunk in source)
    return _is_answer(source)


def _is_answer(source: Any) -> bool:
    return has(source, _PROBABILITIES) or has(source, "content", "stop", "tokens_predicted")


def _read(source: Any, given: Given) -> list[Trace]:
    answer = _joined(source)
    if not answer.entries:
        raise absent(_PROBABILITIES, "n_probs=5")
    first = answer.entries[0][1]
    written = _old(answer) if "probs" in first else _new(answer, given)
    content, notes = apart(written, ids=answer.ids, count=answer.total, tokenizer=given.tokenizer)
    said = number(answer.settings.get("temperature"), "generation_settings.temperature")
    said = None if said is None else float(f"{said:.7g}")  # it was a float32: 0.800000012
    return [
        assemble(
            content,
            source=LLAMACPP_COMPLETION.title,
            distribution=given.distribution or _distribution(first),
            temperature=said if given.temperature is None else given.temperature,
            model=answer.model,
            notes=notes,
        )
    ]


class _Answer(NamedTuple):
    """A whole answer, or what a stream's chunks make together."""

    entries: list[Entry]
    counts: list[int | None]
    """How many tokens each entry stands for."""
    ids: list[int] | None
    """Of all tokens."""
    total: int | None
    """How many tokens there are."""
    settings: Mapping[str, Any]
    model: str | None


def _joined(source: Any) -> _Answer:
    is_stream = not isinstance(source, Mapping)
    chunks = rows(source, "chunks") if is_stream else [source]
    every: list[Entry] = []
    counts: list[int | None] = []
    settings: Any = {}
    model = None
    before: int | None = 0
    for i, value in enumerate(chunks):
        prefix = f"chunks[{i}]." if is_stream else ""
        chunk = record(value, f"chunks[{i}]" if is_stream else "response")
        new = entries(chunk.get(_PROBABILITIES) or [], prefix + _PROBABILITIES)
        every += [(name, record(entry, name)) for name, entry in new]
        so_far = whole(chunk.get("tokens_predicted"), f"{prefix}tokens_predicted")
        _check_count(new, before, so_far, prefix)
        is_counted = is_stream and len(new) == 1 and so_far is not None and before is not None
        counts += [so_far - before] if is_counted else [None] * len(new)  # type: ignore[operator]
        before = so_far
        settings = chunk.get("generation_settings") or settings
        model = chunk.get("model") or model
    return _Answer(
        every,
        counts,
        None if is_stream else _ids(source),
        before,
        record(settings, "generation_settings"),
        model if isinstance(model, str) else None,
    )


def _check_count(new: Sequence[Entry], before: int | None, so_far: int | None, prefix: str) -> None:
    if so_far is not None and before is not None and so_far - before < len(new):
        raise ValueError(
            f"{prefix}{_PROBABILITIES}: expected at most {so_far - before}, as tokens_predicted "
            f"says, got {len(new)}"
        )


def _ids(answer: Mapping[str, Any]) -> list[int] | None:
    """Of all tokens; a stream's chunk has the last of a character alone."""
    ids = [
        whole(id_, f"tokens[{i}]")
        for i, id_ in enumerate(rows(answer.get("tokens") or [], "tokens"))
    ]
    known = [id_ for id_ in ids if id_ is not None]
    return known if known and len(known) == len(ids) else None


def _distribution(entry: Mapping[str, Any]) -> Distribution:
    """The old shape's may be after sampling or the model's own, and nothing in it says which."""
    if "probs" in entry:
        return "unknown"
    return "sampling" if "prob" in entry else "model"


def _new(answer: _Answer, given: Given) -> list[Written]:
    content = [(name, _with_logprobs(entry, name)) for name, entry in answer.entries]
    return [
        Written(position, spelled_out(entry, name), count)
        for position, (name, entry), count in zip(
            positions(content, tokenizer=given.tokenizer, ids="id"),
            content,
            answer.counts,
            strict=True,
        )
    ]


def _with_logprobs(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The same entry, with logarithms where it has probabilities."""
    if "prob" not in entry:
        return entry
    top = [
        {**record(one, own), "logprob": _log(record(one, own), "prob", own)}
        for own, one in entries(entry.get("top_probs") or [], f"{name}.top_probs")
    ]
    return {**entry, "logprob": _log(entry, "prob", name), "top_logprobs": top}


def _old(answer: _Answer) -> list[Written]:
    """Of entries that give the chosen token's probability in the list alone."""
    out: list[Written] = []
    lists: list[list[Listed]] = []
    for (name, entry), count in zip(answer.entries, answer.counts, strict=True):
        text = string(field(entry, "content", name), f"{name}.content")
        listed = []
        for own, value in entries(field(entry, "probs", name), f"{name}.probs"):
            one = record(value, own)
            token = token_of(string(field(one, "tok_str", own), f"{own}.tok_str"))
            listed.append(Listed(token, _log(one, "prob", own)))
        chosen = token_of(text)
        logprob = next((one.logprob for one in listed if chosen.is_same(one.token)), None)
        out.append(Written(Position(Listed(chosen, logprob), listed), text.encode(), count))
        lists.append(listed)
    if len(lists) > 1 and lists[0] and all(listed == lists[0] for listed in lists):
        # Some versions of December 2024 did this; no two positions have the same list by chance.
        warnings.warn(
            f"{_PROBABILITIES}: all positions have the first one's list; it is left out elsewhere",
            stacklevel=2,
        )
        out[1:] = [
            entry._replace(position=Position(Listed(entry.position.chosen.token, None)))
            for entry in out[1:]
        ]
    return out


def _log(owner: Mapping[str, Any], key: str, name: str) -> float | None:
    p = number(field(owner, key, name), f"{name}.{key}")
    if p is None or math.isnan(p):
        return None
    if not 0 <= p <= 1 + _SLACK:
        raise ValueError(f"{name}.{key}: expected a probability from 0 to 1, got {p!r}")
    return min(0.0, math.log(p)) if p > 0 else None


LLAMACPP_COMPLETION = Format(
    name="llamacpp-completion",
    title="llama.cpp server, /completion",
    kind="log-probabilities",
    keys=("completion_probabilities", "tokens_predicted", "generation_settings", "stop_type"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "yes; of pieces of characters with return_tokens, a stream, or a tokenizer",
        "ids": "yes (none before December 2024)",
        "alternatives": "n_probs of them",
        "prompt": "no",
        "distribution": "model; sampling with post_sampling_probs",
    },
)
