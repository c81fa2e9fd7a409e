"""Variants of a prompt share its beginning in the model's own forward, where it goes on from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.model.decoders import KNOWN, UNKNOWN, decoder_lm
from tokenviz.model.attributing.engine import choosing, generic
from tokenviz.model.attributing.engine.prefix import Prefix, shares_prefix
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.inputs import find_inputs

PROMPT = [60, 7, 130, 200, 201, 44, 45, 46, 47, 48, 49, 50]
TARGETS: list[Any] = [[5, 6, 7], 9]
OPTIONS: list[dict[str, Any]] = [{"baseline": 311}, {"baseline": "delete"}]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", [*KNOWN, *UNKNOWN])
def test_shared_or_not_the_values_are_the_same(
    name: str, options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = decoder_lm(name)
    monkeypatch.setattr(choosing, "agreeing_decoder", lambda lm, length: None)
    monkeypatch.setattr(choosing, "_ROWS", {"cpu": 30})  # several pieces, from several places

    def occluded() -> Any:
        return lm.attribute(PROMPT, TARGETS, method="occlusion", **options)

    shared = occluded()
    monkeypatch.setattr(generic, "shares_prefix", lambda lm, length: False)
    alone = occluded()
    np.testing.assert_allclose(shared.values, alone.values, atol=1e-5)
    assert shared.positions is not None and alone.positions is not None
    if shares_prefix(lm, len(PROMPT) + 2):
        assert shared.positions < 0.7 * alone.positions
    else:
        assert shared.positions == alone.positions


def test_most_models_share() -> None:
    sharing = {name for name in (*KNOWN, *UNKNOWN) if shares_prefix(decoder_lm(name), 14)}
    assert {"llama", "gemma3", "mistral, window", "gpt2", "opt"} <= sharing


def test_copies_go_on_without_the_one_they_were_made_from() -> None:
    lm = decoder_lm("llama")
    inputs = lm.probe(find_inputs)
    rows = inputs.rows(torch.tensor(PROMPT))
    with borrowed(lm.model), torch.no_grad():
        prefix = Prefix(lm, inputs, rows)
        assert prefix.copied(0, 3) is None
        whole = inputs.logits(torch.tensor([len(PROMPT) - 1]), rows[None])
        for start in (3, 8, 8, 2):  # further, the same again, and back
            late = rows[start:].expand(2, -1, -1)
            found = inputs.logits(
                torch.tensor([len(PROMPT) - start - 1]), late, prefix.copied(start, 2)
            )
            torch.testing.assert_close(found, whole.expand(2, -1, -1))
