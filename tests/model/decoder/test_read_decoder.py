"""Which models are taken apart, and that those which are not are explained all the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, LlamaForCausalLM
from transformers.models.llama.modeling_llama import LlamaAttention, LlamaMLP

from tests.model.decoders import KNOWN, UNKNOWN, decoder_model
from tests.model.small import byte_level_tokenizer
from tokenviz.model.attributing.engine import agreement
from tokenviz.model.attributing.engine.agreement import agreeing_decoder
from tokenviz.model.decoder import read_decoder
from tokenviz.model.decoder.layouts import llama
from tokenviz.model.decoder.scoring import Scoring
from tokenviz.model.language_model import LanguageModel

PROMPT = [60, 7, 130, 200, 201]


@pytest.mark.parametrize("name", KNOWN)
def test_known_layouts_are_read(name: str) -> None:
    assert read_decoder(decoder_model(name)) is not None


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_layouts_are_not(name: str) -> None:
    assert read_decoder(decoder_model(name)) is None


class OtherLinear(torch.nn.Linear):
    """As adapters and quantisers have them."""


class OtherNorm(torch.nn.LayerNorm):
    """One that might compute anything."""


# Subclasses of parts, and of a whole.
OtherMLP: Any = type("OtherMLP", (LlamaMLP,), {})
OtherAttention: Any = type("OtherAttention", (LlamaAttention,), {})
OtherLlama: Any = type("OtherLlama", (LlamaForCausalLM,), {})


def replace_linear(model: Any) -> None:
    own = model.model.layers[0].self_attn
    own.q_proj = OtherLinear(32, 32, bias=False, dtype=torch.float64)


def replace_mlp(model: Any) -> None:
    model.model.layers[1].mlp = OtherMLP(model.config).double()


def leave_out_mlp(model: Any) -> None:
    model.model.layers[1].mlp = torch.nn.Identity()


def replace_attention(model: Any) -> None:
    model.model.layers[1].self_attn = OtherAttention(model.config, 1).double()


def replace_forward(model: Any) -> None:
    """As accelerate does to move weights to a device when they are needed."""
    mlp = model.model.layers[0].mlp
    own = mlp.forward
    mlp.forward = lambda x: 2 * own(x)


def forward_hook(model: Any) -> None:
    model.model.layers[0].mlp.register_forward_hook(lambda module, args, output: 2 * output)


def forward_pre_hook(model: Any) -> None:
    model.model.layers[0].mlp.register_forward_pre_hook(lambda module, args: (2 * args[0],))


def backward_hook(model: Any) -> None:
    model.model.layers[0].mlp.register_full_backward_hook(lambda module, before, after: before)


def parametrize(model: Any) -> None:
    class Doubled(torch.nn.Module):
        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            return 2 * weight

    linear = model.model.layers[0].mlp.up_proj
    torch.nn.utils.parametrize.register_parametrization(linear, "weight", Doubled())


def mix_dtypes(model: Any) -> None:
    model.model.norm.float()


def mix_devices(model: Any) -> None:
    model.model.norm.to("meta")


CHANGES: list[Callable[[Any], None]] = [
    replace_linear,
    replace_mlp,
    leave_out_mlp,
    replace_attention,
    replace_forward,
    forward_hook,
    forward_pre_hook,
    backward_hook,
    parametrize,
    mix_dtypes,
    mix_devices,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_model_that_was_changed_is_not_read(change: Callable[[Any], None]) -> None:
    model = decoder_model("llama")
    lm = LanguageModel(model, byte_level_tokenizer())
    before = lm.attribute(PROMPT, [9], method="occlusion").values  # and it agreed
    change(model)
    assert read_decoder(model) is None
    if change in (mix_dtypes, mix_devices, backward_hook):  # cannot run, or runs as before
        return
    after = lm.attribute(PROMPT, [9], method="occlusion").values
    with torch.no_grad():
        x = lm.embedding(torch.tensor(PROMPT))
        x = torch.stack([x, x.index_fill(0, torch.tensor([2]), 0)])
        whole, without = model(inputs_embeds=x).logits[:, -1].log_softmax(-1)[:, 9]
    assert after[2, 0] == pytest.approx(float(whole - without), abs=1e-5)
    assert np.abs(after - before).max() > 1e-3


def test_subclasses_of_models_and_norms_are_not_read() -> None:
    assert read_decoder(OtherLlama(decoder_model("llama").config)) is None
    model = decoder_model("gpt2")
    model.transformer.ln_f = OtherNorm(32, dtype=torch.float64)
    assert read_decoder(model) is None
    model.transformer.ln_f = torch.nn.LayerNorm(32, elementwise_affine=False)
    assert read_decoder(model) is None


LONGROPE: dict[str, Any] = {
    "rope_type": "longrope",
    "short_factor": [1.0] * 4,
    "long_factor": [2.0] * 4,
    "factor": 2.0,
    "original_max_position_embeddings": 64,
}
DYNAMIC: dict[str, Any] = {"rope_type": "dynamic", "factor": 2.0}


@pytest.mark.parametrize(
    ("name", "rope"),
    [("llama", DYNAMIC), ("llama", LONGROPE), ("phi3", LONGROPE)],
    ids=["llama, dynamic", "llama, longrope", "phi3, longrope"],
)
def test_rotations_that_depend_on_the_length_are_not_read(name: str, rope: dict[str, Any]) -> None:
    model = decoder_model(name, rope_parameters={"rope_theta": 10000.0, **rope})
    assert read_decoder(model) is None


@pytest.mark.parametrize(
    "rope",
    [
        {"rope_type": "linear", "factor": 2.0},
        {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 64},
    ],
    ids=lambda rope: rope["rope_type"],
)  # fmt: skip
def test_rotations_that_do_not_are(rope: dict[str, Any]) -> None:
    model = decoder_model("llama", rope_parameters={"rope_theta": 10000.0, **rope})
    lm = LanguageModel(model, byte_level_tokenizer())
    assert agreeing_decoder(lm, 100) is not None


def test_options_that_change_the_arithmetic() -> None:
    assert read_decoder(decoder_model("gpt2", reorder_and_upcast_attn=True)) is None
    config = AutoConfig.for_model("gpt2", n_embd=8, n_head=2, n_layer=1, vocab_size=20,
                                  add_cross_attention=True)  # fmt: skip
    auto: Any = AutoModelForCausalLM
    assert read_decoder(auto.from_config(config)) is None
    # These are read, and computed right.
    for changes in ({"scale_attn_weights": False}, {"scale_attn_by_inverse_layer_idx": True}):
        lm = LanguageModel(decoder_model("gpt2", **changes), byte_level_tokenizer())
        decoder = agreeing_decoder(lm, 40)
        assert decoder is not None
        assert decoder.blocks[1].scoring.scale != 8**-0.5


def test_what_sees_pictures_may_be_anything() -> None:
    """No text goes through it; what text goes through is as it is in any model."""
    model = decoder_model("gemma3, of pictures")
    model.model.vision_tower.register_forward_hook(lambda module, args, output: None)
    model.model.vision_tower.half()
    assert read_decoder(model) is not None
    model.model.language_model.layers[0].register_forward_hook(lambda module, args, output: None)
    assert read_decoder(model) is None


def test_hooks_that_only_look_do_not_count() -> None:
    model = decoder_model("llama")
    with torch.no_grad():
        model(input_ids=torch.tensor([PROMPT]), output_hidden_states=True, output_attentions=True)
    assert any(module._forward_hooks for module in model.modules())
    assert read_decoder(model) is not None


def wrong_scale(read: Any) -> Any:
    def reader(*args: Any) -> Any:
        block = read(*args)
        return replace(block, scoring=Scoring(1.1 * block.scoring.scale))

    return reader


def wrong_epsilon(read: Any) -> Any:
    def reader(module: Any) -> Any:
        norm = read(module)
        return replace(norm, epsilon=norm.epsilon + 0.1)

    return reader


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("block", wrong_scale), ("norm", wrong_epsilon)],
    ids=["scale", "epsilon"],
)
def test_a_layout_that_computes_something_else_is_found_out(
    name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = LanguageModel(decoder_model("llama"), byte_level_tokenizer()).attribute(
        PROMPT, [9, [5, 6]], method="input_x_gradient"
    )
    monkeypatch.setattr(llama, name, wrong(getattr(llama, name)))
    lm = LanguageModel(decoder_model("llama"), byte_level_tokenizer())
    assert read_decoder(lm.model) is not None
    assert agreeing_decoder(lm, 10) is None
    found = lm.attribute(PROMPT, [9, [5, 6]], method="input_x_gradient")
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-4, atol=1e-5)


def test_a_window_that_is_overlooked_shows_only_in_longer_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So agreement is tried at the length that is used."""
    own = llama.one_window

    def blind(*args: Any) -> Any:
        return replace(own(*args), window=None)

    monkeypatch.setattr(llama, "one_window", blind)
    model = decoder_model("mistral, window", sliding_window=40)
    lm = LanguageModel(model, byte_level_tokenizer())
    assert agreeing_decoder(lm, 20) is not None
    assert agreeing_decoder(lm, 100) is None
    assert agreeing_decoder(lm, 20) is None  # once found out, not believed again


def test_agreement_is_tried_once_for_each_length(monkeypatch: pytest.MonkeyPatch) -> None:
    lm = LanguageModel(decoder_model("llama"), byte_level_tokenizer())
    tried: list[int] = []
    own = agreement._agreement

    def spy(lm: Any, decoder: Any, length: int) -> int:
        tried.append(length)
        return own(lm, decoder, length)

    monkeypatch.setattr(agreement, "_agreement", spy)
    for length in (5, 30, 33, 60, 64, 100, 128):
        assert agreeing_decoder(lm, length) is not None
    assert tried == [5, 33, 100]
