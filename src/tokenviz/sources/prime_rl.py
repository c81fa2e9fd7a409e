"""prime-rl: the tokens that a trainer exported, ``token_exports/step_N/rank_R.jsonl``.

One record per sequence, with ids and no text. The trainer's log-probabilities and entropies are
after temperature; a sequence's first are fillers. Where the engine sampled nothing its
log-probability is 0, and what compares both policies says nothing there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tokenviz.data.trace import Trace
from tokenviz.sources.fields import string
from tokenviz.sources.format import Format, Given
from tokenviz.sources.per_token import ids, is_given, numbers, records, several, yes_or_no
from tokenviz.sources.rollout import OPTIONS, Side, parts, rollout, sampled, without_first

__all__ = ["PRIME_RL"]

_COMPARING = ("mismatch_kl", "log_importance_ratio", "importance_ratio", "prob_delta")
_OWN = ("advantages", "rl_weights", "ce_weights", "ref_kl_weights")
_FLAGS = ("loss_mask", "is_masked", "is_masked_high", "is_masked_low")


def _recognise(source: Any) -> bool:
    rows = records(source)
    return bool(rows) and {"token_ids", "trainer_logprobs", "inference_logprobs"} <= rows[0].keys()


def _read(source: Any, given: Given) -> list[Trace]:
    return [_trace(record, f"[{i}]", given) for i, record in enumerate(records(source))]


def _trace(record: Mapping[str, Any], name: str, given: Given) -> Trace:
    n = len(tokens := ids(record, "token_ids", name))
    flags = {key: yes_or_no(record, key, name, n) for key in _FLAGS}
    engine = sampled(numbers(record, "inference_logprobs", name, n), flags["loss_mask"])
    compared = several(record, _COMPARING, name, n)
    for key, column in compared.items():
        unknown = np.ones(n, np.bool_) if engine is None else np.isnan(engine)
        compared[key] = np.where(unknown, np.nan, column)
    return rollout(
        tokens,
        Side(
            "trainer_logprobs",
            without_first(numbers(record, "trainer_logprobs", name, n)),
            "temperature",
            without_first(numbers(record, "entropy", name, n)),
        ),
        Side("inference_logprobs", engine, "unknown"),
        name=name,
        title=PRIME_RL.title,
        given=given,
        channels={**several(record, _OWN, name, n), **compared},
        flags=flags,
        categories={**parts(flags["loss_mask"], n), **_environment(record, name, n)},
        notes={"step": record.get("step"), "rank": record.get("rank")},
    )


def _environment(record: Mapping[str, Any], name: str, n: int) -> dict[str, list[str | None]]:
    if not is_given(record, "env_name"):
        return {}
    return {"environment": [string(record["env_name"], f"{name}.env_name")] * n}


PRIME_RL = Format(
    name="prime-rl",
    title="prime-rl token export",
    kind="rollouts",
    keys=("token_ids", "trainer_logprobs", "inference_logprobs", "loss_mask", "mismatch_kl"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "from ids, with tokenizer=",
        "ids": "yes",
        "alternatives": "no",
        "prompt": "yes, with the trainer's log-probabilities",
        "entropies": "exact, the trainer's",
        "channels": "advantages, mismatch, importance ratio, weights; loss mask, clipped",
    },
    options=OPTIONS,
)
