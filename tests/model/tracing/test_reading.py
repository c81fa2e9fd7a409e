"""Scoring in pieces, by every way of reading, against logits of everything at once."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tests.model.decoders import SIZE
from tests.model.small import LAYOUTS, byte_level_tokenizer, random_lm, random_model
from tests.model.tracing.test_generate import check_against, full_logprobs
from tests.model.tracing.test_layouts import FAMILIES, family
from tests.model.tracing.test_score import TEXT, without_first
from tokenviz.data.trace import Trace
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running.head import find_split
from tokenviz.model.tracing import reading
from tokenviz.model.tracing.reading import reads_in_pieces

# What changes logits after the head, large enough to matter.
AFTER_THE_HEAD: dict[str, dict[str, Any]] = {
    "gemma2": {"head_dim": 8, "sliding_window": 6, "final_logit_softcapping": 0.5},
    "granite": {"logits_scaling": 3.0},
    "cohere": {"logit_scale": 0.25},
}


def same(one: Trace, other: Trace, atol: float = 1e-5) -> None:
    """The same trace, to rounding."""
    assert one.tokens == other.tokens and one.prompt == other.prompt
    assert one.partial == other.partial
    for name in ("logprobs", "entropies", "alternative_logprobs"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=atol)
    np.testing.assert_array_equal(one.ranks, other.ranks)
    assert list(one._alternative_tokens()) == list(other._alternative_tokens())


@pytest.fixture
def tiny_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three positions of 420 logits at a time."""
    monkeypatch.setattr(reading, "_PIECE", 3 * 4 * 420)


def after_the_head(name: str) -> LanguageModel:
    torch.manual_seed(0)
    auto: Any = AutoModelForCausalLM
    config = AutoConfig.for_model(name, **(SIZE | AFTER_THE_HEAD[name]))
    return LanguageModel(auto.from_config(config), byte_level_tokenizer())


@pytest.mark.usefixtures("tiny_pieces")
@pytest.mark.parametrize("name", [*LAYOUTS, *FAMILIES])
def test_the_head_in_pieces(name: str) -> None:
    lm = random_lm(name) if name in LAYOUTS else family(name)
    assert lm.probe(find_split) is not None
    lm.model.eval()
    trace = lm.score(TEXT, top_k=3)
    check_against(without_first(trace), full_logprobs(lm, trace), 3, atol=1e-4)


@pytest.mark.usefixtures("tiny_pieces")
@pytest.mark.parametrize("name", AFTER_THE_HEAD)
def test_what_comes_after_the_head_is_the_models_own(name: str) -> None:
    lm = after_the_head(name)
    split = lm.probe(find_split)
    assert split is not None
    trace = lm.score(TEXT, top_k=3)
    check_against(without_first(trace), full_logprobs(lm, trace), 3, atol=1e-4)
    # It is not nothing: the head alone would give other probabilities.
    model: Any = lm.model
    ids = lm.encode(TEXT)[None]
    with torch.no_grad():
        bare = model.get_output_embeddings()(split.hidden_states(ids))[0, :-1].log_softmax(-1)
    own = bare.gather(-1, ids[0, 1:, None])[:, 0]
    assert np.abs(trace.logprobs[1:] - own.numpy()).max() > 0.05


@pytest.mark.usefixtures("tiny_pieces")
@pytest.mark.parametrize("name", ["llama", "gpt2", "qwen2", "mistral", "gemma2", "mamba", "bloom"])
def test_a_model_without_a_split_is_read_over_its_cache_or_in_one_go(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = random_lm(name) if name in LAYOUTS else family(name)
    lm = LanguageModel(one.model, one.tokenizer)
    monkeypatch.setitem(lm._findings, find_split, None)
    # Mamba takes up its state only with single tokens.
    assert lm.probe(reads_in_pieces) == (name != "mamba")
    same(lm.score(TEXT, top_k=3), one.score(TEXT, top_k=3))
    pairs: dict[str, Any] = {"text": [" on", " the log"], "prompt": "The cat sat"}
    for ours, theirs in zip(lm.score(**pairs), one.score(**pairs), strict=True):
        same(ours, theirs)


@pytest.mark.usefixtures("tiny_pieces")
def test_a_model_without_split_or_cache_is_read_in_one_go() -> None:
    one = random_lm()
    model = random_model("llama")
    body = model.model.forward

    def forward(input_ids: Any = None, **rest: Any) -> Any:
        """The body out of reach of a stand-in, and nothing remembered."""
        return plain(input_ids=input_ids, **(rest | {"use_cache": False}))

    plain = model.forward
    inner = model.model
    model.forward = forward
    del model._modules["model"]
    object.__setattr__(model, "model", inner)
    assert inner.forward == body
    lm = LanguageModel(model, one.tokenizer)
    assert lm.probe(find_split) is None and not lm.probe(reads_in_pieces)
    same(lm.score(TEXT), one.score(TEXT))
    same(lm.generate("The cat", max_new_tokens=6), one.generate("The cat", max_new_tokens=6))


def test_a_split_that_gives_something_else_is_not_used() -> None:
    model = random_model("llama")
    plain = model.forward

    def forward(input_ids: Any = None, **rest: Any) -> Any:
        """Logits that depend on more than the hidden states."""
        output = plain(input_ids=input_ids, **rest)
        output.logits = output.logits + (input_ids[:, :1, None] % 7) * output.logits.cos()
        return output

    model.forward = forward
    lm = LanguageModel(model, byte_level_tokenizer())
    assert lm.probe(find_split) is None
    trace = lm.score(TEXT, top_k=3)
    with torch.no_grad():
        logits = model(input_ids=lm.encode(TEXT)[None]).logits[0, :-1]
    if lm.probe(reads_in_pieces):
        pytest.fail("later pieces begin with other ids, so they cannot give the same")
    check_against(without_first(trace), logits.double().log_softmax(-1), 3)


def test_reading_leaves_the_model_as_it_was() -> None:
    lm = random_lm()
    modules = dict(lm.model.named_modules())
    lm.score(TEXT)
    assert dict(lm.model.named_modules()) == modules


def test_hooks_on_the_body_run_once() -> None:
    """A stand-in does not run them again on what they have made."""
    lm = LanguageModel(random_model("llama"), byte_level_tokenizer())
    model: Any = lm.model
    plain = lm.score(TEXT)

    def steer(module: Any, inputs: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state + 0.5
        return output

    handle = model.model.register_forward_hook(steer)
    steered = lm.score(TEXT)
    check_against(without_first(steered), full_logprobs(lm, steered), 5)
    handle.remove()
    assert np.abs(steered.logprobs[1:] - plain.logprobs[1:]).max() > 0.01


def test_in_bfloat16_a_text_is_scored_as_a_whole_would_be() -> None:
    lm = random_lm("llama", torch.bfloat16)
    trace = lm.score(TEXT, top_k=0)
    check_against(without_first(trace), full_logprobs(lm, trace), 0)
