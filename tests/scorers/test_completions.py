"""Attribution by a completions server, over HTTP, with what goes wrong there."""

from __future__ import annotations

import pickle
import sqlite3
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tests.scorers import serving
from tests.scorers.serving import CompletionsServer
from tests.scorers.test_attribute import same
from tokenviz.model.language_model import LanguageModel
from tokenviz.scorers.completions import Completions
from tokenviz.scorers.transport import ServerError

PROMPT = "7 + 5 ="
KEY = "sk-very-secret-0123456789"


@pytest.fixture
def scorer_of(
    bundled: LanguageModel, server: CompletionsServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Completions]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr("tokenviz.scorers.transport._FIRST_PAUSE", 0.01)

    def make(**options: Any) -> Completions:
        given = {"tokenizer": bundled.tokenizer, "batch": 3, "concurrency": 2, "api_key": KEY}
        return tv.scorers.completions(server.url, "bundled", **given | options)

    return make


@pytest.mark.parametrize("ask", ["echo", "prompt_logprobs"])
@pytest.mark.parametrize(
    "how",
    [
        {"targets": [" 12", tv.Contrast(" 12", " 57")], "method": "occlusion", "baseline": "eos"},
        {"continuation": " 12", "method": "occlusion", "baseline": "delete"},
        {"targets": " 12", "grouping": "word", "method": "shapley"},
        {"targets": " 12", "method": "shapley", "n_samples": 4, "baseline": 20},
    ],
    ids=str,
)
def test_a_server_gives_the_numbers_of_the_model(
    bundled: LanguageModel,
    server: CompletionsServer,
    scorer_of: Callable[..., Completions],
    ask: str,
    how: dict[str, Any],
) -> None:
    scorer = scorer_of(ask=ask)
    before = tv.scorers.estimate(scorer, PROMPT, **how)
    assert scorer.requests == 0 and not server.bodies
    found = tv.attribute(scorer, PROMPT, **how)
    same(found, bundled.attribute(PROMPT, **how))
    assert found.model == "bundled"
    assert scorer.requests == len(server.bodies) == before.requests
    assert server.n_prompts == before.prompts
    assert max(len(serving.prompts_of(body)) for body in server.bodies) == 3
    again = tv.scorers.estimate(scorer, PROMPT, **how)
    assert (again.requests, again.prompts, again.tokens) == (0, 0, 0)


def test_one_prompt_a_request_goes_without_a_list(
    bundled: LanguageModel, server: CompletionsServer, scorer_of: Callable[..., Completions]
) -> None:
    found = tv.attribute(scorer_of(batch=1), PROMPT, " 12")
    same(found, bundled.attribute(PROMPT, " 12", method="occlusion", baseline="eos"))
    assert all(isinstance(body["prompt"][0], int) for body in server.bodies)


def test_a_first_token_that_is_left_out_moves_nothing(
    bundled: LanguageModel, server: CompletionsServer, scorer_of: Callable[..., Completions]
) -> None:
    server.drops_first = True
    found = tv.attribute(scorer_of(), PROMPT, " 12")
    same(found, bundled.attribute(PROMPT, " 12", method="occlusion", baseline="eos"))


def test_text_is_sent_where_wanted(
    bundled: LanguageModel, server: CompletionsServer, scorer_of: Callable[..., Completions]
) -> None:
    how: dict[str, Any] = {"grouping": "word", "baseline": "delete"}
    found = tv.attribute(scorer_of(send="text"), PROMPT, " 12", **how)
    same(found, bundled.attribute(PROMPT, " 12", method="occlusion", **how))
    assert server.bodies[0]["prompt"] == PROMPT + " 12"


def test_without_a_tokenizer_words_are_scored(
    bundled: LanguageModel, scorer_of: Callable[..., Completions]
) -> None:
    found = tv.attribute(scorer_of(tokenizer=None), PROMPT, " 12", baseline="delete")
    expected = bundled.attribute(
        PROMPT, " 12", method="occlusion", grouping="word", baseline="delete"
    )
    assert [token.text for token in found.tokens] == ["7", " +", " 5", " ="]
    np.testing.assert_allclose(found.values, expected.values, atol=1e-4)


