"""NeMo-RL: the data of a training step, ``train_data_stepN.jsonl``.

A record holds a batch of one, so that every value is in a list of its own; a batch of several, as
it is in memory, is read too. Rows are padded to the longest; ``input_lengths`` says where they end.
Fields that were not computed are zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tokenviz.data.trace import Trace
from tokenviz.sources.fields import field, short, whole
from tokenviz.sources.foreign import as_list
from tokenviz.sources.format import Format, Given
from tokenviz.sources.per_token import Numbers, YesNo, ids, is_given, numbers, records, yes_or_no
from tokenviz.sources.rollout import OPTIONS, Side, parts, rollout, sampled, without_first

__all__ = ["NEMO_RL"]

_BATCHED = (
    "content", "rewards", "filtered_rewards", "input_lengths", "token_ids", "token_loss_mask",
    "sample_loss_mask", "advantages", "generation_logprobs", "prev_logprobs",
)  # fmt: skip


def _recognise(source: Any) -> bool:
    rows = records(source)
    return bool(rows) and {"token_ids", "generation_logprobs", "prev_logprobs"} <= rows[0].keys()


def _read(source: Any, given: Given) -> list[Trace]:
    return [
        _trace(row, name, given)
        for i, record in enumerate(records(source))
        for row, name in _rows(record, f"[{i}]")
    ]


def _rows(record: Mapping[str, Any], name: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The rows of a batch, each as a record of its own, and its name."""
    tokens = as_list(field(record, "token_ids", name), f"{name}.token_ids")
    if not tokens:
        raise ValueError(f"{name}.token_ids: expected ids of one sequence or several, got none")
    if not isinstance(tokens[0], list):
        yield record, name
        return
    columns = {
        key: as_list(record[key], f"{name}.{key}") for key in _BATCHED if is_given(record, key)
    }
    for key, column in columns.items():
        if len(column) != len(tokens):
            raise ValueError(
                f"{name}.{key}: expected {len(tokens)} rows, as in token_ids, got {len(column)}"
            )
    for row in range(len(tokens)):
        own = {key: column[row] for key, column in columns.items()}
        yield {**record, **own}, name if len(tokens) == 1 else f"{name}[{row}]"


def _trace(record: Mapping[str, Any], name: str, given: Given) -> Trace:
    padded = len(tokens := ids(record, "token_ids", name))
    n = whole(field(record, "input_lengths", name), f"{name}.input_lengths")
    if n is None or n > padded:
        raise ValueError(
            f"{name}.input_lengths: expected at most {padded} tokens, as in token_ids, got {n}"
        )

    def column(key: str) -> Numbers | None:
        values = numbers(record, key, name, padded)
        return None if values is None or not values[:n].any() else values[:n]

    mask = yes_or_no(record, "token_loss_mask", name, padded)
    mask = None if mask is None else mask[:n]
    advantages = _advantages(record, name, padded)
    return rollout(
        tokens[:n],
        Side("prev_logprobs", without_first(column("prev_logprobs")), "unknown"),
        Side("generation_logprobs", sampled(column("generation_logprobs"), mask), "unknown"),
        name=name,
        title=NEMO_RL.title,
        given=given,
        channels={} if advantages is None else {"advantages": advantages[:n]},
        flags={"loss_mask": _in_loss(record, name, mask)},
        categories=parts(mask, n),
        notes={"reward": _number(record, "rewards", name)},
    )


def _in_loss(record: Mapping[str, Any], name: str, mask: YesNo | None) -> YesNo | None:
    """The mask, nowhere if the whole sample was left out of the loss."""
    weight = _number(record, "sample_loss_mask", name)
    return np.zeros_like(mask) if mask is not None and weight == 0 else mask


def _advantages(record: Mapping[str, Any], name: str, n: int) -> Numbers | None:
    """One per token, of a record that may have one for all of them."""
    value = record.get("advantages")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return np.full(n, float(value))
    if isinstance(value, list) and len(value) == 1 != n:
        return _advantages({"advantages": value[0]}, name, n)
    return numbers(record, "advantages", name, n)


def _number(record: Mapping[str, Any], key: str, name: str) -> float | None:
    value = record.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}.{key}: expected a number, got {short(value)}")
    return float(value)


NEMO_RL = Format(
    name="nemo-rl",
    title="NeMo-RL train data",
    kind="rollouts",
    keys=("token_ids", "generation_logprobs", "prev_logprobs", "token_loss_mask", "input_lengths"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "from ids, with tokenizer=",
        "ids": "yes",
        "alternatives": "no",
        "prompt": "yes, with the trainer's log-probabilities",
        "distribution": "not said",
        "channels": "advantages; loss mask",
    },
    options=OPTIONS,
)
