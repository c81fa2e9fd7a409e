"""Denormal numbers are away for a while, and then as they were, whoever asked for what."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import torch

from tests.model.decoders import decoder_lm
from tokenviz.model.attributing.methods.method import METHODS
from tokenviz.model.running.denormals import without_denormals


def product() -> float:
    return float(torch.tensor(1e-30) * 1e-10)


needs_the_flag = pytest.mark.skipif(
    not torch.set_flush_denormal(False), reason="this processor has no such flag"
)


@needs_the_flag
@pytest.mark.parametrize("flushed", [False, True])
def test_it_is_as_before_afterwards(flushed: bool) -> None:
    torch.set_flush_denormal(flushed)
    try:
        with pytest.raises(ZeroDivisionError), without_denormals():
            assert product() == 0
            raise ZeroDivisionError
        assert (product() == 0) == flushed
    finally:
        torch.set_flush_denormal(False)


@needs_the_flag
def test_it_is_the_threads_own() -> None:
    found: list[float] = []
    with without_denormals():
        pass
    thread = threading.Thread(target=lambda: found.append(product()))
    thread.start()
    thread.join()
    assert found[0] > 0 and product() > 0


@needs_the_flag
def test_attribution_computes_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    run = METHODS["removal"].run

    def spy(asked: object) -> object:
        seen.append(product())
        return run(asked)  # type: ignore[arg-type]

    monkeypatch.setitem(METHODS, "removal", replace(METHODS["removal"], run=spy))  # type: ignore[arg-type]
    decoder_lm("llama").attribute([60, 7, 130], [9])
    assert seen == [0] and product() > 0
