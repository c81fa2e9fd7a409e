"""llama.cpp's server, in all its shapes. The fixtures are the server's; see their producer."""

import copy
import json
import math
from typing import Any

import numpy as np
import pytest

from tests.sources.truth import SECOND, whole
from tokenviz import Token, Trace
from tokenviz.sources.read import read

WHOLE, STREAMED = whole("llamacpp_server.json"), whole("llamacpp_server_stream.json")
CASES: dict[str, Any] = WHOLE["cases"] | STREAMED["cases"]
FORCED: str = WHOLE["forced"]
PLAIN = ["completion, hot", "chat", "completions", "chat, streamed"]


def entries_of(answer: Any) -> list[dict[str, Any]]:
    """The entries that the server wrote."""
    found: list[dict[str, Any]] = []
    for chunk in answer if isinstance(answer, list) else [answer]:
        found += chunk.get("completion_probabilities") or []
        for choice in chunk.get("choices", []):
            found += (choice.get("logprobs") or {}).get("content") or []
    return found


@pytest.mark.parametrize("name", PLAIN)
def test_each_entry_is_a_token(name: str) -> None:
    trace, entries = read(CASES[name]), entries_of(CASES[name])
    assert trace.distribution == "model"
    assert len(trace) == len(entries)
    for i, entry in enumerate(entries):
        assert trace.tokens[i] == Token(bytes(entry["bytes"]), id=entry["id"])
        assert trace.logprobs[i] == pytest.approx(entry["logprob"], rel=1e-6)
        others = {one["id"]: one["logprob"] for one in entry["top_logprobs"]}
        is_listed = others.pop(entry["id"], None) is not None
        given = {a.token.id: a.logprob for a in trace.alternatives[i]}
        assert given == pytest.approx(others, rel=1e-6)
        rank = 1 + sum(other > entry["logprob"] for other in others.values())
        assert (trace.ranks[i], trace.ranks_at_least[i]) == (rank, not is_listed)


@pytest.mark.parametrize("name", ["completion", "completion, streamed"])
def test_pieces_of_characters_are_tokens_of_their_own(name: str) -> None:
    trace, entries = read(CASES[name]), entries_of(CASES[name])
    ids = CASES["completion"]["tokens"]
    assert len(ids) > len(entries)  # it wrote one entry for several
    pieces = [token for token in trace.tokens if token.bytes]
    assert not any(token.unknown for token in pieces)
    assert b"".join(token.bytes for token in pieces).decode() == FORCED
    given = [token.id for token in trace.tokens]
    assert all(one in (None, true) for one, true in zip(given, ids, strict=True))
    if name == "completion":
        assert given == ids
    known = ~np.isnan(trace.logprobs)
    np.testing.assert_allclose(
        trace.logprobs[known], [entry["logprob"] for entry in entries], rtol=1e-6
    )
    assert list(np.flatnonzero(known)) == [i for i in range(len(trace)) if is_text(trace, i)]


def is_text(trace: Trace, i: int) -> bool:
    """Whether no character is begun and not ended with a token: the server holds it back."""
    try:
        b"".join(token.bytes for token in trace.tokens[: i + 1]).decode()
    except UnicodeDecodeError:
        return False
    return True


def test_without_ids_or_counts_nothing_is_said_of_what_may_be_several() -> None:
    trace = read(CASES["completion"] | {"tokens": []})
    assert trace.text == FORCED
    truth = read(CASES["completion"])
    by_id = {token.id: token.bytes for token in truth.tokens}
    for token, logprob in zip(trace.tokens, trace.logprobs, strict=True):
        if not math.isnan(logprob):
            assert by_id[token.id] == token.bytes
    assert dict(trace.notes).keys() == {"characters"}


@pytest.mark.parametrize("name", ["chat, forced", "chat, forced, streamed"])
def test_a_chat_has_pieces_of_characters_too(name: str) -> None:
    trace = read(CASES[name])
    assert trace.text.startswith(WHOLE["spoken"])
    by_id = {token.id: token.bytes for token in read(CASES["completion"]).tokens}
    for token, logprob in zip(trace.tokens, trace.logprobs, strict=True):
        if not math.isnan(logprob):
            assert by_id.get(token.id, token.bytes) == token.bytes


@pytest.mark.parametrize(
    "name", ["completion, after sampling", "completion, after sampling, streamed"]
)
def test_probabilities_after_sampling_are_taken_as_such(name: str) -> None:
    trace, entries = read(CASES[name]), entries_of(CASES[name])
    assert trace.distribution == "sampling"
    assert trace.temperature == 0.8
    np.testing.assert_allclose(trace.probabilities, [one["prob"] for one in entries], rtol=1e-6)


