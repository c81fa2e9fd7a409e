"""Pieces, memory that runs out, interrupts: what is finished stays, and is right."""

import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.model.attributing.brute_columns import OPTIONS
from tests.model.decoders import decoder_lm, decoder_model
from tests.model.interrupting import run as run_interrupted
from tests.model.interrupting import uncollected
from tests.model.small import byte_level_tokenizer
from tests.own_process import OwnProcess
from tokenviz.model.attributing.engine import choosing
from tokenviz.model.attributing.engine.work import Work, is_out_of_memory
from tokenviz.model.language_model import LanguageModel

PROMPT = [60, 7, 130, 200, 201]
CASE: dict[str, Any] = {"targets": [[5, 6, 7], 9, [9, 10]]}
NAMES = ["llama", "gpt2", "vaultgemma"]  # the last by its own forward
SAMPLED: dict[str, dict[str, Any]] = {
    **OPTIONS,
    "shapley": {"baseline": 311, "n_samples": 6},
    "attention_rollout": {},
}


@pytest.mark.parametrize("budget", [1_500_000, "2 MB"])
@pytest.mark.parametrize("method", SAMPLED)
@pytest.mark.parametrize("name", NAMES)
def test_little_memory_gives_the_same_numbers(name: str, method: Any, budget: Any) -> None:
    lm: Any = decoder_lm(name)
    if name == "vaultgemma" and method == "attention_rollout":
        lm.model.set_attn_implementation("eager")
    options = SAMPLED[method]
    whole = lm.attribute(PROMPT, **CASE, method=method, **options)
    little = lm.attribute(PROMPT, **CASE, method=method, **options, memory_budget=budget)
    np.testing.assert_allclose(little.values, whole.values, rtol=1e-5, atol=1e-6)


def test_pieces_are_halved_until_they_fit_and_none_is_computed_twice() -> None:
    work = Work(rows=80)
    tried: list[tuple[int, int]] = []

    def run(piece: slice) -> torch.Tensor:
        tried.append((piece.start, piece.stop))
        if piece.stop - piece.start > 3 and piece.start >= 8:
            torch.empty(1 << 50)  # more than there is
        return torch.arange(piece.start, piece.stop)

    result = work.in_pieces(20, 10, run)
    assert result.tolist() == list(range(20))
    assert tried[:4] == [(0, 8), (8, 16), (8, 12), (8, 10)] and work.rows == 20
    finished = [piece for piece in tried if piece[1] - piece[0] <= 3 or piece[0] < 8]
    assert [start for start, _ in finished[1:]] == [stop for _, stop in finished[:-1]]


def test_one_item_that_does_not_fit_is_tried_once() -> None:
    work, calls = Work(rows=1000), []

    def run(piece: slice) -> torch.Tensor:
        calls.append(piece)
        return torch.empty(1 << 50)

    with pytest.raises(RuntimeError, match="memory") as error:
        work.in_pieces(1, 10, run)
    assert len(calls) == 1 and is_out_of_memory(error.value)


def test_other_errors_are_no_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="size"):
        Work().in_pieces(4, 1, lambda piece: torch.zeros(2) + torch.zeros(3))
    assert not is_out_of_memory(ValueError("size")) and is_out_of_memory(MemoryError())


def test_an_interrupt_at_any_line_leaves_each_item_finished_or_missing() -> None:
    """Also in the moment between the two, when its result is there and was not yet counted."""
    found: list[torch.Tensor] = []

    def ask() -> None:
        found.append(Work(rows=30).in_pieces(8, 10, lambda p: torch.arange(p.start, p.stop) * 1.0))

    lines, _ = run_interrupted(ask)
    for place in range(1, lines + 1):
        run_interrupted(ask, place)
    assert 1 < len(found) < lines, "some were kept, some were not"
    for values in found:
        missing = values.isnan()
        assert values.shape == (8,)
        assert (missing | (values == torch.arange(8))).all()
        assert missing.tolist() == sorted(missing.tolist())


