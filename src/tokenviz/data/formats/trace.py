"""A trace as a header and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.data.formats.tokens import each, token_from_json, token_to_json
from tokenviz.data.stored import Archive, Column, Text, listed
from tokenviz.data.trace import Trace

__all__ = ["CHAT", "COLUMNS", "channel_names", "columns_of", "join", "split"]

COLUMNS = (
    "index", "logprobs", "offsets", "alternative_index", "alternative_logprobs",
    "ranks", "entropies",
)  # fmt: skip
CHAT = ("prompt_roles", "prompt_turns")
_CHANNEL = "channel_"


def split(source: Trace) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The header and the arrays."""
    return {
        "vocabulary": [token_to_json(token) for token in source.vocabulary],
        "prompt": [token_to_json(token) for token in source.prompt],
        "distribution": source.distribution,
        "model": source.model,
        **({"partial": True} if source.partial else {}),
        **({"channels": list(source.channels)} if source.channels else {}),
        **({"notes": dict(source.notes)} if source.notes else {}),
        **{name: getattr(source, name) for name in CHAT if getattr(source, name) is not None},
    }, {name: getattr(source, name) for name in COLUMNS} | {
        # By number: a name may be any text, a member of an archive may not.
        f"{_CHANNEL}{i}": values
        for i, values in enumerate(source.channels.values())
    }


def join(file: Archive | Text) -> Trace:
    """The trace of a file."""
    known = {"vocabulary", "prompt", "distribution", "model", "partial", "channels", "notes", *CHAT}
    facts = file.facts(known, required=("vocabulary",))
    channels = channel_names(facts.pop("channels", []))
    n, k = file.length("index"), file.length("alternative_index")
    columns = columns_of(n, k)
    columns += [Column(f"{_CHANNEL}{i}", np.float32, (n,)) for i in range(len(channels))]
    required = [c.name for c in columns if c.name not in ("ranks", "entropies")]
    arrays = file.arrays(columns, required=required)
    own = {name: arrays.pop(f"{_CHANNEL}{i}") for i, name in enumerate(channels)}
    facts |= {
        name: each(name, facts[name], token_from_json)
        for name in facts.keys() & {"vocabulary", "prompt"}
    }
    for name in facts.keys() & set(CHAT):
        listed(name, facts[name])
    return Trace.from_columns(**facts, **arrays, channels=own)


def columns_of(n: int, k: int) -> list[Column]:
    """The columns of n positions and k alternatives."""
    return [
        Column("index", np.uint32, (n,)),
        Column("logprobs", np.float32, (n,)),
        Column("offsets", np.uint32, (n + 1,)),
        Column("alternative_index", np.uint32, (k,)),
        Column("alternative_logprobs", np.float32, (k,)),
        Column("ranks", np.int32, (n,)),
        Column("entropies", np.float32, (n,)),
    ]


def channel_names(value: Any) -> list[str]:
    """The names of channels, none of them twice."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("channels: expected a list of names")
    if len(set(value)) < len(value):
        raise ValueError("channels: a name is there twice")
    return value