FAILURES = {
    "busy": serving.status(429, "slow down"),
    "busy, with a time": serving.status(429, "slow down", Retry_After="0.01"),
    "busy, with a date": serving.status(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "broken": serving.status(500, "oops"),
    "a gateway's": serving.status(503),
    "dropped": serving.dropped,
    "half an answer": serving.truncated,
    "cut short": serving.cut_short,
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_fails_in_passing_is_asked_again(
    bundled: LanguageModel,
    server: CompletionsServer,
    scorer_of: Callable[..., Completions],
    name: str,
) -> None:
    server.failures = [FAILURES[name], serving.well, FAILURES[name], FAILURES[name]]
    scorer = scorer_of()
    found = tv.attribute(scorer, PROMPT, " 12")
    same(found, bundled.attribute(PROMPT, " 12", method="occlusion", baseline="eos"))
    assert not server.failures
    assert scorer.repeated == 3 and scorer.requests == len(server.bodies)


@pytest.mark.parametrize("name", FAILURES)
def test_what_fails_for_ever_is_told(
    server: CompletionsServer, scorer_of: Callable[..., Completions], name: str
) -> None:
    server.failures = [FAILURES[name]] * 100
    with pytest.raises(ServerError, match="and was asked 3 times") as told:
        tv.attribute(scorer_of(retries=2, concurrency=1), PROMPT, " 12")
    assert len(server.bodies) == 3
    assert "127.0.0.1" in str(told.value)


def test_a_server_that_is_not_there_is_named(
    server: CompletionsServer, scorer_of: Callable[..., Completions]
) -> None:
    scorer = scorer_of(retries=1)
    server.__exit__()
    with pytest.raises(ServerError, match=r"127\.0\.0\.1:\d+/v1/completions did not answer"):
        tv.attribute(scorer, PROMPT, " 12")


def test_a_server_that_wants_to_be_left_alone_is_left_alone(
    server: CompletionsServer, scorer_of: Callable[..., Completions]
) -> None:
    server.failures = [serving.status(429, "quota", Retry_After="3600")]
    with pytest.raises(ServerError, match="left alone for 3600 s") as told:
        tv.attribute(scorer_of(), PROMPT, " 12")
    assert told.value.status == 429


def test_a_refusal_is_told_in_the_server_s_words(
    server: CompletionsServer, scorer_of: Callable[..., Completions]
) -> None:
    server.failures = [serving.status(400, "echo is not supported with logprobs")]
    with pytest.raises(ServerError, match="answers 400: echo is not supported") as told:
        tv.attribute(scorer_of(), PROMPT, " 12")
    assert told.value.status == 400 and len(server.bodies) == 1


@pytest.mark.parametrize("where", ["memory", "file"])
def test_a_run_that_was_ended_goes_on_where_it_was(
    bundled: LanguageModel,
    server: CompletionsServer,
    scorer_of: Callable[..., Completions],
    tmp_path: Path,
    where: str,
) -> None:
    options = {"cache": tmp_path / "answers.db"} if where == "file" else {}
    scorer = scorer_of(batch=1, concurrency=1, **options)
    how: dict[str, Any] = {"targets": " 12", "method": "occlusion", "baseline": "eos"}
    total = tv.scorers.estimate(scorer, PROMPT, **how).prompts
    server.failures = [serving.well] * 3 + [serving.status(403, "no longer")]
    with pytest.raises(ServerError, match="403: no longer"):
        tv.attribute(scorer, PROMPT, **how)
    if where == "file":
        scorer = scorer_of(batch=1, concurrency=1, **options)
    left = tv.scorers.estimate(scorer, PROMPT, **how)
    assert (left.prompts, left.known) == (total - 3, 3)
    assert "3 more are known" in str(left)
    server.bodies.clear()
    same(tv.attribute(scorer, PROMPT, **how), bundled.attribute(PROMPT, **how))
    assert server.n_prompts == total - 3
    server.bodies.clear()
    tv.attribute(scorer, PROMPT, **how)
    assert not server.bodies


def test_answers_are_kept_apart_by_model_and_setting(
    server: CompletionsServer, scorer_of: Callable[..., Completions], tmp_path: Path
) -> None:
    path = tmp_path / "answers.db"
    for options in ({}, {"ask": "prompt_logprobs"}, {"extra_body": {"seed": 1}}):
        server.bodies.clear()
        tv.attribute(scorer_of(cache=path, **options), PROMPT, " 12")
        assert server.bodies
    assert server.bodies[0]["seed"] == 1
    other = tv.scorers.completions(server.url, "other", tokenizer=scorer_of().tokenizer, cache=path)
    assert tv.scorers.estimate(other, PROMPT, " 12").known == 0
    with sqlite3.connect(path) as rows:
        held = b"".join(
            bytes(part) for row in rows.execute("SELECT * FROM answers") for part in row
        )
    rows.close()
    assert KEY.encode() not in held + path.read_bytes() and b"7 + 5" not in path.read_bytes()


def test_a_cache_that_is_something_else_is_told(
    scorer_of: Callable[..., Completions], tmp_path: Path
) -> None:
    path = tmp_path / "letters.txt"
    path.write_text("Dear all, " * 200)
    with pytest.raises(ValueError, match=r"cache: expected a file written by a scorer"):
        scorer_of(cache=path)
    assert path.read_text() == "Dear all, " * 200


def test_the_key_is_sent_and_shown_nowhere(
    server: CompletionsServer, scorer_of: Callable[..., Completions]
) -> None:
    scorer = scorer_of(retries=0)
    tv.attribute(scorer, PROMPT, " 12")
    assert {headers["authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    shown = [repr(scorer), str(scorer), repr(vars(scorer)), repr(vars(scorer._transport))]
    for failure in (serving.status(401, f"Incorrect API key: {KEY}"), serving.dropped):
        server.failures = [failure]
        with pytest.raises(ServerError) as told:
            tv.attribute(scorer, PROMPT, " 13" if failure is serving.dropped else " 57")
        whole = traceback.TracebackException.from_exception(told.value, capture_locals=True)
        shown.append("".join(whole.format()))
    for text in shown:
        assert KEY not in text
    assert "Incorrect API key: <hidden>" in shown[-2]
    with pytest.raises(TypeError, match="a secret is not written down"):
        pickle.dumps(scorer._transport._key)


@pytest.mark.parametrize("key", [f"{KEY}ü", f"{KEY}\n", "", 3])
def test_a_key_that_cannot_be_sent_is_not_shown_either(
    scorer_of: Callable[..., Completions], key: Any
) -> None:
    with pytest.raises((TypeError, ValueError), match="api_key: expected") as told:
        scorer_of(api_key=key)
    assert KEY not in str(told.value)


def test_a_name_and_password_in_the_address_are_hidden(server: CompletionsServer) -> None:
    address = server.url.replace("http://", "http://me:hush@")
    assert "hush" not in repr(tv.scorers.completions(address, "bundled"))
    with pytest.raises(ValueError, match="base_url") as told:
        tv.scorers.completions("ftp://me:hush@there/v1", "bundled")
    assert "hush" not in str(told.value)


def test_no_key_is_sent_where_none_is_given(
    server: CompletionsServer,
    scorer_of: Callable[..., Completions],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    tv.attribute(scorer_of(api_key=None), PROMPT, " 12")
    assert all("authorization" not in headers for headers in server.headers)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"ask": "chat"}, ValueError, "ask: expected 'echo'"),
        ({"send": "bytes"}, ValueError, "send: expected 'ids'"),
        ({"send": "ids", "tokenizer": None}, ValueError, "send: ids come from"),
        ({"ask": "prompt_logprobs", "send": "text"}, ValueError, "ask: 'prompt_logprobs'"),
        ({"batch": 0}, ValueError, "batch: expected an int of at least 1"),
        ({"concurrency": True}, ValueError, "concurrency: expected an int"),
        ({"retries": -1}, ValueError, "retries: expected an int of at least 0"),
    ],
)
def test_arguments_are_checked(
    scorer_of: Callable[..., Completions],
    given: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        scorer_of(**given)
