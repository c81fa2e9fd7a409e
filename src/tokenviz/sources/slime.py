"""slime: what it dumps to look into, ``rollout_data/N.pt`` and ``train_data/N.pt``.

Both hold ``samples``, one per sequence: ``tokens`` are those of the prompt and the response, all
other columns have one entry per token of the response. Older train dumps hold columns of a rank.
Dumps of one rollout in a list are joined by the samples' numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources.fields import field, has, whole
from tokenviz.sources.foreign import as_list
from tokenviz.sources.format import Format, Given
from tokenviz.sources.per_token import ids, is_given, numbers, records, several, yes_or_no
from tokenviz.sources.rollout import OPTIONS, Side, rollout, sampled

__all__ = ["SLIME"]

_NUMBERS = ("index", "sample_index")
"""Which sample it is, in a rollout's dump and in a train dump."""
_CHANNELS = (
    "advantages", "returns", "values", "kl", "ref_log_probs", "teacher_log_probs", "opd_reverse_kl",
)  # fmt: skip


def _recognise(source: Any) -> bool:
    if isinstance(source, list):
        return bool(source) and all(map(_is_dump, source))
    return _is_dump(source)


def _is_dump(source: Any) -> bool:
    samples = records(source.get("samples", [])) if isinstance(source, Mapping) else []
    return bool(samples and has(samples[0], "tokens") and _length_of(samples[0])) or (
        has(source, "rollout_data") and has(source["rollout_data"], "tokens", "response_lengths")
    )


def _read(source: Any, given: Given) -> list[Trace]:
    if isinstance(source, list):
        samples = _joined(source)
    else:
        name = "rollout_data" if has(source, "rollout_data") else "samples"
        samples = {f"{name}[{i}]": one for i, one in enumerate(_samples(source))}
    return [_trace(sample, name, given) for name, sample in samples.items()]


def _samples(dump: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return (
        _transposed(dump["rollout_data"]) if has(dump, "rollout_data") else records(dump["samples"])
    )


def _joined(dumps: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The samples of several dumps: what a rollout's says and what a train dump says of one."""
    found: dict[int, dict[str, Any]] = {}
    seen: set[tuple[str, int]] = set()
    for i, dump in enumerate(dumps):
        for k, sample in enumerate(_samples(dump)):
            name = f"[{i}].samples[{k}]"
            key = next((key for key in _NUMBERS if is_given(sample, key)), _NUMBERS[0])
            number = whole(field(sample, key, name), f"{name}.{key}")
            if number is None:
                raise ValueError(f"{name}.{key}: expected the number of a sample, got null")
            before = found.setdefault(number, {})
            if before and ids(before, "tokens", name) != ids(sample, "tokens", name):
                raise ValueError(
                    f"{name}.tokens: differ from those of the other dump's sample {number}; "
                    "are they of one rollout?"
                )
            if (key, number) in seen:
                raise ValueError(f"{name}.{key}: {number} is that of another sample")
            seen.add((key, number))
            before |= sample
    return {f"samples[{number}]": found[number] for number in sorted(found)}


def _transposed(columns: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The samples of columns that have one entry for each of them."""
    lengths = as_list(columns["response_lengths"], "rollout_data.response_lengths")
    each = {
        key: column
        for key, column in columns.items()
        if hasattr(column, "__len__") and len(column) == len(lengths)
    }
    return [{key: column[i] for key, column in each.items()} for i in range(len(lengths))]


def _trace(sample: Mapping[str, Any], name: str, given: Given) -> Trace:
    tokens = ids(sample, "tokens", name)
    key = _length_of(sample) or "response_length"
    n = whole(field(sample, key, name), f"{name}.{key}")
    if n is None or n > len(tokens):
        raise ValueError(f"{name}.{key}: expected at most {len(tokens)} tokens, got {n}")
    start = len(tokens) - n
    mask = yes_or_no(sample, "loss_mask" if "loss_mask" in sample else "loss_masks", name, n)
    is_cut = is_given(sample, "rollout_top_p_token_ids")
    return rollout(
        tokens[start:],
        Side(
            "log_probs",
            numbers(sample, "log_probs", name, n),
            "sampling" if is_cut else "temperature",
            numbers(sample, "entropy", name, n),
        ),
        Side(
            "rollout_log_probs",
            sampled(numbers(sample, "rollout_log_probs", name, n), mask),
            "unknown",
        ),
        name=name,
        title=SLIME.title,
        given=given,
        prompt=tokens[:start],
        channels=several(sample, _CHANNELS, name, n),
        flags={"loss_mask": mask},
        notes={"reward": _reward(sample), "status": _status(sample)},
        partial=_status(sample) == "aborted",
    )


def _length_of(sample: Mapping[str, Any]) -> str | None:
    """The field that says how many tokens the response has: a train dump names it in plural."""
    return next((key for key in ("response_length", "response_lengths") if key in sample), None)


def _reward(sample: Mapping[str, Any]) -> Any:
    value = sample.get("reward", sample.get("rewards"))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {part:.6g}" if isinstance(part, float) else f"{key} {part}"
                         for key, part in value.items()) or None  # fmt: skip
    return value.item() if hasattr(value, "item") else value


def _status(sample: Mapping[str, Any]) -> str | None:
    """Where it did not simply end."""
    status = sample.get("status")
    return None if status in (None, "completed") else str(status)


SLIME = Format(
    name="slime",
    title="slime dump",
    kind="rollouts",
    keys=("samples[].tokens", "samples[].response_length", "samples[].rollout_log_probs"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "from ids, with tokenizer=",
        "ids": "yes",
        "alternatives": "no",
        "prompt": "its tokens, without log-probabilities",
        "entropies": "exact, the trainer's, where it was dumped",
        "channels": "advantages, returns, values, KL, reference and teacher; loss mask",
    },
    options=OPTIONS,
)