def smaller_pieces(name: str, method: Any, options: dict[str, Any], room: int) -> list[Any]:
    """What was said of each lack of memory, and the rows that were left, with so much room."""
    import resource

    torch.set_num_threads(1)
    lm = decoder_lm(name, torch.float32)
    prompt = [k % 400 for k in range(5, 5 + 37 * 100, 37)]

    def ask() -> Any:  # without a budget, or pieces are as small as there is time for
        return lm.attribute(
            prompt, [[5, 6, 7], 9], method=method, time_budget=None, **options
        ).values

    expected = ask()
    seen: list[Any] = []
    own = Work.in_pieces

    def spy(self: Work, count: int, rows_each: int, run: Any, dim: int = 0) -> Any:
        def tried(piece: slice) -> torch.Tensor:
            try:
                result: torch.Tensor = run(piece)
            except RuntimeError as error:
                seen.append(is_out_of_memory(error))
                raise
            return result

        before = self.rows
        result = own(self, count, rows_each, tried, dim)
        if self.rows < before:
            seen.append(self.rows)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Work, "in_pieces", spy)
        patch.setattr(choosing, "_ROWS", {"cpu": 10**9})
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + room, -1))
        found = ask()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    return seen


@pytest.mark.skipif(sys.platform != "linux", reason="limits its own address space")
@pytest.mark.parametrize(
    ("name", "method", "options"),
    [
        ("llama", "integrated_gradients", {"n_steps": 200, "tolerance": None, "baseline": 311}),
        ("llama", "shapley", {"n_samples": 2, "grouping": [[k] for k in range(100)]}),
        (
            "vaultgemma",
            "integrated_gradients",
            {"n_steps": 200, "tolerance": None, "baseline": 311},
        ),
        ("vaultgemma", "occlusion", {}),
    ],
)
def test_memory_that_really_runs_out(
    name: str, method: str, options: dict[str, Any], process: OwnProcess
) -> None:
    room = 8 << 20 if method in ("shapley", "occlusion") else 96 << 20
    seen = process(smaller_pieces, name, method, options, room)
    assert True in seen and False not in seen, seen
    assert any(type(rows) is int and rows < 10**9 for rows in seen), seen


def fresh(name: str) -> Any:
    return LanguageModel(decoder_model(name), byte_level_tokenizer())


class Interrupting:
    """Sends this process a real SIGINT after so many pieces were begun."""

    def __init__(self, patch: pytest.MonkeyPatch, after: int) -> None:
        self.left = after
        own = Work.advance

        def advance(work: Work, positions: int) -> None:
            own(work, positions)
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGINT)

        patch.setattr(Work, "advance", advance)


def state(model: Any) -> Any:
    return (
        [module.training for module in model.modules()],
        [parameter.requires_grad for parameter in model.parameters()],
        model.config._attn_implementation,
        [len(module._forward_hooks) for module in model.modules()],
    )


