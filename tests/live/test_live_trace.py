"""Texts written in the background: whole in the end, stopped when asked, nothing left running."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch

import tokenviz as tv
from tests.live.test_growing import Reader, labelled
from tests.loops import in_a_loop
from tests.model.small import byte_level_tokenizer, random_lm, random_model
from tokenviz.data.trace import Trace, TraceStep
from tokenviz.export.html import fragment
from tokenviz.live import writing
from tokenviz.live.growing import Piece
from tokenviz.live.trace import LiveTrace
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running.forward import borrowed
from tokenviz.wire import decode_trace, encode_trace

PROMPT = "The cat sat on"


class Gate:
    """Lets a text be written token by token, as a test says: an ``on_token``."""

    def __init__(self) -> None:
        self.steps: list[TraceStep] = []
        self._open = threading.Semaphore(0)
        self._arrived = threading.Semaphore(0)

    def __call__(self, step: TraceStep) -> None:
        self.steps.append(step)
        self._arrived.release()
        assert self._open.acquire(timeout=30)

    def arrive(self, count: int = 1) -> None:
        """Wait until so many more tokens stand at the gate."""
        for _ in range(count):
            assert self._arrived.acquire(timeout=30)

    def let(self, count: int = 1) -> None:
        """Let the text go on for so many tokens."""
        self._open.release(count)


def wait_for(condition: Callable[[], bool]) -> None:
    ticking = threading.Event()
    for _ in range(3000):
        if condition():
            return
        ticking.wait(0.01)
    raise AssertionError("waited in vain")


def test_it_returns_at_once_and_has_the_whole_trace_in_the_end() -> None:
    lm, gate = random_lm(), Gate()
    live = lm.generate(PROMPT, max_new_tokens=20, stream=True, on_token=gate)
    shown: object = live
    assert isinstance(shown, tv.TokenTrace)
    assert live.running
    gate.arrive()
    assert len(live.source) == 1 and live.source.partial
    gate.let(3)
    gate.arrive(3)
    assert live.source.tokens == tuple(step.token for step in gate.steps)
    gate.let(100)
    trace = live.wait(timeout=60)
    assert trace == lm.generate(PROMPT, max_new_tokens=20)
    assert live.source is trace and not live.running and not trace.partial
    assert live.tokens_per_second is not None and live.tokens_per_second > 0
    assert live.caption.endswith(f"speed: {live.tokens_per_second:.1f} tokens/s")


def test_what_is_sent_adds_up_to_what_a_reload_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, sent = Reader(), threading.Event()

    def send(self: LiveTrace, content: dict[str, Any], buffers: Any = None) -> None:
        assert content["tokenviz"] == "grown"
        assert set(content["live"]) == {"running", "rate", "error"}
        if buffers:
            reader.take(Piece(content, buffers[0]))
            sent.set()

    monkeypatch.setattr(LiveTrace, "send", send)
    lm, gate = random_lm(), Gate()
    live = lm.generate(PROMPT, max_new_tokens=30, stream=True, on_token=gate)
    gate.let(12)
    gate.arrive(13)
    wait_for(lambda: len(reader.positions) == 13)
    now = live.get_state(["_data", "_live"])
    assert labelled(now["_data"]) == reader.labelled()
    assert now["_live"]["running"] is True
    gate.let(100)
    trace = live.wait(timeout=60)
    assert reader.labelled() == labelled(encode_trace(trace))
    state = live.get_state(["_data", "_live"])
    assert labelled(state["_data"]) == reader.labelled()
    assert decode_trace(state["_data"]).tokens == trace.tokens
    assert state["_live"] == {"running": False, "rate": live.tokens_per_second, "error": None}


def test_updates_keep_a_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told at most once per interval, whatever comes meanwhile; here the interval never ends."""
    monkeypatch.setattr(writing, "INTERVAL", 3600.0)
    told: list[int] = []
    monkeypatch.setattr(LiveTrace, "send", lambda self, content, buffers=None: told.append(1))
    live = random_lm().generate(PROMPT, max_new_tokens=60, stream=True)
    live.wait(timeout=60)
    assert len(told) <= 2  # the first tokens, and the rest at the end


