"""A model is given back whatever happens: interrupts at every line, dead threads, forks.

``TOKENVIZ_FUZZ=1`` interrupts whole calls at every line, and at random moments for longer.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.loops import in_a_loop
from tests.model.decoders import decoder_model
from tests.model.interrupting import ringing, run, state, uncollected
from tests.model.small import byte_level_tokenizer
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running import undoing
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.inputs import find_inputs
from tokenviz.model.running.turns import turns_at
from tokenviz.model.running.undoing import Undo, undone

LONG = bool(os.environ.get("TOKENVIZ_FUZZ"))
PROMPT = [60, 7, 130, 200]
_RINGS = 5


def in_training(name: str = "llama") -> Any:
    """A model in the middle of being trained: some parts in evaluation mode, some frozen."""
    model: Any = decoder_model(name)
    model.train()
    list(model.modules())[3].training = False
    next(model.parameters()).requires_grad_(False)
    return model


def small() -> Any:
    """Few modules, so that few lines are run."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout())
    model[0].weight.requires_grad_(False)
    model[1].eval()
    return model


def of_small(model: Any) -> Any:
    return (
        [module.training for module in model.modules()],
        [p.requires_grad for p in model.parameters()],
        torch.is_grad_enabled(),
        len(turns_at(model)._line),
        len(undoing._journals),
    )


def borrow(model: Any) -> None:
    """Take, hold, take again, give back twice."""
    with borrowed(model) as loan, torch.no_grad():
        assert not any(module.training for module in model.modules())
        loan.lend()
        with borrowed(model):
            loan.lend()
        assert not any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("kept", [True, False], ids=["traceback kept", "let go"])
def test_an_interrupt_at_every_line(kept: bool) -> None:
    """One, and a second while the first is answered or soon after."""
    model = small()
    before = of_small(model)
    lines, _ = run(lambda: borrow(model), below="")
    assert lines > 60
    keeping = []
    for first in range(1, lines + 1, 1 if LONG or kept else 4):
        for second in range(first, first + (9 if LONG else 2)):  # the same: only one
            _, came = run(lambda: borrow(model), first, second, below="")
            assert came is not None
            if kept:
                keeping.append(came)
            assert of_small(model) == before, (first, second)
            del came
    borrow(model)  # nobody has it
    assert of_small(model) == before


def test_an_interrupt_of_who_waits_or_lends() -> None:
    """Whoever is interrupted while waiting leaves the line; the others go on."""
    model = small()
    before = of_small(model)
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with borrowed(model):
            held.set()
            go.wait()

    def lend() -> None:
        with borrowed(model) as loan:
            for _ in range(3):
                loan.lend()

    place, came = 1, None
    while place == 1 or came is not None:
        held.clear()
        go.clear()
        other = threading.Thread(target=hold)
        other.start()
        held.wait()
        threading.Timer(0.01, go.set).start()
        _, came = run(lend, place, below="tokenviz")
        go.set()
        other.join()
        assert of_small(model) == before, place
        place += 1 if place < 12 else 5
    assert place > 20


def test_an_interrupt_while_a_prompt_becomes_rows() -> None:
    """Before the model is borrowed, so that nothing would put the thread's mode right."""
    lm = LanguageModel(in_training(), byte_level_tokenizer())
    inputs = lm.probe(find_inputs)
    ids = torch.tensor(PROMPT)
    lines, _ = run(lambda: inputs.rows(ids), below="")
    assert lines > 5
    for place in range(1, lines + 1):
        run(lambda: inputs.rows(ids), place, below="")
        assert torch.is_grad_enabled(), place


