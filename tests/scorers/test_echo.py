"""Answers that are damaged or differ: right numbers, or an error that names the field."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz.scorers.echo import by_ids, by_text, choices_of, written_by
from tokenviz.scorers.transport import ServerError

TOKENS = ["<s>", "The", " cat", " sat", " down", "."]
NUMBERS = [None, -1.0, -2.0, -3.0, -4.0, -5.0]
ECHO: dict[str, Any] = {
    "index": 0, "text": "The cat sat down.",
    "logprobs": {"tokens": TOKENS, "token_logprobs": NUMBERS},
}  # fmt: skip
LISTED: dict[str, Any] = {
    "index": 0,
    "prompt_logprobs": [
        None,
        {"5": {"logprob": -1.0}},
        {"6": {"logprob": -2.0}, "9": {"logprob": -0.1}},
        {"7": {"logprob": -3.0}},
        {"8": {"logprob": -4.0}},
    ],
}
IDS, SAID = [7, 8], [" sat", " down"]


def echoed(**changes: Any) -> dict[str, Any]:
    return {**ECHO, "logprobs": {**ECHO["logprobs"], **changes}}


def read(choice: dict[str, Any], written: int | None = None) -> list[float]:
    found: list[float] = by_ids(choice, 3, IDS, SAID, written).tolist()
    return found


def test_both_shapes_give_the_target_s() -> None:
    assert read(ECHO) == read(ECHO, 1) == read(LISTED) == [-3.0, -4.0]


def test_nothing_written_after_the_prompt() -> None:
    choice = echoed(tokens=TOKENS[:-1], token_logprobs=NUMBERS[:-1])
    assert read(choice) == read(choice, 0) == [-3.0, -4.0]


def test_the_first_left_out() -> None:
    assert read(echoed(tokens=TOKENS[1:], token_logprobs=NUMBERS[1:])) == [-3.0, -4.0]
    choice = echoed(tokens=TOKENS[1:-1], token_logprobs=NUMBERS[1:-1])
    assert read(choice) == read(choice, 0) == [-3.0, -4.0]


def test_a_place_that_cannot_be_told_is_an_error() -> None:
    same = [["x"] * 5, [-1.0, -2.0, -3.0, -4.0, -5.0]]
    choice = echoed(tokens=same[0], token_logprobs=same[1])
    with pytest.raises(ServerError, match=r"usage\.completion_tokens"):
        by_ids(choice, 3, IDS, ["x", "x"], None)
    assert by_ids(choice, 3, IDS, ["x", "x"], 0).tolist() == [-4.0, -5.0]
    assert by_ids(choice, 3, IDS, ["x", "x"], 1).tolist() == [-3.0, -4.0]


def test_another_tokenizer_is_told() -> None:
    with pytest.raises(ServerError, match="is the tokenizer that of the server's model"):
        by_ids(ECHO, 3, IDS, [" dog", " ran"], 1)
    with pytest.raises(ServerError, match="expected the 9 tokens that were sent"):
        by_ids(ECHO, 7, IDS, SAID, 1)


@pytest.mark.parametrize(
    "spelled",
    [
        ["▁sat", "▁down"], ["Ġsat", "Ġdown"], ["sat", "down"], ["token_id:7", "token_id:8"],
        ["\ufffd", " down"], ["", " down"], ["bytes:\\xe2", " down"],
    ],
)  # fmt: skip
def test_other_spellings_of_the_same(spelled: list[str]) -> None:
    assert read(echoed(tokens=[*TOKENS[:3], *spelled, "."]), 1) == [-3.0, -4.0]


def test_an_id_that_is_not_what_was_sent() -> None:
    with pytest.raises(ServerError, match=r"logprobs\.tokens"):
        read(echoed(tokens=[*TOKENS[:3], "token_id:8", "token_id:9", "."]))
    choice = copy.deepcopy(LISTED)
    choice["prompt_logprobs"][3] = {"70": {"logprob": -0.1}}
    with pytest.raises(ServerError, match=r"prompt_logprobs\[3\]: expected the id 7"):
        read(choice)


@pytest.mark.parametrize("value", [-9999.0, -3.4028235e38, -math.inf])
def test_sentinels_are_no_numbers(value: float) -> None:
    assert read(echoed(token_logprobs=[*NUMBERS[:3], value, -4.0, -5.0])) == [-math.inf, -4.0]


@pytest.mark.parametrize("value", [None, math.nan, "−3", 0.25, 3.0, True])
def test_what_is_no_log_probability_is_told(value: Any) -> None:
    with pytest.raises(ServerError, match=r"token_logprobs\[3\]: expected a log-probability"):
        read(echoed(token_logprobs=[*NUMBERS[:3], value, -4.0, -5.0]))


def test_text_is_found_where_tokens_part() -> None:
    assert by_text(ECHO, "The cat", " sat down") == -7.0
    assert by_text(ECHO, "The", " cat") == -2.0
    with pytest.raises(ServerError, match="no token begins where the target"):
        by_text(ECHO, "The ca", "t sat")
    with pytest.raises(ServerError, match="not the text that was sent"):
        by_text(ECHO, "The dog", " sat")
    pieces = echoed(tokens=["The", "", "", " sat", " down", "."])
    with pytest.raises(ServerError, match="no token begins"):
        by_text(pieces, "The", " sat")


def test_choices_come_in_the_order_of_the_prompts() -> None:
    answer = {"choices": [{"index": 1, "a": 1}, {"index": 0, "a": 0}]}
    assert [choice["a"] for choice in choices_of(answer, 2)] == [0, 1]
    for wrong in (answer["choices"][:1], [{"index": 0}, {"index": 0}], [1, 2]):
        with pytest.raises(ServerError, match="choices: expected one for each of 2"):
            choices_of({"choices": wrong}, 2)
    nothings: list[Any] = [{"error": "x"}, [], "text", None]
    for nothing in nothings:
        with pytest.raises(ServerError, match="choices: expected a completion"):
            choices_of(nothing, 2)


def test_what_was_written_is_told_apart_only_where_it_is_the_same_of_all() -> None:
    assert written_by({"usage": {"completion_tokens": 2}}, 2) == 1
    assert written_by({"usage": {"completion_tokens": 0}}, 2) == 0
    for usage in ({"completion_tokens": 1}, {}, None):
        assert written_by({"usage": usage}, 2) is None


def _drop(values: list[Any], place: int) -> None:
    del values[place]


def _null(values: list[Any], place: int) -> None:
    values[place] = None


def _swap(values: list[Any], place: int) -> None:
    values[place], values[place - 1] = values[place - 1], values[place]


def _twice(values: list[Any], place: int) -> None:
    values.insert(place, values[place])


DAMAGES: list[Callable[[list[Any], int], None]] = [_drop, _null, _swap, _twice]


@given(st.sampled_from(DAMAGES), st.integers(0, 5), st.booleans(), st.sampled_from([None, 0, 1]))
def test_damage_never_gives_a_wrong_number(
    damage: Callable[[list[Any], int], None], place: int, both: bool, written: int | None
) -> None:
    """Of pairs of token and number: whatever becomes of lists, a number stays with its token."""
    pairs = list(zip(TOKENS, NUMBERS, strict=True))
    logprobs: dict[str, Any] = {"tokens": list(TOKENS), "token_logprobs": list(NUMBERS)}
    if both and damage is not _null:
        damage(pairs, place)
        logprobs = {
            "tokens": [token for token, _ in pairs],
            "token_logprobs": [number for _, number in pairs],
        }
    else:
        damage(logprobs["tokens"], place)
        if damage is _swap:  # tokens that are not what was sent, or do not matter
            logprobs["tokens"] = list(TOKENS)
    try:
        found = read({**ECHO, "logprobs": logprobs}, written)
    except ServerError as error:
        assert str(error).startswith("logprobs.")
    else:
        assert found == [-3.0, -4.0]


@given(st.sampled_from([_drop, _null, _swap, _twice]), st.integers(0, 4))
def test_damage_to_lists_by_id_never_gives_a_wrong_number(
    damage: Callable[[list[Any], int], None], place: int
) -> None:
    choice = copy.deepcopy(LISTED)
    damage(choice["prompt_logprobs"], place)
    try:
        assert read(choice) == [-3.0, -4.0]
    except ServerError as error:
        assert str(error).startswith("prompt_logprobs")
