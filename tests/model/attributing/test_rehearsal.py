"""A text rehearsed before anybody asks: its questions get the answers that they would get then."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch

from tests.model.decoders import decoder_lm
from tokenviz.data.attribution import Attribution
from tokenviz.model.attributing.asking.targets import Contrast
from tokenviz.model.attributing.attribute import attribute
from tokenviz.model.attributing.engine import rehearsal
from tokenviz.model.attributing.engine.rehearsal import Rehearsal, Rehearsals
from tokenviz.model.attributing.methods.baselines import blank
from tokenviz.model.attributing.question import parse_question
from tokenviz.model.running.patience import Stopped, stoppable
from tokenviz.model.running.turns import turns_at

TEXT = [60, 7, 130, 200, 201, 9, 44, 17, 300, 5, 81, 2]
NAMES = ["llama", "mistral, window", "gemma3", "gpt2", "gpt_neox", "olmo2", "mixtral"]
LONG = 3600.0


def ask(
    lm: Any, length: int, target: Any, rehearsals: Rehearsals | None, **how: Any
) -> Attribution:
    """Of the first tokens of the text, about what follows."""
    question = parse_question(lm, TEXT[:length], [target], **how)
    return attribute(lm, question, progress=False, rehearsals=rehearsals)


def rehearsed(lm: Any, ids: list[int] = TEXT, seconds: float = LONG) -> Rehearsals:
    rehearsals = Rehearsals(lm)
    rehearsals.rehearse(ids, blank(lm), seconds)
    return rehearsals


def same(one: Attribution, other: Attribution) -> None:
    np.testing.assert_allclose(one.values, other.values, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_the_same_and_cost_one_pass_back(name: str) -> None:
    lm: Any = decoder_lm(name, torch.float64)
    rehearsals = rehearsed(lm)
    for length in (1, 2, 5, 11):
        for target in (TEXT[length], 33):
            plain, ready = (ask(lm, length, target, each) for each in (None, rehearsals))
            same(ready, plain)
            assert ready.positions == length
            assert plain.positions is not None and plain.positions > 2 * length


@pytest.mark.parametrize(
    ("target", "how"),
    [
        (TEXT[5:9], {}),  # a span of the text
        ([*TEXT[5:8], 33], {}),  # ends otherwise: its last token is no row
        (Contrast([9], [33]), {}),
        (9, {"passes": 2}),
        (9, {"grouping": [[0, 1], [2], [3, 4]]}),  # only one group was blanked out before
        (9, {"method": "occlusion"}),  # by another token than a space
        (9, {"method": "input_x_gradient"}),
        (9, {"score": "logprob"}),
    ],
)
def test_whatever_is_asked(target: Any, how: dict[str, Any]) -> None:
    lm: Any = decoder_lm("llama", torch.float64)
    plain, ready = (ask(lm, 5, target, each, **how) for each in (None, rehearsed(lm)))
    same(ready, plain)
    assert ready.positions is not None and plain.positions is not None
    assert ready.positions <= plain.positions


@pytest.mark.parametrize("target", [[33, 34], Contrast([9, 44], [33, 34])])
def test_what_does_not_follow_in_the_text_is_computed(target: Any) -> None:
    lm: Any = decoder_lm("llama", torch.float64)
    plain, ready = (ask(lm, 5, target, each) for each in (None, rehearsed(lm)))
    same(ready, plain)
    assert ready.positions == plain.positions


def test_what_was_not_reached_is_computed() -> None:
    lm: Any = decoder_lm("llama", torch.float64)
    rehearsals, plain = Rehearsals(lm), ask(lm, 11, TEXT[11], None)
    costs = [plain.positions or 0]
    for _ in range(4):
        rehearsals.rehearse(TEXT, blank(lm), 1e-9)  # a piece: the text itself, then some blanks
        ready = ask(lm, 11, TEXT[11], rehearsals)
        same(ready, plain)
        costs.append(ready.positions or 0)
    assert costs[0] > costs[1] > costs[2] >= costs[3] >= costs[4]


def test_it_is_of_this_text_and_of_these_weights() -> None:
    lm: Any = decoder_lm("llama", torch.float64)
    rehearsals = rehearsed(lm, TEXT[:8])
    assert rehearsals.of(TEXT[:8]) is rehearsals.of(TEXT[:3]) is not None
    assert rehearsals.of(TEXT) is None and rehearsals.of([1, *TEXT[:3]]) is None
    weight = next(lm.model.parameters())
    before = weight.detach().clone()
    try:
        with torch.no_grad():
            weight.mul_(1.5)
        same(ask(lm, 5, 9, rehearsals), ask(lm, 5, 9, None))
        assert rehearsals.of(TEXT[:8]) is None and not rehearsals.nbytes
    finally:
        with torch.no_grad():
            weight.copy_(before)


def test_a_model_that_is_not_known_is_not_rehearsed() -> None:
    lm: Any = decoder_lm("opt")
    assert not rehearsed(lm).nbytes


def test_memory_is_bounded() -> None:
    lm: Any = decoder_lm("llama")
    one = rehearsed(lm)
    most = int(1.5 * one.nbytes)
    rehearsals = Rehearsals(lm, most)
    texts = [TEXT, TEXT[1:], TEXT[2:]]
    for text in texts:
        rehearsals.rehearse(text, blank(lm), LONG)
        assert 0 < rehearsals.nbytes <= most
        assert rehearsals.of(text) is not None
    assert rehearsals.of(texts[0]) is None, "the oldest goes first"
    rehearsals.forget()
    assert not rehearsals.nbytes and rehearsals.of(texts[2]) is None
    little = Rehearsals(lm, 1000)
    little.rehearse(TEXT, blank(lm), LONG)
    assert not little.nbytes, "too long for it"


def test_who_waits_for_the_model_has_it_between_two_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lm: Any = decoder_lm("llama", torch.float64)
    begun, asked, found = threading.Event(), threading.Event(), list[Attribution]()
    pieces: list[int] = []
    usual = Rehearsal.go_on

    def go_on(self: Rehearsal, *given: Any) -> None:
        begun.set()
        assert asked.wait(10)
        while not (found or turns.wanted):
            pass
        pieces.append(len(found))
        monkeypatch.setattr(rehearsal, "_PIECE", 0.0)  # one token at a time
        usual(self, *given)

    turns = turns_at(lm.model)
    monkeypatch.setattr(Rehearsal, "go_on", go_on)
    rehearsals = Rehearsals(lm)
    work = threading.Thread(target=rehearsals.rehearse, args=(TEXT, blank(lm), LONG))
    work.start()
    assert begun.wait(10)
    asked.set()
    found.append(ask(lm, 5, 9, rehearsals))
    work.join(20)
    assert pieces[0] == 0 and pieces[1:] == [1] * (len(TEXT) - 2)
    same(found[0], ask(lm, 5, 9, None))


def test_it_stops_when_it_is_asked_to() -> None:
    lm: Any = decoder_lm("llama")
    rehearsals = Rehearsals(lm)
    with stoppable(lambda: True), pytest.raises(Stopped):
        rehearsals.rehearse(TEXT, blank(lm), LONG)
    assert not rehearsals.nbytes