@pytest.mark.parametrize("after", [1, 2, 3, 5, 8, 13, 30])
@pytest.mark.parametrize("method", SAMPLED)
@pytest.mark.parametrize("name", NAMES)
def test_an_interrupt_keeps_what_is_finished(
    name: str, method: Any, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = fresh(name)
    lm.model.train()
    next(lm.model.parameters()).requires_grad_(False)
    before = state(lm.model)
    monkeypatch.setattr(choosing, "_ROWS", {"cpu": 1})  # one item at a time
    options: Any = {"method": method, **SAMPLED[method], **CASE}
    whole = lm.attribute(PROMPT, **options)
    assert not whole.partial
    interrupting = Interrupting(monkeypatch, after)
    try:
        found = lm.attribute(PROMPT, **options)
    except KeyboardInterrupt:
        found = None
    assert state(lm.model) == before
    if found is None:
        return
    assert found.partial == (interrupting.left <= 0)
    if method == "shapley" and found.partial:
        # Fewer orders; each sums up to the whole.
        assert found.n_steps is not None and 0 < found.n_steps < 6 and found.n_steps % 2 == 0
        np.testing.assert_allclose(found.values.sum(0), whole.values.sum(0), atol=1e-5)
        return
    finished = np.isfinite(found.values)
    assert finished.any() and (found.partial or finished.all())
    np.testing.assert_allclose(found.values[finished], whole.values[finished], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_rows_or_columns_that_were_finished_come_back(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = fresh(name)
    monkeypatch.setattr(choosing, "_ROWS", {"cpu": 1})
    Interrupting(monkeypatch, 5)  # the whole prompt, perhaps what is shared, then variants
    rows = lm.attribute(PROMPT, **CASE, method="occlusion")
    assert rows.partial
    by_row = np.isfinite(rows.values)
    assert by_row[0].all() and not by_row[-1].any()
    monkeypatch.undo()
    monkeypatch.setattr(choosing, "_ROWS", {"cpu": 1})
    if name == "vaultgemma":
        return  # its own forward: all whole continuations share one backward pass
    Interrupting(monkeypatch, 4)
    columns = lm.attribute(PROMPT, **CASE, method="gradient_norm")
    assert columns.partial
    by_column = np.isfinite(columns.values)
    # Terms of short texts come first, so which columns those are depends on the targets.
    assert by_column.all(axis=0).any() and not by_column.all()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_finished_is_an_interrupt(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = fresh(name)
    for method, options in SAMPLED.items():
        with monkeypatch.context() as patch:
            Interrupting(patch, 1)
            with pytest.raises(KeyboardInterrupt):
                lm.attribute(PROMPT, **CASE, method=method, **options)


@pytest.mark.parametrize("name", ["llama", "vaultgemma"])
def test_adaptive_nodes_keep_the_last_full_round(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = fresh(name)
    asked: Any = {**CASE, "method": "integrated_gradients", "baseline": "zero"}
    asked |= {"tolerance": 1e-6, "n_steps": 200}
    seen: set[int] = set()
    with pytest.warns(UserWarning, match="do not resolve"):
        whole = lm.attribute(PROMPT, **asked)
    for after in range(1, 60):
        with monkeypatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            interrupting = Interrupting(patch, after)
            try:
                found = lm.attribute(PROMPT, **asked)
            except KeyboardInterrupt:  # before there was any gradient
                assert not seen
                continue
        if interrupting.left > 0:
            break
        assert found.partial
        if not np.isfinite(found.values).all():  # within the first round
            continue
        # A full round is a quadrature: its values are off by about what it says.
        assert found.standard_error is not None and found.n_steps is not None
        off = np.abs(found.values - whole.values)
        assert (off <= 3 * found.standard_error.max() + 1e-3).all()
        seen.add(found.n_steps)
    assert len(seen) > 1


def test_ctrl_c_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal at any moment, not only where we look for one."""
    lm = fresh("llama")
    before = state(lm.model)
    monkeypatch.setattr(choosing, "_ROWS", {"cpu": 1})
    prompt = list(range(40))
    for delay in (0.05, 0.15, 0.3):
        timer = threading.Timer(delay, signal.pthread_kill,
                                (threading.main_thread().ident, signal.SIGINT))  # fmt: skip
        timer.start()
        with uncollected():
            try:
                found = lm.attribute(
                    prompt, **CASE, method="integrated_gradients", n_steps=64, tolerance=None
                )
            except KeyboardInterrupt:
                pass
            else:
                assert found.partial
            timer.join()
        assert state(lm.model) == before


def test_a_hook_that_interrupts_the_models_own_forward() -> None:
    lm = fresh("llama")
    calls = -100  # of trials, which are made once

    def hook(*args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "_ROWS", {"cpu": 1})
        whole = lm.attribute(PROMPT, **CASE, method="occlusion")
        handle = lm.model.model.layers[1].register_forward_hook(hook)
        lm.attribute(PROMPT, **CASE, method="occlusion")
        calls = 0
        found = lm.attribute(PROMPT, **CASE, method="occlusion")
        handle.remove()
    assert found.partial and calls == 4
    finished = np.isfinite(found.values)
    assert 0 < finished.sum() < finished.size
    np.testing.assert_allclose(found.values[finished], whole.values[finished], atol=1e-5)


@pytest.mark.parametrize("method", SAMPLED)
def test_an_error_leaves_the_model_as_it_was(method: Any) -> None:
    lm = fresh("llama")
    lm.model.train()
    before = state(lm.model)
    fails = False

    def hook(*args: Any) -> None:
        if fails:
            raise ZeroDivisionError

    handle = lm.model.model.layers[1].mlp.register_forward_hook(hook)
    counted = state(lm.model)
    lm.attribute(PROMPT, **CASE, method=method, **SAMPLED[method])  # what is tried once
    fails = True
    with pytest.raises(ZeroDivisionError):
        lm.attribute(PROMPT, **CASE, method=method, **SAMPLED[method])
    assert state(lm.model) == counted
    handle.remove()
    assert state(lm.model) == before