def test_an_interrupt_that_comes_for_real_while_it_is_given_back() -> None:
    """Many signals in a row, from a timer; each is raised somewhere, none cuts."""
    model = in_training()
    before = state(model)
    count = rings = 0
    keeping: list[KeyboardInterrupt] = []

    def ring(*_: Any) -> None:
        nonlocal count, rings
        if rings < _RINGS:
            rings += 1
            count += 1
            raise KeyboardInterrupt

    def borrow_again() -> None:
        if rings < _RINGS:
            timer(random.uniform(1e-5, 2e-3), 3e-4)
        while rings < _RINGS:
            with borrowed(model), borrowed(model):
                pass

    def caught(call: Callable[[], None], times: int) -> None:
        """So nested that no interrupt comes out, not even one that comes while one is caught."""
        try:
            if times:
                caught(call, times - 1)
            call()
        except KeyboardInterrupt as error:
            keeping.append(error)

    end = time.process_time() + (20 if LONG else 0.7)
    with ringing(ring) as timer:
        while time.process_time() < end:
            timer(0)
            keeping.clear()
            rings = 0
            caught(borrow_again, 2 * _RINGS)
            assert state(model) == before
    assert count > 50


def test_a_turn_whose_thread_is_gone_is_free() -> None:
    model = small()
    before = of_small(model)
    kept: list[Any] = []

    def vanish() -> None:
        loan = borrowed(model)
        kept.append(loan)  # held on to by what outlives the thread
        loan.__enter__()

    thread = threading.Thread(target=vanish)
    thread.start()
    thread.join()
    assert len(turns_at(model)._line) == 1 and not model[0].training
    started = time.monotonic()
    borrow(model)
    assert time.monotonic() - started < 5
    assert of_small(model) == before
    kept.clear()
    assert of_small(model) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_does_not_wait_for_a_thread_that_it_has_not() -> None:
    model = small()
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with borrowed(model):
            held.set()
            go.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if not child:
        signal.alarm(20)
        with borrowed(model):
            pass
        os._exit(0 if model[0].training and not model[1].training else 1)
    _, status = os.waitpid(child, 0)
    go.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 0
    assert not turns_at(model)._line


def test_steps_are_undone_from_the_last_on_whatever_becomes_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []
    failed: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", failed.append)
    there = {"a": 1}
    with undone(Undo()) as undo:
        undo.entry(there, "a")
        undo.entry(there, "b")
        there.update(a=2, b=3)
        undo.step(seen.append, "first")
        undo.step(int, "no number")
        undo.steps(seen.append, [("second",), ("third",)])
    assert seen == ["second", "third", "first"] and there == {"a": 1}
    assert [type(error.exc_value) for error in failed] == [ValueError]
    failed.clear()


def test_a_loan_leaves_nothing_behind() -> None:
    """Not even a cycle that would keep the model until Python looks for cycles."""
    import weakref

    model = small()
    seen = weakref.ref(model)
    with uncollected():
        borrow(model)
        del model
        assert seen() is None and not undoing._journals


def test_a_part_with_a_setter_of_its_own() -> None:
    """As what torch.compile makes: it has no mode but that of what it wraps."""
    model = in_training()
    compiled: Any = torch.compile(model, backend="eager")
    before = [module.training for module in model.modules()]
    with borrowed(compiled):
        assert not any(module.training for module in model.modules())
    assert [module.training for module in model.modules()] == before


METHODS: dict[str, dict[str, Any]] = {
    "integrated_gradients": {"n_steps": 3, "tolerance": None, "baseline": 311},
    "input_x_gradient": {},
    "gradient_norm": {},
    "occlusion": {},
    "shapley": {"n_samples": 2, "baseline": 311},
    "attention_rollout": {},
}


def calls(lm: Any) -> dict[str, Callable[[], Any]]:
    """Everything that can be asked of a model, as numbers that can be compared."""

    def attribution(name: str) -> Callable[[], Any]:
        return lambda: (
            lm.attribute(PROMPT, [[5, 6], 9], method=name, **METHODS[name], progress=False).values
        )

    def generated() -> Any:
        return lm.generate(PROMPT, max_new_tokens=3, progress=False).logprobs

    def scored() -> Any:
        return lm.score([*PROMPT, 5, 6], progress=False).logprobs

    def estimated() -> Any:
        return np.array([lm.estimate(PROMPT, [9], method="occlusion").positions[0]])

    named: dict[str, Callable[[], Any]] = {name: attribution(name) for name in METHODS}
    return {**named, "generate": generated, "score": scored, "estimate": estimated}


