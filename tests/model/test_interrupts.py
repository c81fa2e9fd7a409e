"""Following a text while it is written, progress bars, and what an interrupt leaves."""

import os
import signal
import time
from typing import Any

import pytest
import torch

from tests.model.interrupting import ringing
from tests.model.small import byte_level_tokenizer, random_lm, random_model
from tests.model.tracing.test_batches import PROMPTS
from tests.model.tracing.test_reading import same
from tokenviz.data.trace import Trace, TraceStep
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running import progress
from tokenviz.model.tracing import reading

PROMPT = "The cat sat on"


def cut(trace: Trace, length: int, partial: bool = True) -> Trace:
    """The first positions of a trace."""
    return Trace(
        trace.tokens[:length],
        trace.logprobs[:length],
        trace.alternatives[:length],
        ranks=trace.ranks[:length],
        entropies=trace.entropies[:length],
        prompt=trace.prompt,
        distribution=trace.distribution,
        model=trace.model,
        partial=partial,
    )


def interrupt_at(position: int) -> Any:
    """As Jupyter's stop button does: a signal to the process."""

    def on_token(step: TraceStep) -> None:
        if step.position == position:
            os.kill(os.getpid(), signal.SIGINT)

    return on_token


@pytest.mark.parametrize(
    "options", [{}, {"temperature": 1.0, "seed": 1, "distribution": "sampling"}]
)
def test_each_token_is_told_as_the_trace_has_it(options: dict[str, Any]) -> None:
    steps: list[TraceStep] = []
    trace = random_lm().generate(
        PROMPT, max_new_tokens=9, top_k=3, on_token=steps.append, **options
    )
    assert [step.position for step in steps] == list(range(9))
    assert {step.row for step in steps} == {0}
    assert tuple(step.token for step in steps) == trace.tokens
    assert [step.logprob for step in steps] == trace.logprobs.tolist()
    assert [step.rank for step in steps] == trace.ranks.tolist()
    assert [step.entropy for step in steps] == trace.entropies.tolist()
    assert [step.alternatives for step in steps] == list(trace.alternatives)


def test_tokens_of_several_texts_say_whose_they_are() -> None:
    lm = random_lm()
    stop = lm.generate(PROMPTS[1], max_new_tokens=4).tokens[3].id
    steps: list[TraceStep] = []
    traces = lm.generate(PROMPTS, max_new_tokens=6, stop=stop, on_token=steps.append, batch_size=3)
    for row, trace in enumerate(traces):
        own = [step for step in steps if step.row == row]
        assert tuple(step.token for step in own) == trace.tokens
        assert [step.position for step in own] == list(range(len(trace)))


def test_an_end_that_is_not_part_of_the_text_is_not_told() -> None:
    lm = random_lm()
    config: Any = lm.model.generation_config
    config.eos_token_id = lm.generate(PROMPT, max_new_tokens=4).tokens[3].id
    steps: list[TraceStep] = []
    try:
        trace = lm.generate(PROMPT, max_new_tokens=9, on_token=steps.append)
    finally:
        config.eos_token_id = None
    assert len(steps) == len(trace) < 9 and not trace.partial


def test_an_error_of_the_callback_is_raised_and_the_model_given_back() -> None:
    lm = LanguageModel(random_model("llama"), byte_level_tokenizer())
    lm.model.train()

    def fail(step: TraceStep) -> None:
        raise RuntimeError("full")

    with pytest.raises(RuntimeError, match="full"):
        lm.generate(PROMPT, max_new_tokens=3, on_token=fail)
    assert lm.model.training and all(p.requires_grad for p in lm.model.parameters())
    with pytest.raises(TypeError, match="on_token: expected a function or None, got str"):
        wrong: Any = "print"
        lm.generate(PROMPT, on_token=wrong)


def test_an_interrupted_text_is_kept_as_far_as_it_came() -> None:
    lm = random_lm()
    whole = lm.generate(PROMPT, max_new_tokens=20)
    part = lm.generate(PROMPT, max_new_tokens=20, on_token=interrupt_at(6))
    assert not whole.partial and part == cut(whole, 7)
    assert repr(part).endswith(", partial)")


def test_an_interrupt_after_the_last_token_cuts_nothing_off() -> None:
    lm = random_lm()
    whole = lm.generate(PROMPT, max_new_tokens=5, on_token=interrupt_at(4))
    assert whole == lm.generate(PROMPT, max_new_tokens=5)


