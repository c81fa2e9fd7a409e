"""What a model remembers: whatever it is called, and written into rather than copied."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers.cache_utils import DynamicLayer

from tests.model.small import CACHE, LAYOUTS, random_lm, random_model
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
    memory: Any = cache._memory
    return {type(layer) for layer in memory.value.layers}


def test_layers_that_forget_are_left_alone() -> None:
    assert kinds(random_lm("llama")) == {RoomyLayer}
    assert RoomyLayer not in kinds(family("mistral"))
    assert len(kinds(family("gemma2"))) == 2


class Own(torch.nn.Module):
    """A model whose code came along with it: its forward has a signature of its own."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner
        self.config = inner.config
        self.lengths: list[int] = []
        """Of each call, how many tokens were read."""

    def get_input_embeddings(self) -> Any:
        return self.inner.get_input_embeddings()

    def get_output_embeddings(self) -> Any:
        return self.inner.get_output_embeddings()

    def run(self, input_ids: Any, memory: Any, name: str | None) -> Any:
        """The inner model's logits, and what it remembers under a name of our own choosing."""
        self.lengths.append(input_ids.shape[1])
        out = self.inner(input_ids=input_ids, use_cache=True, **{CACHE: memory})
        return SimpleNamespace(logits=out.logits, **({name: out[CACHE]} if name else {}))


class Old(Own):
    def forward(self, input_ids: Any, past_key_values: Any = None, use_cache: bool = True) -> Any:
        return self.run(input_ids, past_key_values, "past_key_values")


class OldInside(Own):
    """The old name as argument; the output is transformers' own, with today's name."""

    def forward(self, input_ids: Any, past_key_values: Any = None, use_cache: bool = True) -> Any:
        self.lengths.append(input_ids.shape[1])
        return self.inner(input_ids=input_ids, use_cache=use_cache, **{CACHE: past_key_values})


class Mambalike(Own):
    def forward(self, input_ids: Any, cache_params: Any = None, use_cache: bool = True) -> Any:
        return self.run(input_ids, cache_params, "cache_params")


class New(Own):
    def forward(self, input_ids: Any, cache: Any = None) -> Any:
        return self.run(input_ids, cache, "cache")


class Wrapping(torch.nn.Module):
    """What takes anything and hands it on, as PEFT's and accelerate's models do."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = OldInside(inner)
        self.config = inner.config
        self.lengths = self.inner.lengths
        self.get_input_embeddings = inner.get_input_embeddings
        self.get_output_embeddings = inner.get_output_embeddings

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.inner(*args, **{n: v for n, v in kwargs.items() if n in self.known})

    known = frozenset({"input_ids", "past_key_values", "use_cache"})


class Unasked(Own):
    """Gives its memory, and cannot be given it back."""

    def forward(self, input_ids: Any) -> Any:
        return self.run(input_ids, None, "cache")


class Forgetful(Own):
    def forward(self, input_ids: Any) -> Any:
        return self.run(input_ids, None, None)


KEEPING = [Old, OldInside, Mambalike, New, Wrapping]


@pytest.mark.parametrize("kind", [*KEEPING, Unasked, Forgetful])
def test_a_memory_is_given_back_by_the_name_that_the_forward_has(
    kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    model = kind(random_model("llama"))
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    cache = Cache(model)
    with torch.no_grad(), caplog.at_level("WARNING"):
        steps = [cache.run(input_ids=ids[:, :3])]
        for i in (3, 4):
            unread = ids[:, i : i + 1] if cache.filled else ids[:, : i + 1]
            steps.append(cache.run(input_ids=unread)[:, -1:])
        whole = random_model("llama")(input_ids=ids).logits
    assert model.lengths == ([3, 1, 1] if kind in KEEPING else [3, 4, 5])
    torch.testing.assert_close(torch.cat(steps, 1), whole)
    assert not caplog.records  # transformers logs what it deprecates


@pytest.mark.parametrize("name", ["llama", "mamba", "rwkv"])
def test_transformers_own_models_are_asked_by_their_newest_name(name: str) -> None:
    logger = logging.getLogger("transformers")
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        lm = random_lm() if name == "llama" else family(name)
        trace = lm.generate("The cat", max_new_tokens=4)
    finally:
        logger.removeHandler(handler)
    assert len(trace) == 4
    assert not [text for text in said if "deprecated" in text]
