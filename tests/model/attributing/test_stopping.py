"""Attributions that another thread asks to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.model.decoders import decoder_lm
from tests.model.interrupting import state
from tests.model.small import random_lm
from tokenviz.data.attribution import Attribution
from tokenviz.model.attributing.methods.method import METHODS
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running.patience import Stopped, check_stop, stoppable

PROMPT = [5, 9, 30, 12, 7, 40, 41, 8, 22, 13, 77, 15, 100, 18]
WHERE = [
    *((method, "llama") for method in METHODS),
    *((method, "bloom") for method in METHODS if method != "attention_rollout"),
]
"""Both engines: layouts that are taken apart, and the model's own forward."""


def explained(lm: LanguageModel, method: str) -> Attribution:
    options: dict[str, Any] = {"n_samples": 8} if method == "shapley" else {}
    return lm.attribute(PROMPT, [17, [18, 19]], method=method, time_budget=None, **options)


@pytest.mark.parametrize(("method", "name"), WHERE)
def test_it_ends_wherever_it_is_asked_to(method: str, name: str) -> None:
    lm = decoder_lm(name) if name == "bloom" else random_lm(name)
    expected, before = explained(lm, method), state(lm.model)
    asks = 0

    def never() -> bool:
        nonlocal asks
        asks += 1
        return False

    with stoppable(never):
        same(explained(lm, method), expected)
    assert asks >= 1
    for last in sorted({*range(1, min(asks, 8)), *range(8, asks, max(1, asks // 12)), asks}):
        asked = 0

        def at_last(last: int = last) -> bool:
            nonlocal asked
            asked += 1
            return asked >= last

        with stoppable(at_last), pytest.raises(Stopped):
            explained(lm, method)
        assert asked == last  # it is not asked again: nothing went on
        assert state(lm.model) == before
    same(explained(lm, method), expected)


def same(one: Attribution, other: Attribution) -> None:
    assert one == other or bool(np.allclose(one.values, other.values, atol=1e-6))


def test_nothing_is_begun_for_who_has_stopped_before() -> None:
    lm = random_lm()
    passes = 0

    def count(*args: Any) -> None:
        nonlocal passes
        passes += 1

    explained(lm, "removal")
    hook = lm.model.register_forward_pre_hook(count)
    with stoppable(lambda: True), pytest.raises(Stopped):
        explained(lm, "removal")
    hook.remove()
    assert passes == 0


def test_another_thread_asks_and_others_go_on() -> None:
    lm = random_lm()
    stop, ended = threading.Event(), []

    def compute(asked: Callable[[], bool] | None) -> None:
        try:
            if asked is None:
                ended.append(explained(lm, "shapley"))
                return
            with stoppable(asked):
                while True:
                    explained(lm, "shapley")
        except Stopped as stopped:
            ended.append(stopped)

    threads = [threading.Thread(target=compute, args=(asked,)) for asked in (stop.is_set, None)]
    for thread in threads:
        thread.start()
    threads[1].join(60)
    stop.set()
    threads[0].join(60)
    kinds = [type(one) for one in ended]
    assert kinds == [Attribution, Stopped]


def test_who_is_asked_inside_is_asked_alone_and_until_then() -> None:
    with stoppable(lambda: True):
        with stoppable(lambda: False):
            check_stop()
        with pytest.raises(Stopped):
            check_stop()
    check_stop()
