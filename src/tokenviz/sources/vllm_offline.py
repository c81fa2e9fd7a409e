"""vLLM without a server: ``RequestOutput``, as its objects or as the same in dicts.

Each position's log-probabilities are ``{id: Logprob(logprob, rank, decoded_token)}`` with the
chosen token among them, or all of them together are a ``FlatLogprobs`` of columns. Objects are
known by their fields; dicts, as ``dataclasses.asdict`` and JSON make them, have ids that may be
text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.sources.assembling import assemble
from tokenviz.sources.choices import is_list
from tokenviz.sources.fields import absent
from tokenviz.sources.format import Format, Given
from tokenviz.sources.spelling import token_of
from tokenviz.sources.vllm_logprobs import ids_of, of_field, steps

__all__ = ["VLLM_OFFLINE"]

_FIELDS = ("prompt_token_ids", "outputs")
_SWITCH = "SamplingParams(logprobs=5)"


def _recognise(source: Any) -> bool:
    outputs = source if is_list(source) else [source]
    return bool(outputs) and all(
        all(of_field(one, key) is not None for key in _FIELDS)
        and is_list(of_field(one, "outputs"))
        and all(of_field(part, "token_ids") is not None for part in of_field(one, "outputs"))
        for one in outputs
    )


def _read(source: Any, given: Given) -> list[Trace]:
    if not is_list(source):
        return _traces(source, "", given)
    return [
        trace for i, one in enumerate(source) for trace in _traces(one, f"outputs[{i}].", given)
    ]


def _traces(request: Any, prefix: str, given: Given) -> list[Trace]:
    """One per completion of a request."""
    ids = ids_of(of_field(request, "prompt_token_ids"), f"{prefix}prompt_token_ids")
    listed = of_field(request, "prompt_logprobs")
    read = [] if listed is None else steps(listed, ids, f"{prefix}prompt_logprobs", given.tokenizer)
    prompt = () if read else _prompt(ids, given)
    out = []
    for i, one in enumerate(of_field(request, "outputs")):
        name = f"{prefix}outputs[{i}]"
        listed = of_field(one, "logprobs")
        if listed is None and not read:
            raise absent(f"{name}.logprobs", _SWITCH)
        own = ids_of(of_field(one, "token_ids"), f"{name}.token_ids")
        path = [*read]
        if listed is not None:
            path += steps(listed, own, f"{name}.logprobs", given.tokenizer)
        parts = ["prompt"] * len(read) + ["completion"] * (len(path) - len(read))
        out.append(
            assemble(
                path,
                source=VLLM_OFFLINE.title,
                distribution=given.distribution or "unknown",
                temperature=given.temperature,
                prompt=prompt,
                categories={"part": parts} if read else None,
            )
        )
    return out


def _prompt(ids: Sequence[int], given: Given) -> list[Token]:
    """The prompt's tokens, where something spells them: ids alone are no text."""
    if given.tokenizer is None:
        return []
    return [token_of(None, id=id, tokenizer=given.tokenizer) for id in ids]  # noqa: A001


VLLM_OFFLINE = Format(
    name="vllm-offline",
    title="vLLM",
    kind="log-probabilities",
    keys=("prompt_token_ids", "prompt_logprobs", "outputs", "token_ids", "logprobs"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "by ids, with a tokenizer",
        "ids": "yes",
        "alternatives": "logprobs of them, and the chosen token with its rank",
        "prompt": "with prompt_logprobs",
        "distribution": "not said; the model's own, unless logprobs_mode was set",
    },
)
