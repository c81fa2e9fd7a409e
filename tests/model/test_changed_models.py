"""A model that is changed or exchanged between two questions is explained as it is now."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import Phi3Config, Phi3ForCausalLM
from transformers.models.llama.modeling_llama import LlamaMLP

from tests.model.small import byte_level_tokenizer, random_model
from tokenviz.model.language_model import LanguageModel

IDS = list(range(40, 60))


def a_model(seed: int) -> Any:
    model = random_model("llama")
    torch.manual_seed(seed)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return model


def values(lm: LanguageModel) -> Any:
    return lm.attribute(IDS, [30, [31, 32]], method="input_x_gradient").values


@pytest.mark.parametrize("body_only", [False, True])
def test_another_model_in_its_place(body_only: bool) -> None:
    first, second = a_model(1), a_model(2)
    lm = LanguageModel(first, byte_level_tokenizer())
    before = lm.score(IDS).logprobs[1:], values(lm)
    if body_only:
        first.model = second.model
    else:
        lm.model = second
    fresh = LanguageModel(lm.model, byte_level_tokenizer())
    np.testing.assert_array_equal(lm.score(IDS).logprobs[1:], fresh.score(IDS).logprobs[1:])
    np.testing.assert_array_equal(values(lm), values(fresh))
    assert np.abs(lm.score(IDS).logprobs[1:] - before[0]).max() > 0.1
    assert np.abs(values(lm) - before[1]).max() > 1e-4


def test_no_model_is_no_model() -> None:
    lm = LanguageModel(a_model(1), byte_level_tokenizer())
    with pytest.raises(TypeError, match="model: expected"):
        lm.model = torch.nn.Linear(2, 2)


@pytest.mark.parametrize("how", ["class", "hook"])
def test_a_patch_of_all_models_of_a_class(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = LanguageModel(a_model(1), byte_level_tokenizer())
    before = values(lm)

    def ablate(module: Any, inputs: Any, output: Any) -> Any:
        return torch.zeros_like(output) if isinstance(module, LlamaMLP) else None

    if how == "class":
        monkeypatch.setattr(LlamaMLP, "forward", lambda self, x: torch.zeros_like(x))
        patched = values(lm)
    else:
        handle = torch.nn.modules.module.register_module_forward_hook(ablate)
        patched = values(lm)
        handle.remove()
    monkeypatch.undo()
    ablated = a_model(1)
    for layer in ablated.model.layers:
        layer.mlp.down_proj.weight.data.zero_()
    expected = values(LanguageModel(ablated, byte_level_tokenizer()))
    np.testing.assert_allclose(patched, expected, atol=1e-5)
    assert np.abs(before - expected).max() > 1e-4
    np.testing.assert_array_equal(values(lm), before)


@pytest.mark.parametrize("method", ["input_x_gradient", "occlusion", "integrated_gradients"])
def test_rotations_that_depend_on_the_length_of_a_text(method: Any) -> None:
    torch.manual_seed(0)
    config = Phi3Config(
        vocab_size=420,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        original_max_position_embeddings=16,
        initializer_range=0.1,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
        rope_parameters={
            "rope_type": "longrope",
            "rope_theta": 10000.0,
            "short_factor": [1.0] * 4,
            "long_factor": [4.0, 8.0, 16.0, 32.0],
            "original_max_position_embeddings": 16,
        },
    )
    lm = LanguageModel(Phi3ForCausalLM(config), byte_level_tokenizer())
    prompt, short, long = IDS[:12], [5, 6], list(range(70, 80))
    options: Any = {"n_steps": 6, "tolerance": None} if method == "integrated_gradients" else {}
    together = lm.attribute(prompt, [short, long], method=method, **options).values
    for column, target in enumerate((short, long)):
        alone = lm.attribute(prompt, [target], method=method, **options).values[:, 0]
        np.testing.assert_allclose(together[:, column], alone, atol=1e-5)


@pytest.mark.parametrize("layout", ["llama", "generic"])
def test_a_function_that_writes_into_its_logits(layout: str, monkeypatch: Any) -> None:
    if layout == "generic":
        monkeypatch.setattr(
            "tokenviz.model.attributing.engine.choosing.agreeing_decoder", lambda *_: None
        )
    lm = LanguageModel(a_model(1), byte_level_tokenizer())

    def writes(logits: torch.Tensor) -> torch.Tensor:
        logits[:, :400] = -1e9
        return logits.logsumexp(-1)

    def reads(logits: torch.Tensor) -> torch.Tensor:
        return logits[:, 7]

    for method in ("occlusion", "input_x_gradient"):
        options: Any = {"method": method}
        both = lm.attribute(IDS, [writes, reads, 7], score="logit", **options).values
        np.testing.assert_allclose(both[:, 1], both[:, 2], atol=1e-5)
        alone = lm.attribute(IDS, [writes], **options)
        np.testing.assert_allclose(both[:, 0], alone.values[:, 0], atol=1e-5)
        assert np.abs(both).max() > 0 and alone.score is None