def same(one: Any, other: Any) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # cut libraries
@pytest.mark.parametrize("name", ["llama", "vaultgemma"])
@pytest.mark.parametrize("call", [*METHODS, "generate", "score", "estimate"])
def test_a_call_interrupted_at_lines_all_over_it(call: str, name: str) -> None:
    """A handful of lines of each call; all of them with TOKENVIZ_FUZZ."""
    warnings.simplefilter("ignore")  # where a trial of the model's memory is what was cut
    lm = LanguageModel(in_training(name), byte_level_tokenizer())
    ask = calls(lm)[call]
    expected = ask()
    before = state(lm.model)
    lines, _ = run(ask)
    places = range(1, lines + 1) if LONG else sorted(random.Random(0).sample(range(1, lines), 4))
    keeping = []
    for place in places:
        if LONG and place % 7:  # probes anew now and then, as in the first call
            lm._findings.clear()
        _, came = run(ask, place, place + 2)
        keeping.append(came)
        assert state(lm.model) == before, place
        if not LONG or place % 50 == 0:
            same(ask(), expected)
    same(ask(), expected)


def test_calls_in_threads_interrupted_at_any_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what a library uses to end another thread: it comes between any two instructions."""
    # In a callback of the collector it ends there, and pytest's own hook may be what it cuts.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # a second, as a thread ends
    lm = LanguageModel(in_training(), byte_level_tokenizer())
    asked = calls(lm)
    expected = {name: ask() for name, ask in asked.items()}
    before = state(lm.model)
    chance = random.Random(1)
    end = time.process_time() + (60 if LONG else 1.5)
    ended = 0
    while time.process_time() < end:
        begun = threading.Event()
        came: list[BaseException] = []
        name = chance.choice(list(asked))

        def work(name: str = name, begun: Any = begun, came: Any = came) -> None:
            try:
                begun.set()
                for _ in range(20):
                    asked[name]()
            except KeyboardInterrupt as error:
                came.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        begun.wait()
        while thread.is_alive():
            thread.join(chance.uniform(0, 0.03))
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident or 0), ctypes.py_object(KeyboardInterrupt)
            )
            ended += 1
        assert state(lm.model) == before, name
        same(asked[name](), expected[name])
    assert ended > 5


def test_two_threads_of_which_one_is_interrupted() -> None:
    """The other's numbers are as ever, and it is not left waiting."""
    lm = LanguageModel(in_training(), byte_level_tokenizer())
    ask = calls(lm)["generate"]
    expected = ask()
    before = state(lm.model)
    found: list[Any] = []
    steady = threading.Thread(target=lambda: found.extend(ask() for _ in range(8)))
    steady.start()
    while steady.is_alive():
        run(ask, random.randrange(1, 400))
        steady.join(0.001)
    for one in found:
        same(one, expected)
    assert len(found) == 8 and state(lm.model) == before


def test_a_cancelled_task_leaves_the_model_as_it_was() -> None:
    lm = LanguageModel(in_training(), byte_level_tokenizer())
    expected = calls(lm)["score"]()
    before = state(lm.model)

    async def awaited() -> bool:
        """Whether both were still under way, which a busy machine may have finished before."""
        live = lm.generate(PROMPT, max_new_tokens=120, stream=True)

        async def wait() -> Any:
            return await live

        task = asyncio.ensure_future(wait())
        in_thread = asyncio.ensure_future(
            asyncio.to_thread(lambda: lm.generate(PROMPT, max_new_tokens=5))
        )
        await asyncio.sleep(0.02)
        cancelled = [one for one in (task, in_thread) if one.cancel()]
        for one in cancelled:
            with pytest.raises(asyncio.CancelledError):
                await one
        live.wait()
        assert live.source.partial or task not in cancelled
        return len(cancelled) == 2

    assert any(in_a_loop(awaited()) for _ in range(20))
    with borrowed(lm.model):  # after the thread that goes on
        pass
    assert state(lm.model) == before
    same(calls(lm)["score"](), expected)


def test_a_loan_is_not_lent_while_it_is_taken_again() -> None:
    model = small()
    with borrowed(model) as loan, borrowed(model):
        assert turns_at(model).is_taken_within()
        loan.lend()
    assert not turns_at(model).is_taken_within()
