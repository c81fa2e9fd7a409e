"""Ray Data LLM: rows of a batch that vLLM generated, as ``build_processor`` gives them.

A row has ``generated_tokens`` and, per position, ``{token id: {logprob, rank, decoded_token}}`` as
``logprobs`` and ``prompt_logprobs``, as vLLM gives them offline. Ids are keys: in JSON they are
texts, and of such texts Parquet makes fields, so that every position has those of all, null where
they are not its own. Where keys are numbers, Ray pickles the column for Parquet, and writes the
first position alone as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources.assembling import Listed, Position, assemble
from tokenviz.sources.fields import absent, field, number, record, string, whole
from tokenviz.sources.foreign import as_list
from tokenviz.sources.format import Format, Given
from tokenviz.sources.per_token import ids, is_given, records
from tokenviz.sources.spelling import Tokenizer, token_of

__all__ = ["RAY_DATA"]

_SWITCH = 'sampling_params={"logprobs": 5}'


def _recognise(source: Any) -> bool:
    rows = records(source)
    return bool(rows) and {"generated_tokens", "logprobs"} <= rows[0].keys()


def _read(source: Any, given: Given) -> list[Trace]:
    return [_trace(row, f"[{i}]", given) for i, row in enumerate(records(source))]


def _trace(row: Mapping[str, Any], name: str, given: Given) -> Trace:
    if not is_given(row, "logprobs"):
        raise absent(f"{name}.logprobs", _SWITCH)
    tokens = ids(row, "generated_tokens", name)
    prompt = ids(row, "prompt_token_ids", name) if is_given(row, "prompt_token_ids") else []
    written = _positions(row, "logprobs", name, tokens, given.tokenizer)
    read: list[Position] = []
    if is_given(row, "prompt_logprobs"):
        field(row, "prompt_token_ids", name)
        read = _positions(row, "prompt_logprobs", name, prompt, given.tokenizer)
    parts = ["prompt"] * len(read) + ["completion"] * len(written)
    return assemble(
        [*read, *written],
        source=RAY_DATA.title,
        distribution=given.distribution or "unknown",
        temperature=given.temperature,
        prompt=[] if read else [token_of(None, id=i, tokenizer=given.tokenizer) for i in prompt],
        categories={"part": parts} if read else None,
    )


def _positions(
    row: Mapping[str, Any], key: str, name: str, tokens: Sequence[int], tokenizer: Tokenizer | None
) -> list[Position]:
    steps = as_list(_unpickled(row[key], f"{name}.{key}"), f"{name}.{key}")
    if len(steps) != len(tokens):
        raise ValueError(
            f"{name}.{key}: expected {len(tokens)} positions, one per token, got {len(steps)}"
        )
    return [
        _position(step, id_, f"{name}.{key}[{i}]", tokenizer)
        for i, (step, id_) in enumerate(zip(steps, tokens, strict=True))
    ]


def _unpickled(value: Any, name: str) -> Any:
    if isinstance(value, bytes):
        raise ValueError(
            f"{name}: Ray pickled it, because its keys are numbers, and reading that could run "
            "code; pass ds.take_all(), or make texts of the keys before writing, here and in "
            "prompt_logprobs: ds.map(lambda row: {**row, "
            '"logprobs": [{str(i): p for i, p in step.items()} for step in row["logprobs"]]})'
        )
    return value


def _position(step: Any, chosen: int, name: str, tokenizer: Tokenizer | None) -> Position:
    """What is listed at a position; nothing before the first token of a prompt."""
    listed: dict[int, Listed] = {}
    ranks: dict[int, int | None] = {}
    for key, entry in ({} if step is None else record(step, name)).items():
        if entry is None:  # a field that Parquet made for another position
            continue
        own = f"{name}[{key!r}]"
        id_ = _id(key, name)
        text = entry.get("decoded_token") if isinstance(entry, Mapping) else None
        token = token_of(
            None if text is None else string(text, f"{own}.decoded_token"),
            id=id_,
            tokenizer=tokenizer,
        )
        logprob = number(field(record(entry, own), "logprob", own), f"{own}.logprob")
        listed[id_] = Listed(token, logprob)
        ranks[id_] = whole(entry.get("rank"), f"{own}.rank")
    if not listed:
        return Position(Listed(token_of(None, id=chosen, tokenizer=tokenizer), None))
    others = [rank or 0 for id_, rank in ranks.items() if id_ != chosen]
    if chosen not in listed or not _are_first(others, ranks[chosen]):
        raise ValueError(
            f"{name}: vLLM lists the chosen token {chosen} and the most probable ones, of which "
            "some are missing; Parquet files have fields for their own ids alone, so that those "
            "of a folder are to be read one by one"
        )
    # By rank, which the order of keys does not tell: then one without a number is a hole.
    in_order = sorted(listed, key=lambda id_: ranks[id_] or math.inf)
    return Position(listed[chosen], [listed[id_] for id_ in in_order], rank=ranks[chosen] or None)


def _are_first(others: Sequence[int], chosen: int | None) -> bool:
    """Whether ranks are the first beside the chosen token's; those not told may be any."""
    if not all(others):
        return max(others, default=0) <= len(others) + 1
    first = (rank for rank in range(1, len(others) + 2) if rank != chosen)
    return all(a == b for a, b in zip(sorted(others), first, strict=False))


def _id(key: Any, name: str) -> int:
    """A token's id as a key: a number, or a text of digits."""
    if isinstance(key, int) and not isinstance(key, bool):
        return key
    if isinstance(key, str) and key.isascii() and key.isdigit():
        return int(key)
    raise ValueError(f"{name}: expected ids of tokens as keys, got {key!r}")


RAY_DATA = Format(
    name="ray-data",
    title="Ray Data LLM",
    kind="log-probabilities",
    keys=("generated_tokens", "logprobs", "prompt_logprobs", "generated_text"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "from ids, with tokenizer=; else pieces of characters are unknown",
        "ids": "yes",
        "alternatives": "as many as were asked for",
        "prompt": "yes, where prompt_logprobs were asked for",
        "distribution": "not said; the model's own unless logprobs_mode was set",
        "ranks": "exact",
    },
)