def test_silence_is_broken_by_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "HEARTBEAT", 0.01)
    beats: list[dict[str, Any]] = []

    def send(self: LiveTrace, content: dict[str, Any], buffers: Any = None) -> None:
        if buffers is None:
            beats.append(content)

    monkeypatch.setattr(LiveTrace, "send", send)
    gate = Gate()
    live = random_lm().generate(PROMPT, max_new_tokens=9, stream=True, on_token=gate)
    gate.arrive()
    wait_for(lambda: len(beats) > 2)
    assert beats[-1].keys() == {"tokenviz", "live"}
    gate.let(100)
    live.wait(timeout=60)


def test_stop_ends_it_within_one_token() -> None:
    gate = Gate()
    live = random_lm().generate(PROMPT, max_new_tokens=50, stream=True, on_token=gate)
    gate.let(4)
    gate.arrive(5)
    live._handle_custom_msg({"tokenviz": "stop"}, [])  # as the figure's button does
    gate.let(100)
    trace = live.wait(timeout=60)
    assert len(trace) == 5 and trace.partial
    assert trace.tokens == random_lm().generate(PROMPT, max_new_tokens=5).tokens
    assert "partial: interrupted before its end" in live.caption
    live.stop()  # once more does no harm
    assert live.wait() is trace


def test_a_browser_that_missed_something_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[Piece] = []

    def send(self: LiveTrace, content: dict[str, Any], buffers: Any = None) -> None:
        if buffers:
            pieces.append(Piece(content, buffers[0]))

    monkeypatch.setattr(LiveTrace, "send", send)
    gate = Gate()
    live = random_lm().generate(PROMPT, max_new_tokens=50, stream=True, on_token=gate)
    gate.let(6)
    gate.arrive(7)
    wait_for(lambda: sum(piece.content["positions"] for piece in pieces) == 7)
    live._handle_custom_msg({"tokenviz": "missing", "positions": 0, "vocabulary": 0}, [])
    reader = Reader()
    reader.take(pieces[-1])
    assert reader.labelled() == labelled(live.get_state("_data")["_data"])
    live.stop()
    gate.let(100)
    live.wait(timeout=60)


def test_cells_can_be_selected_as_soon_as_they_are_there() -> None:
    gate = Gate()
    live = random_lm().generate(PROMPT, max_new_tokens=9, top_k=2, stream=True, on_token=gate)
    gate.let(2)
    gate.arrive(3)
    live.set_state({"selected": [2, 1]})
    assert live.selected == (2, 1)
    live.set_state({"selected": [3, 0]})
    assert live.selected is None
    with pytest.raises(Exception, match=r"position below 3"):
        live.selected = (3, 0)
    gate.let(100)
    live.wait(timeout=60)
    live.selected = (8, 2)


def test_an_error_is_shown_and_raised() -> None:
    def fail(step: TraceStep) -> None:
        if step.position == 3:
            raise LookupError("no fourth token")

    live = random_lm().generate(PROMPT, max_new_tokens=9, stream=True, on_token=fail)
    with pytest.raises(LookupError, match="no fourth token"):
        live.wait(timeout=60)
    assert live._status_now()["error"] == "LookupError: no fourth token"
    assert len(live.source) == 4 and live.source.partial and not live.running
    with pytest.raises(LookupError):
        in_a_loop(finished(live))


async def finished(live: LiveTrace) -> Trace:
    return await live


