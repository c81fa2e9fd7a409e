"""llama-cpp-python, by its functions and by its server. The fixture is the library's."""

import copy
from typing import Any

import numpy as np
import pytest

from tests.sources.truth import whole
from tokenviz.sources.read import read

CASES: dict[str, Any] = whole("llamacpp_python.json")["cases"]
NAMES = [name for name in CASES if name != "completion without"]


def rows_of(answer: Any) -> list[tuple[str, float | None, dict[str, float]]]:
    """Text, log-probability and list of each token."""
    found = []
    for chunk in answer if isinstance(answer, list) else [answer]:
        logprobs = chunk["choices"][0]["logprobs"] or {}
        for entry in logprobs.get("content") or []:
            top = {one["token"]: one["logprob"] for one in entry["top_logprobs"]}
            found.append((entry["token"], entry["logprob"], top))
        columns = [logprobs.get(key, []) for key in ("tokens", "token_logprobs", "top_logprobs")]
        found += [(text, number, top or {}) for text, number, top in zip(*columns, strict=True)]
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", [float, np.float32])
def test_each_number_is_right_or_a_bound(name: str, number: Any) -> None:
    trace, rows = read(as_given(CASES[name], number)), rows_of(CASES[name])
    assert trace.source in ("llama-cpp-python, chat", "llama-cpp-python, completions")
    assert trace.distribution == "model"
    assert len(trace) == len(rows)
    for i, (text, logprob, top) in enumerate(rows):
        assert trace.tokens[i].bytes == text.encode()
        assert trace.tokens[i].unknown or text
        if logprob is None:
            assert np.isnan(trace.logprobs[i])
            continue
        assert trace.logprobs[i] == pytest.approx(logprob, rel=1e-6)
        others = {key: value for key, value in top.items() if key != text}
        listed = {a.token.text: a.logprob for a in trace.alternatives[i]}
        assert listed == pytest.approx(others, rel=1e-6)
        above = sum(value > logprob for value in others.values())
        # It is added to a list that it does not belong to; pieces of characters are one key in it.
        if "" in top or above == len(others) > 0:
            assert trace.ranks_at_least[i] or trace.ranks[i] in (0, above + 1)
        else:
            assert trace.ranks[i] == above + 1


def as_given(value: Any, number: Any) -> Any:
    """The same with the library's own numbers."""
    if isinstance(value, dict):
        return {key: as_given(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [as_given(item, number) for item in value]
    return number(value) if isinstance(value, float) else value


def test_an_unlikely_token_has_a_rank_that_may_be_larger() -> None:
    trace = read(CASES["completion, hot"])
    assert trace.ranks.tolist() == [3] * 6
    assert trace.ranks_at_least.all()


def test_an_echo_tells_the_prompt_from_what_follows() -> None:
    trace = read(CASES["completion, echo"])
    usage = CASES["completion, echo"]["usage"]
    prompt = usage["prompt_tokens"] - 1  # without the token that begins it
    parts = ["prompt"] * prompt + ["completion"] * usage["completion_tokens"]
    assert trace.categories["part"] == tuple(parts)


def test_without_log_probabilities_it_says_what_to_ask_for() -> None:
    with pytest.raises(ValueError, match=r"logprobs=5, and Llama\(…, logits_all=True\)"):
        read(CASES["completion without"])


@pytest.mark.parametrize("name", ["completion", "chat"])
def test_a_token_after_a_piece_of_a_character_is_known(name: str) -> None:
    """Each is decoded by itself: none has the text of those before it."""
    answer = copy.deepcopy(CASES[name])
    logprobs = answer["choices"][0]["logprobs"]
    if name == "chat":
        logprobs["content"][0]["token"], logprobs["content"][1]["token"] = "", "好"
    else:
        logprobs["tokens"][:2] = ["", "好"]
    tokens = read(answer).tokens
    assert [token.unknown for token in tokens[:2]] == [True, False]
    assert tokens[1].text == "好"
