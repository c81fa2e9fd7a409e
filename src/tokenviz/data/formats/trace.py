"""A trace as a header and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.data.formats.tokens import each, token_from_json, token_to_json
from tokenviz.data.stored import Archive, Column, Text, listed
from tokenviz.data.trace import Trace

__all__ = ["BOUNDS", "CHAT", "COLUMNS", "channel_names", "columns_of", "join", "record", "split"]

COLUMNS = (
    "index", "logprobs", "offsets", "alternative_index", "alternative_logprobs",
    "ranks", "entropies",
)  # fmt: skip
CHAT = ("prompt_roles", "prompt_turns")
_CHANNEL = "channel_"
_FLAG = "flag_"
BOUNDS = ("ranks_at_least", "entropies_at_least")


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
        **({} if source.source is None else {"source": source.source}),
        **({} if source.temperature is None else {"temperature": source.temperature}),
        **({"flags": list(source.flags)} if source.flags else {}),
        **({"categories": dict(source.categories)} if source.categories else {}),
        **{name: getattr(source, name) for name in CHAT if getattr(source, name) is not None},
    }, {name: getattr(source, name) for name in COLUMNS} | {
        # By number: a name may be any text, a member of an archive may not.
        f"{_CHANNEL}{i}": values
        for i, values in enumerate(source.channels.values())
    } | {
        f"{_FLAG}{i}": values.astype(np.uint8) for i, values in enumerate(source.flags.values())
    } | {
        name: getattr(source, name).astype(np.uint8)
        for name in BOUNDS
        if getattr(source, name).any()
    }


def join(file: Archive | Text) -> Trace:
    """The trace of a file."""
    known = {"vocabulary", "prompt", "distribution", "model", "partial", "channels", "notes", *CHAT}
    known |= {"source", "temperature", "flags", "categories"}
    facts = file.facts(known, required=("vocabulary",))
    channels = channel_names(facts.pop("channels", []))
    flags = channel_names(facts.pop("flags", []), "flags")
    n, k = file.length("index"), file.length("alternative_index")
    columns = columns_of(n, k)
    columns += [Column(f"{_CHANNEL}{i}", np.float32, (n,)) for i in range(len(channels))]
    columns += [Column(f"{_FLAG}{i}", np.uint8, (n,)) for i in range(len(flags))]
    columns += [Column(name, np.uint8, (n,)) for name in BOUNDS]
    required = [c.name for c in columns if c.name not in ("ranks", "entropies", *BOUNDS)]
    arrays = file.arrays(columns, required=required)
    own = {name: arrays.pop(f"{_CHANNEL}{i}") for i, name in enumerate(channels)}
    marked = {name: arrays.pop(f"{_FLAG}{i}") for i, name in enumerate(flags)}
    facts |= {
        name: each(name, facts[name], token_from_json)
        for name in facts.keys() & {"vocabulary", "prompt"}
    }
    for name in facts.keys() & set(CHAT):
        listed(name, facts[name])
    for name, words in record("categories", facts.get("categories", {})).items():
        listed(f"categories[{name!r}]", words)
    return Trace.from_columns(**facts, **arrays, channels=own, flags=marked)


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


def channel_names(value: Any, kind: str = "channels") -> list[str]:
    """The names of channels, none of them twice."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{kind}: expected a list of names")
    if len(set(value)) < len(value):
        raise ValueError(f"{kind}: a name is there twice")
    return value


def record(name: str, value: Any) -> dict[str, Any]:
    """An object, of names that may be any text."""
    if not isinstance(value, dict):
        raise ValueError(f"{name}: expected an object")
    return value
