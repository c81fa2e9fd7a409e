"""Whatever is done to a response: right numbers, numbers said not to be known, or an error.

A mutation takes one place of a fixture and drops it, empties it, makes it a sentinel or something
of another kind, turns a list around, or cuts a stream's chunk out of its order. What is read then
may be less than before, but nothing of it may be wrong.
"""

import copy
import math
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sources.truth import FIRST, PROMPT, SECOND, is_right, lines, whole
from tokenviz import Trace
from tokenviz.sources.read import read

FIXTURES = [
    "fireworks_chat.json",
    "fireworks_completions.json",
    "fireworks_chat_stream.jsonl",
    "gemini.json",
    "gemini_rest.json",
    "gemini_stream.jsonl",
    "ollama_chat_stream.jsonl",
    "ollama_generate.json",
    "openai_chat.json",
    "openai_chat_refusal.json",
    "openai_chat_stream.jsonl",
    "openai_completions.json",
    "openai_completions_echo.json",
    "openai_completions_stream.jsonl",
    "openai_responses.json",
    "openai_responses_completed.jsonl",
    "openai_responses_stream.jsonl",
    "sglang_generate.json",
    "sglang_generate_stream.jsonl",
    "tgi.json",
    "tgi_stream.jsonl",
    "together_chat.json",
    "together_chat_stream.jsonl",
    "together_completions.json",
    "together_completions_stream.jsonl",
]
SOURCES = {name: lines(name) if name.endswith(".jsonl") else whole(name) for name in FIXTURES}
SENTINELS = (-9999.0, -3.4028234663852886e38, None, -math.inf, math.nan)
OF_ANOTHER_KIND: tuple[Any, ...] = ("", "-1.5", [], {}, True, [[1]], {"a": 1})
LOGPROBS = {"logprob", "log_probability", "logProbability", "token_logprobs", "top_logprobs",
            "sampling_logprob", "logprobs"}  # fmt: skip
_CLOSE = 2e-6


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything that a value holds."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    return [place for key, inner in items for place in [(*path, key), *places(inner, (*path, key))]]


PLACES = {name: places(source) for name, source in SOURCES.items()}


def inside(source: Any, path: tuple[Any, ...]) -> Any:
    """What stands at a path."""
    for key in path:
        source = source[key]
    return source


@st.composite
def mutations(draw: st.DrawFn, name: str) -> tuple[Any, str, tuple[Any, ...]]:
    """A fixture with one thing wrong that can be noticed, what that is, and where.

    That a text is another one, or a list shorter, cannot.
    """
    source = copy.deepcopy(SOURCES[name])
    path = draw(st.sampled_from(PLACES[name]))
    owner, key = inside(source, path[:-1]), path[-1]
    value = owner[key]
    kinds = {"null": (None,), "another kind": OF_ANOTHER_KIND}
    if isinstance(value, str):
        kinds["another kind"] = tuple(kind for kind in OF_ANOTHER_KIND if not is_text(kind))
    if isinstance(owner, dict) and not is_of_a_mapping(owner):
        kinds["drop"] = ()
    if isinstance(value, float) and LOGPROBS & set(path):
        kinds["sentinel"] = SENTINELS
    if isinstance(value, list) and value and isinstance(value[0], dict) and is_listed(value[0]):
        kinds["reverse"] = (value[::-1],)
    kind = draw(st.sampled_from(sorted(kinds)))
    if kind == "drop":
        del owner[key]
    else:
        owner[key] = draw(st.sampled_from(kinds[kind]))
    return source, kind, path


def is_text(value: Any) -> bool:
    """Whether it is one."""
    return isinstance(value, str)


def is_of_a_mapping(owner: dict[str, Any]) -> bool:
    """Whether it is a list keyed by text."""
    return all(isinstance(value, float) for value in owner.values())


def is_listed(entry: dict[str, Any]) -> bool:
    """Whether it is a token of a list, whose order says nothing."""
    return bool({"token", "text"} & entry.keys()) and not {"top_logprobs", "special"} & entry.keys()


@pytest.mark.parametrize("name", FIXTURES)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_wrong_is_read(name: str, data: st.DataObject) -> None:
    source, kind, path = data.draw(mutations(name))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = read(source)
    except (TypeError, ValueError) as error:
        assert names_something(str(error), path), (kind, path, error)
        return
    for trace in found if isinstance(found, list) else [found]:
        is_true(trace)


def names_something(message: str, path: tuple[Any, ...]) -> bool:
    """Whether an error says where it was, or which fields there were."""
    places = ("fits no format", "chunks[", "events[", "position ")
    return any(place in message for place in places) or any(
        key in message for key in path if isinstance(key, str)
    )


def is_true(trace: Trace) -> None:
    """That every token with its numbers and alternatives is one of the truth, in its order."""
    truth = [PROMPT + FIRST, PROMPT + SECOND]
    assert any(follows(trace, path) for path in truth)


def follows(trace: Trace, truth: list[dict[str, Any]]) -> bool:
    """Whether a trace's tokens are in the order of the truth, which may have more."""
    position = 0
    for i in range(len(trace)):
        while position < len(truth) and not agrees(trace, i, truth[position]):
            position += 1
        if position == len(truth):
            return False
        position += 1
    return True


def agrees(trace: Trace, i: int, true: dict[str, Any]) -> bool:
    """Whether nothing at a position contradicts the truth."""
    token, logprob = trace.tokens[i], float(trace.logprobs[i])
    if not is_right(token, true):
        return False
    if not math.isnan(logprob) and (
        true["logprob"] is None or abs(logprob - true["logprob"]) > _CLOSE
    ):
        return False
    rank = int(trace.ranks[i])
    if rank and trace.ranks_at_least[i] and rank > true["rank"]:
        return False
    above = sum(other["logprob"] > (true["logprob"] or 0) for other in true["top"])
    if rank and not trace.ranks_at_least[i] and rank not in (above + 1, true["rank"]):
        return False
    return all(
        any(
            is_right(alternative.token, other)
            and abs(alternative.logprob - other["logprob"]) < _CLOSE
            for other in true["top"]
        )
        for alternative in trace.alternatives[i]
    )


# Together's chunks are not numbered: of a character told by its last piece none may be missing.
@pytest.mark.parametrize(
    "name",
    [name for name in FIXTURES if name.endswith(".jsonl") and name != "together_chat_stream.jsonl"],
)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_stream_without_a_chunk_gives_what_is_left(name: str, data: st.DataObject) -> None:
    source = list(SOURCES[name])
    del source[data.draw(st.integers(0, len(source) - 1))]
    try:
        found = read(source)
    except ValueError as error:
        assert "missing" in str(error) or "no log-probabilities" in str(error)
        return
    for trace in found if isinstance(found, list) else [found]:
        is_true(trace)