def test_it_can_be_awaited_and_cancelled() -> None:
    async def notebook() -> tuple[Trace, int]:
        beside = 0

        async def other() -> None:
            nonlocal beside
            while True:
                beside += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        trace = await random_lm().generate(PROMPT, max_new_tokens=12, stream=True)
        task.cancel()
        return trace, beside

    trace, beside = in_a_loop(notebook())
    assert trace == random_lm().generate(PROMPT, max_new_tokens=12)
    assert beside > 0

    gate = Gate()

    async def cancelled() -> LiveTrace:
        live = random_lm().generate(PROMPT, max_new_tokens=50, stream=True, on_token=gate)
        task = asyncio.ensure_future(finished(live))
        await asyncio.to_thread(gate.arrive)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return live

    live = in_a_loop(cancelled())
    gate.let(100)
    assert len(live.wait(timeout=60)) == 1


def test_an_interrupt_while_waiting_stops_it() -> None:
    def on_token(step: TraceStep) -> None:
        if step.position == 4:
            os.kill(os.getpid(), signal.SIGINT)

    live = random_lm().generate(PROMPT, max_new_tokens=100, stream=True, on_token=on_token)
    trace = live.wait(timeout=60)
    assert trace.partial and 5 <= len(trace) < 100


def test_waiting_has_an_end() -> None:
    gate = Gate()
    live = random_lm().generate(PROMPT, max_new_tokens=3, stream=True, on_token=gate)
    with pytest.raises(TimeoutError, match=r"timeout: the text is not written after 0.01 s"):
        live.wait(timeout=0.01)
    gate.let(100)
    assert len(live.wait(timeout=60)) == 3


def test_closing_the_widget_ends_it_and_leaves_no_thread() -> None:
    threads = set(threading.enumerate())
    gate = Gate()
    live = random_lm().generate(PROMPT, max_new_tokens=50, stream=True, on_token=gate)
    gate.arrive()
    assert len(set(threading.enumerate()) - threads) == 2
    live.close()
    gate.let(100)
    assert len(live.wait(timeout=60)) == 1
    wait_for(lambda: not set(threading.enumerate()) - threads)
    assert live._writing not in writing.running


def test_the_interpreter_can_end_while_a_text_is_written() -> None:
    code = (
        "import tokenviz as tv\n"
        "from tests.model.small import random_lm\n"
        "live = random_lm().generate('The cat', max_new_tokens=100, stream=True,"
        " on_token=lambda step: __import__('time').sleep(0.05))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_other_computations_go_between_two_tokens() -> None:
    """And the model is left as it was found, whoever ends first."""
    lm = LanguageModel(random_model("llama").train(), byte_level_tokenizer())
    alone = lm.score("on the mat", prompt=PROMPT)
    parameters = list(lm.model.parameters())
    live = lm.generate(PROMPT, max_new_tokens=60, stream=True)
    attribution = lm.attribute(PROMPT, " the", method="occlusion")
    between = lm.score("on the mat", prompt=PROMPT)
    trace = live.wait(timeout=60)
    assert between == alone
    assert attribution.values.shape == (len(lm.encode(PROMPT)), 1)
    assert trace == lm.generate(PROMPT, max_new_tokens=60)
    assert lm.model.training and all(parameter.requires_grad for parameter in parameters)


def test_who_borrows_a_model_waits_for_who_has_it() -> None:
    model: torch.nn.Module = torch.nn.Linear(2, 2)
    order: list[str] = []
    asked = threading.Event()

    def second() -> None:
        asked.set()
        with borrowed(model):
            order.append("second")
            assert not model.training

    thread = threading.Thread(target=second)
    with borrowed(model) as loan:
        with borrowed(model):  # by the same thread, so without waiting
            thread.start()
            asked.wait(30)
            order.append("first")
            loan.lend()  # not while it is borrowed again
            assert order == ["first"]
        while order == ["first"]:
            loan.lend()
        order.append("first again")
        assert not model.training
    thread.join(30)
    assert order == ["first", "second", "first again"]
    assert model.training and all(p.requires_grad for p in model.parameters())


def test_two_texts_of_one_model_take_turns() -> None:
    lm = random_lm()
    both = [lm.generate(p, max_new_tokens=25, stream=True) for p in (PROMPT, "To solve")]
    traces = [live.wait(timeout=60) for live in both]
    assert traces == [lm.generate(p, max_new_tokens=25) for p in (PROMPT, "To solve")]


def test_what_is_wrong_is_said_at_once() -> None:
    lm = random_lm()
    with pytest.raises(ValueError, match=r"prompt: expected one prompt with stream=True, got a "
                                         r"list of 2"):  # fmt: skip
        lm.generate(["a", "b"], max_new_tokens=3, stream=True)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="max_new_tokens"):
        lm.generate(PROMPT, max_new_tokens=0, stream=True)
    with pytest.raises(TypeError, match="begun: expected a Trace, got str"):
        LiveTrace(lambda take, stopped: Trace([], []), "a")  # type: ignore[arg-type]
    gate = Gate()
    live = lm.generate(PROMPT, max_new_tokens=2, stream=True, on_token=gate)
    with pytest.raises(RuntimeError, match="source: expected to be assigned after"):
        live.source = tv.examples.trace()
    gate.let(100)
    live.wait(timeout=60)
    live.source = tv.examples.trace()
    assert len(decode_trace(live.get_state("_data")["_data"])) == 97