def test_the_old_shape_with_a_model_s_numbers() -> None:
    trace = read(whole("llamacpp_old.json"))
    assert trace.text == whole("llamacpp_old.json")["content"]
    known = [i for i, logprob in enumerate(trace.logprobs) if not math.isnan(logprob)]
    by_bytes = {bytes(true["bytes"]): true["logprob"] for true in SECOND}
    assert known
    for i in known:
        assert trace.logprobs[i] == pytest.approx(by_bytes[trace.tokens[i].bytes], abs=2e-6)
    assert (trace.temperature, trace.distribution) == (0.8, "unknown")


def test_the_old_shape_has_the_number_of_the_chosen_token_in_its_list() -> None:
    old = {
        "content": " Paris.",
        "stop": True,
        "tokens_predicted": 3,
        "completion_probabilities": [
            {"content": " Paris", "probs": [{"tok_str": " Paris", "prob": 0.75},
                                            {"tok_str": " the", "prob": 0.25}]},
            {"content": ".", "probs": [{"tok_str": ",", "prob": 1.0}, {"tok_str": "!", "prob": 0}]},
        ],
    }  # fmt: skip
    trace = read(json.dumps(old | {"tokens_predicted": 2}))
    np.testing.assert_allclose(trace.probabilities[0], 0.75)
    assert math.isnan(trace.logprobs[1])
    assert [a.token.text for a in trace.alternatives[1]] == [","]
    assert (trace.distribution, trace.ranks_at_least.tolist()) == ("unknown", [False, True])


def test_the_first_list_everywhere_is_the_list_of_no_other_token() -> None:
    probs = [{"tok_str": "a", "prob": 0.5}, {"tok_str": "b", "prob": 0.25}]
    old = [{"content": text, "probs": probs} for text in "ab"]
    with pytest.warns(UserWarning, match="all positions have the first one's list"):
        trace = read({"completion_probabilities": old, "content": "ab"})
    assert [len(one) for one in trace.alternatives] == [1, 0]
    assert math.isnan(trace.logprobs[1])


@pytest.mark.parametrize("sentinel", [-3.4028234663852886e38, None, -math.inf, math.nan])
def test_the_logarithm_of_zero_is_below_what_is_listed(sentinel: float | None) -> None:
    answer = copy.deepcopy(CASES["completion, hot"])
    entry = answer["completion_probabilities"][2]
    entry["logprob"] = sentinel
    trace = read(answer)
    assert math.isnan(trace.logprobs[2])
    assert (trace.ranks[2], trace.ranks_at_least[2]) == (len(entry["top_logprobs"]) + 1, True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda entry: entry.pop("logprob"), r"probabilities\[0\]: expected a field 'logprob'"),
        (lambda entry: entry.pop("token"), r"probabilities\[0\]: expected a field 'token'"),
        (lambda entry: entry.update(bytes=[300]), r"\[0\]\.bytes: expected whole numbers"),
        (lambda entry: entry.update(id=-1), r"\[0\]\.id: expected a whole number"),
        (lambda entry: entry.update(prob=1.5), r"\[0\]\.prob: expected a probability"),
    ],
)
def test_an_error_names_the_field(change: Any, message: str) -> None:
    answer = copy.deepcopy(CASES["completion, hot"])
    change(answer["completion_probabilities"][0])
    with pytest.raises((TypeError, ValueError), match=message):
        read(answer)


class Named:
    """A tokenizer that spells the control token, of which the server writes nothing."""

    def __init__(self) -> None:
        trace = read(CASES["completion"])
        listed = [other.token for step in trace.alternatives for other in step]
        self.tokens = {token.id: token for token in [*listed, *trace.tokens]}
        self.tokens[1] = Token("<eos>", id=1, special=True)

    def token(self, id: int) -> Token:  # noqa: A002
        """The token of an id."""
        return self.tokens[id]


def test_a_control_token_is_spelled_by_the_tokenizer() -> None:
    trace = read(CASES["completion"], tokenizer=Named())
    assert trace.tokens[-1] == Token("<eos>", id=1, special=True)
    assert trace.tokens[:-1] == read(CASES["completion"]).tokens[:-1]


def test_ids_of_another_answer_are_told() -> None:
    answer = copy.deepcopy(CASES["completion"])
    answer["tokens"] = answer["tokens"][::-1]
    with pytest.raises(ValueError, match="tokens: expected the ids of all tokens"):
        read(answer)


def test_without_probabilities_it_says_what_to_ask_for() -> None:
    with pytest.raises(ValueError, match="ask for them with n_probs=5"):
        read(CASES["completion without"])
