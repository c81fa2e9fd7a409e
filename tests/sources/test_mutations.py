"""Whatever is done to a source: right numbers, numbers said not to be known, or an error.

What is read then may be less than before, but nothing of it may be wrong.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.sources import agreement
from tests.sources.damaged import SCORED, SOURCES, truly
from tests.sources.mutations import Mutation, Path, by_shape, clone, mutations
from tests.sources.truth import FIRST, PROMPT, SECOND
from tokenviz import Attribution, Token, Trace
from tokenviz.sources.read import read

PATHS = [agreement.of_scored(PROMPT + FIRST), agreement.of_scored(PROMPT + SECOND)]
# Together's chunks are not numbered: of a character told by its last piece none may be missing.
UNNUMBERED = {"together_chat_stream.jsonl"}
WITHOUT_ORDER = ("twice", "reverse")


@cache
def shapes(name: str) -> dict[Path, list[Path]]:
    """The places of a source."""
    return by_shape(clone(SOURCES[name]()))


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_wrong_is_read(name: str, data: st.DataObject) -> None:
    mutation = data.draw(mutations(SOURCES[name](), shapes(name)))
    assume(not (name in UNNUMBERED and "choices" in mutation.path[-2:]))
    nothing_wrong_is_read(name, mutation)


def nothing_wrong_is_read(name: str, mutation: Mutation) -> None:
    """Read a damaged source, and hold what comes of it against the truth."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = read(mutation.source)
    except (TypeError, ValueError, UserWarning) as error:
        assert names_something(str(error), mutation.path), (mutation[1:], error)
        return
    for one in found if isinstance(found, list) else [found]:
        assert is_true(one, name, mutation.kind), (mutation[1:], one)


def names_something(message: str, path: Path) -> bool:
    """Whether an error says where it was, or which fields there were."""
    places = ("fits no format", "chunks[", "events[", "position ", "one per ")
    return (
        any(place in message for place in places)
        or any(key.strip("_") in message for key in path if isinstance(key, str))
        or message.startswith(f"[{path[0]}]")
    )


def is_true(one: Any, name: str, kind: str) -> bool:
    """Whether nothing of what was read is wrong."""
    if isinstance(one, Attribution):
        return any(agreement.is_within(one, true) for true in truly(name))
    if not isinstance(one, Trace):
        return agreement.is_among(one, *truly(name))
    paths = PATHS if name in SCORED else [agreement.of_trace(true) for true in truly(name)]
    in_order = kind not in WITHOUT_ORDER
    return any(agreement.follows(one, path, in_order=in_order) for path in paths)


@pytest.mark.parametrize("name", ["openai_chat.json", "vllm_offline.json: generated"])
def test_what_is_wrong_is_told(name: str) -> None:
    """What damaged sources are held against does tell one number, token or rank from another."""
    trace = truly(name)[0]
    assert is_true(trace, name, "null")
    i = next(i for i, rank in enumerate(trace.ranks) if rank and not trace.ranks_at_least[i])
    shifted, ranks = trace.logprobs.copy(), trace.ranks.copy()
    shifted[i] -= 1e-3
    ranks[i] += 1
    tokens = [*trace.tokens[:i], Token("other"), *trace.tokens[i + 1 :]]
    alternatives = [[(a.token, a.logprob) for a in step] for step in trace.alternatives]
    for changed in (
        Trace(trace.tokens, shifted, alternatives),
        Trace(trace.tokens, trace.logprobs, alternatives, ranks=ranks),
        Trace(tokens, trace.logprobs, alternatives),
    ):
        assert not is_true(changed, name, "null")


@pytest.mark.parametrize(
    "name",
    [name for name in SCORED if name.endswith(".jsonl") and name not in UNNUMBERED],
)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_stream_without_a_chunk_gives_what_is_left(name: str, data: st.DataObject) -> None:
    source = list(SOURCES[name]())
    del source[data.draw(st.integers(0, len(source) - 1))]
    try:
        found = read(source)
    except ValueError as error:
        assert "missing" in str(error) or "no log-probabilities" in str(error)
        return
    for trace in found if isinstance(found, list) else [found]:
        assert is_true(trace, name, "drop")
