"""The cache that is written into, against the one that copies itself."""

from typing import Any

import pytest
import torch
from transformers.cache_utils import DynamicLayer

from tests.model.small import LAYOUTS, random_lm
from tests.model.tracing.test_layouts import FAMILIES, family
from tests.model.tracing.test_reading import same
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running import caches
from tokenviz.model.running.caches import Cache, RoomyLayer


def test_a_roomy_layer_holds_what_a_copying_one_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_ROOM", 3)
    generator = torch.Generator().manual_seed(0)
    copying: Any = DynamicLayer
    plain = copying()
    plain.update(torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 6))
    first = plain.keys.clone()
    roomy = RoomyLayer(plain.keys, plain.values)
    for count in (1, 1, 1, 1, 1, 1, 7, 1, 2):
        keys = torch.randn(2, 3, count, 4, generator=generator)
        values = torch.randn(2, 3, count, 6, generator=generator)
        for ours, theirs in zip(
            roomy.update(keys, values), plain.update(keys, values), strict=True
        ):
            assert torch.equal(ours, theirs)
        assert roomy.get_seq_length() == plain.get_seq_length()
        assert roomy.get_mask_sizes(1) == plain.get_mask_sizes(1)
    assert torch.equal(roomy.keys[..., :5, :], first)


@pytest.mark.parametrize("name", [*LAYOUTS, *FAMILIES])
def test_texts_are_the_same_with_either(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = random_lm(name) if name in LAYOUTS else family(name)
    monkeypatch.setattr(caches, "_ROOM", 2)
    roomy = lm.generate("The cat", max_new_tokens=12)
    monkeypatch.setattr(caches, "_make_room", lambda memory: None)
    same(lm.generate("The cat", max_new_tokens=12), roomy)


def kinds(lm: LanguageModel) -> set[type]:
    cache = Cache(lm.model)
    with torch.no_grad():
        cache.run(input_ids=torch.tensor([[5, 6, 7]]))
    return {type(layer) for layer in cache._memory["past_key_values"].layers}


def test_layers_that_forget_are_left_alone() -> None:
    assert kinds(random_lm("llama")) == {RoomyLayer}
    assert RoomyLayer not in kinds(family("mistral"))
    assert len(kinds(family("gemma2"))) == 2
