"""Attribution by a function: the numbers of a model at hand, and what a function may give."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

import tokenviz as tv
from tokenviz.data.attribution import Attribution
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running.progress import Progress

PROMPT = "7 + 5 ="
CASES: list[dict[str, Any]] = [
    {"targets": [" 12", " 13"]},
    {"targets": [tv.Contrast(" 12", " 57")]},
    {"continuation": " 12"},
    {"targets": " 12", "reduction": "mean"},
    {"targets": " 12", "score": "probability"},
    {"targets": " 12", "grouping": "word"},
    {"targets": " 12", "grouping": [(0, 2), (3, 4)]},
]
WAYS: list[dict[str, Any]] = [
    {"method": "occlusion", "baseline": "eos"},
    {"method": "occlusion", "baseline": 20},
    {"method": "occlusion", "baseline": "delete"},
    {"method": "occlusion", "baseline": "eos", "window": 2},
    {"method": "shapley"},
    {"method": "shapley", "n_samples": 4, "seed": 3, "baseline": 20},
]


class Scoring:
    """A function scorer of a model at hand, which remembers what it was asked."""

    def __init__(self, lm: LanguageModel, *, sums: bool = False) -> None:
        self.lm = lm
        self.sums = sums
        self.asked: list[tuple[int, ...]] = []

    def __call__(self, prompts: Sequence[list[int]], target: list[int]) -> Any:
        self.asked += [(*prompt, -1, *target) for prompt in prompts]
        found = [self._one(prompt, target) for prompt in prompts]
        return [sum(one) for one in found] if self.sums else found

    def _one(self, prompt: list[int], target: list[int]) -> list[float]:
        with torch.no_grad():
            logits = self.lm.model(torch.tensor([[*prompt, *target]])).logits[0].double()
        logs = logits.log_softmax(-1)[len(prompt) - 1 :]
        return [float(logs[k, id_]) for k, id_ in enumerate(target)]


def same(found: Attribution, expected: Attribution) -> None:
    np.testing.assert_allclose(found.values, expected.values, atol=1e-4)
    assert found.tokens == expected.tokens and found.targets == expected.targets
    assert (found.method, found.n_steps) == (expected.method, expected.n_steps)
    assert (found.score, found.baseline) == (expected.score, expected.baseline)
    assert (found.grouping, found.reduction) == (expected.grouping, expected.reduction)
    assert (found.spans, found.terms) == (expected.spans, expected.terms)
    if expected.standard_error is None:
        assert found.standard_error is None
    else:
        np.testing.assert_allclose(found.standard_error, expected.standard_error, atol=1e-4)


@pytest.mark.parametrize("sums", [False, True], ids=["each id", "sums"])
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_function_gives_the_numbers_of_the_model(
    bundled: LanguageModel, case: dict[str, Any], way: dict[str, Any], sums: bool
) -> None:
    expected = bundled.attribute(PROMPT, **case, **way)
    scoring = Scoring(bundled, sums=sums)
    found = tv.attribute(scoring, PROMPT, **case, **way, tokenizer=bundled.tokenizer)
    same(found, expected)
    assert len(scoring.asked) == len(set(scoring.asked))  # nothing twice


def test_the_baseline_is_the_end_of_a_text_unless_told_otherwise(bundled: LanguageModel) -> None:
    found = tv.attribute(Scoring(bundled), PROMPT, " 12", tokenizer=bundled.tokenizer)
    same(found, bundled.attribute(PROMPT, " 12", method="occlusion", baseline="eos"))


def test_a_trace_brings_prompt_and_targets(bundled: LanguageModel) -> None:
    trace = bundled.generate(PROMPT, max_new_tokens=3)
    found = tv.attribute(Scoring(bundled), trace, tokenizer=bundled.tokenizer)
    same(found, bundled.attribute(trace, method="occlusion", baseline="eos"))


def test_chat_messages_go_through_the_tokenizer_s_template(bundled: LanguageModel) -> None:
    chat = [{"role": "user", "content": "7 + 5"}]
    how: dict[str, Any] = {"roles": "user", "method": "occlusion", "baseline": "eos"}
    found = tv.attribute(Scoring(bundled), chat, " 12", tokenizer=bundled.tokenizer, **how)
    same(found, bundled.attribute(chat, " 12", **how))
    assert found.roles == ("user",) * len(found.tokens)


def test_a_tokenizer_may_be_a_file_or_of_the_library_tokenizers(
    bundled: LanguageModel, tmp_path: Any
) -> None:
    ids = bundled.encode(PROMPT).tolist()
    path = tmp_path / "tokenizer.json"
    bundled.tokenizer.backend_tokenizer.save(str(path))
    for given in (path, Tokenizer.from_file(str(path))):
        found = tv.attribute(Scoring(bundled), PROMPT, " 12", tokenizer=given, baseline="delete")
        assert [token.id for token in found.tokens] == ids
    with pytest.raises(FileNotFoundError, match="nothing is downloaded"):
        tv.attribute(Scoring(bundled), PROMPT, " 12", tokenizer=str(tmp_path / "none"))


def test_without_a_tokenizer_features_are_words_and_texts_are_sent() -> None:
    asked: list[str] = []

    def count_of_cats(prompts: list[str], target: str) -> list[float]:
        asked.extend(prompts)
        assert target == " meow"
        return [-3.0 + text.count("cat") for text in prompts]

    found = tv.attribute(count_of_cats, "A cat and a cat, here.", " meow")
    assert [token.text for token in found.tokens] == ["A", " cat", " and", " a", " cat,", " here."]
    np.testing.assert_allclose(found.values[:, 0], [0, 1, 0, 0, 1, 0])
    assert "A  and a cat, here." in asked  # a space in its place
    deleted = tv.attribute(count_of_cats, "A cat and a cat, here.", " meow", baseline="delete")
    np.testing.assert_allclose(deleted.values[:, 0], [0, 1, 0, 0, 1, 0])
    assert "A and a cat, here." in asked
    assert (deleted.model, deleted.baseline) == ("count_of_cats", "delete")
    assert found.baseline == "a space"
    # Words are numbered as they come, which means nothing to anybody else.
    assert found.prompt_ids is None and found.terms is None
    assert all(token.id is None for token in found.tokens)
    shared = tv.attribute(count_of_cats, "A cat and a cat, here.", " meow", method="shapley")
    np.testing.assert_allclose(shared.values[:, 0], [0, 1, 0, 0, 1, 0], atol=1e-6)


def test_ids_without_a_tokenizer_are_taken_as_they_are() -> None:
    found = tv.attribute(
        lambda prompts, target: [-1.0 - (7 not in prompt) for prompt in prompts],
        [5, 7, 9],
        [[1, 2]],
        baseline="delete",
    )
    assert [token.id for token in found.tokens] == [5, 7, 9]
    np.testing.assert_allclose(found.values[:, 0], [0, 1, 0])
    with pytest.raises(TypeError, match="give the model's tokenizer"):
        tv.attribute(lambda prompts, target: [-1.0], [5, 7, 9], " text")


@pytest.mark.parametrize("method", ["removal", "integrated_gradients", "attention_rollout"])
def test_methods_that_need_a_model_say_so(method: str) -> None:
    with pytest.raises(ValueError, match=f"method: {method} needs a model at hand"):
        tv.attribute(lambda prompts, target: [0.0], "a b", " c", method=method)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"score": "log_odds"}, ValueError, "score: a scorer gives log-probabilities"),
        ({"method": "nothing"}, ValueError, "method: expected one of"),
        ({"baseline": "zero"}, ValueError, "baseline: function can only be given token ids"),
        ({"targets": [3]}, TypeError, r"targets\[0\]: without the model's tokenizer"),
        ({"targets": [lambda logits: logits[:, 0]]}, TypeError, "a scorer shows no logits"),
        ({"n_steps": 3}, ValueError, "n_steps: occlusion"),
        ({"tokenizer": 3}, TypeError, "tokenizer: expected one of transformers"),
    ],
)
def test_what_cannot_be_asked_is_told(
    given: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        tv.attribute(
            lambda prompts, target: [-1.0] * len(prompts), "a b", **{"targets": " c"} | given
        )


@pytest.mark.parametrize(
    ("gives", "error", "message"),
    [
        (lambda n: [-1.0] * (n + 1), ValueError, "expected log-probabilities of 1 prompts"),
        (lambda n: [[[-1.0]]] * n, ValueError, r"got \[1, 1, 1\]"),
        (lambda n: [float("nan")] * n, ValueError, r"got nan at \[0\]"),
        (lambda n: [0.25] * n, ValueError, "are these probabilities"),
        (lambda n: None, ValueError, "got"),
        (lambda n: "text", TypeError, "got str"),
    ],
)
def test_what_a_function_must_not_give_is_told(
    gives: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"scorer: .*{message}"):
        tv.attribute(lambda prompts, target: gives(len(prompts)), "a b", " c")


def test_an_excluded_target_is_no_error(bundled: LanguageModel) -> None:
    def excludes(prompts: list[str], target: str) -> list[float]:
        return [-1.0 if "b" in text else -np.inf for text in prompts]

    found = tv.attribute(excludes, "a b", " c")
    assert found.values[:, 0].tolist() == [0.0, np.inf]


def test_no_scorer_is_told() -> None:
    scorer: Any = "gpt-4"
    with pytest.raises(TypeError, match="scorer: expected a function"):
        tv.attribute(scorer, "a", " b")


def test_an_interrupt_leaves_what_is_finished() -> None:
    calls = 0

    def interrupted(prompts: list[str], target: str) -> list[float]:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return [-1.0] * len(prompts)

    interrupted.at_once = 2  # type: ignore[attr-defined]
    found = tv.attribute(interrupted, "a b c d e f", " g")
    assert found.partial
    assert np.isnan(found.values[:, 0]).tolist() == [False] * 4 + [True] * 2


def test_time_ends_it_with_a_warning() -> None:
    def slow(prompts: list[str], target: str) -> list[float]:
        time.sleep(0.05)
        return [-1.0] * len(prompts)

    slow.at_once = 1  # type: ignore[attr-defined]
    with pytest.warns(UserWarning, match="time_budget") as told:
        found = tv.attribute(slow, "a b c d e f g h", " i", time_budget=0.15)
    assert told[0].filename == __file__
    assert found.partial and found.stopped_after == 0.15


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_positions_are_counted_beforehand(
    bundled: LanguageModel, case: dict[str, Any], way: dict[str, Any], monkeypatch: Any
) -> None:
    totals: list[int] = []

    class Watched(Progress):
        def __init__(self, description: str, total: int, unit: str, show: bool | None) -> None:
            totals.append(total)
            super().__init__(description, total, unit, show)

    monkeypatch.setattr("tokenviz.model.attributing.attribute.Progress", Watched)
    scorer = lambda prompts, target: [-1.0] * len(prompts)  # noqa: E731
    found = tv.attribute(scorer, PROMPT, **case, **way, tokenizer=bundled.tokenizer)
    assert found.positions == totals[0]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_asked_is_estimated_beforehand(
    bundled: LanguageModel, case: dict[str, Any], way: dict[str, Any]
) -> None:
    scoring = Scoring(bundled)
    how = {**case, **way, "tokenizer": bundled.tokenizer}
    expected = tv.scorers.estimate(scoring, PROMPT, **how)
    assert not scoring.asked
    tv.attribute(scoring, PROMPT, **how)
    assert expected.prompts == len(scoring.asked)
    assert expected.tokens == sum(len(ids) - 1 for ids in scoring.asked)
    assert f"{expected.prompts} prompts of {expected.tokens} tokens" in str(expected)