def test_several_interrupted_texts() -> None:
    lm = random_lm()
    free = lm.generate(PROMPTS, max_new_tokens=8)
    # Shortest first, two at a time: the third begins when two are finished.
    order = sorted(range(4), key=lambda row: len(free[row].prompt))

    def on_token(step: TraceStep) -> None:
        if step.row == order[3] and step.position == 2:
            raise KeyboardInterrupt

    part = lm.generate(PROMPTS, max_new_tokens=8, on_token=on_token, batch_size=2)
    for row in order[:2]:
        same(part[row], free[row])
    for row in order[2:]:
        same(part[row], cut(free[row], 3))
    early = lm.generate(PROMPTS, max_new_tokens=8, on_token=interrupt_at(0), batch_size=2)
    assert [len(early[row]) for row in order] == [1, 1, 0, 0]
    assert all(trace.partial for trace in early)
    assert [trace.prompt for trace in early] == [trace.prompt for trace in free]


def test_an_interrupt_at_any_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a timer, wherever the loop is: what is kept is right."""
    lm = random_lm()
    whole = lm.generate(PROMPT, max_new_tokens=100)

    def ring(*_: Any) -> None:
        raise KeyboardInterrupt

    lengths = set()
    with ringing(ring) as timer:
        for tick in range(1, 30):
            timer(tick * 0.003)
            try:
                part = lm.generate(PROMPT, max_new_tokens=100)
            except KeyboardInterrupt:  # before the first token
                continue
            finally:
                timer(0)
            lengths.add(len(part))
            assert part == cut(whole, len(part), part.partial)
            assert part.partial == (len(part) < 100)
    assert any(0 < length < 100 for length in lengths)


def test_nothing_finished_is_an_interrupt() -> None:
    lm = random_lm()

    def interrupt(ids: Any, scores: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lm.generate(PROMPT, max_new_tokens=3, logits_processor=interrupt)


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_an_interrupted_reading(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = LanguageModel(random_model("llama"), byte_level_tokenizer())
    monkeypatch.setattr(reading, "_PIECE", 3 * 4 * 420)
    texts = [list(range(5, 13)), list(range(20, 34)), list(range(40, 45))]
    whole = lm.score(texts)
    single = lm.score(texts[0])
    count = 0

    def head(module: Any, inputs: Any) -> None:
        nonlocal count
        if count == calls:
            os.kill(os.getpid(), signal.SIGINT)
        count += 1

    model: Any = lm.model
    handle = model.lm_head.register_forward_pre_hook(head)
    try:
        if not calls:
            with pytest.raises(KeyboardInterrupt):
                lm.score(texts)
            return
        part = lm.score(texts)
        count = 0
        alone = lm.score(texts[0]) if calls < 3 else None
    finally:
        handle.remove()
    # Shortest first: 4 positions that are known, then 7, then 13.
    known = 3 * calls
    assert part[2] == cut(whole[2], min(5, 1 + known), known < 4)
    assert part[0] == (cut(whole[0], 1 + known - 4) if known > 4 else cut(whole[0], 0))
    assert part[1] == cut(whole[1], 0)
    if alone is not None:
        assert alone == cut(single, 1 + 3 * calls)
    assert dict(lm.model.named_modules())["model"] is model.model
    assert lm.score(texts) == whole


def test_a_bar_is_shown_when_asked_for_or_when_it_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = random_lm()
    lm.generate(PROMPT, max_new_tokens=3)
    lm.score(PROMPTS)
    assert capsys.readouterr().err == ""
    lm.generate(PROMPT, max_new_tokens=3, progress=True)
    assert "Generating" in capsys.readouterr().err
    lm.score(PROMPTS, progress=True)
    assert "Scoring" in capsys.readouterr().err
    monkeypatch.setattr(progress, "_DELAY", 0.05)
    lm.generate(PROMPT, max_new_tokens=3, progress=False)
    lm.score(PROMPTS, progress=False)
    assert capsys.readouterr().err == ""
    lm.generate(PROMPT, max_new_tokens=3, on_token=lambda step: time.sleep(0.11))
    assert "Generating" in capsys.readouterr().err


def test_a_trace_needs_no_gradients() -> None:
    lm = random_lm()
    with torch.enable_grad():
        lm.generate(PROMPT, max_new_tokens=2, on_token=lambda step: None)
        assert torch.is_grad_enabled()
        assert all(p.grad is None for p in lm.model.parameters())