def test_on_token_cannot_wait_for_the_end() -> None:
    raised: list[BaseException] = []

    def on_token(step: TraceStep) -> None:
        try:
            live.wait()
        except RuntimeError as error:
            raised.append(error)

    release = threading.Event()

    def write(take: Any, stopped: Any) -> Trace:
        release.wait(30)
        on_token(TraceStep(tv.Token("a"), -1.0, 1, 0.5, (), 0, 0))
        return Trace(["a"], [-1.0])

    live = LiveTrace(write, Trace([], []))
    release.set()
    live.wait(timeout=30)
    assert "a text cannot wait for its own end" in str(raised[0])


def test_a_page_exported_in_the_middle_shows_what_there_is() -> None:
    gate = Gate()
    live = random_lm().generate(PROMPT, max_new_tokens=9, stream=True, on_token=gate)
    gate.let(3)
    gate.arrive(4)
    html = fragment(live, with_script=False)
    assert html.count('<th scope="col"') or "<table" in html
    assert '"running":true' in html
    gate.let(100)
    live.wait(timeout=60)
    assert '"running":false' in fragment(live, with_script=False)


def test_a_reader_that_fails_loses_nothing_of_what_was_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()
    live = random_lm().generate(PROMPT, max_new_tokens=6, stream=True, on_token=gate)
    live.observe(lambda change: 1 / 0, "caption")
    gate.let(100)
    assert live.wait(timeout=60) == random_lm().generate(PROMPT, max_new_tokens=6)
    assert live._live == {"running": False}
    assert "could not be shown" in caplog.text


def test_what_is_known_of_the_whole_only_is_shown_at_its_end() -> None:
    def write(take: Callable[[TraceStep], None], stops: Callable[[], bool]) -> Trace:
        for i, token in enumerate(written.tokens):
            take(TraceStep(token, float(written.logprobs[i]), 0, 0.1, (), i, 0))
        return written

    written = Trace(
        ["a", "b"],
        [-1.0, -2.0],
        channels={"advantage": [0.5, -0.5]},
        flags={"loss_mask": [False, True]},
        categories={"role": ["user", "assistant"]},
        entropies=[0.1, 0.2],
        entropies_at_least=[True, False],
    )
    live = LiveTrace(write, Trace([], []))
    assert live.wait() == written
    shown = decode_trace(live.get_state("_data")["_data"])
    assert shown.flags["loss_mask"].tolist() == [False, True]
    assert shown.categories["role"] == ("user", "assistant")
    assert shown.channels["advantage"].tolist() == [0.5, -0.5]
    assert shown.entropies_at_least.tolist() == [True, False]
    wait_for(lambda: live.flag is not None)
    assert (live.flag, live.category) == ("loss_mask", "role")
