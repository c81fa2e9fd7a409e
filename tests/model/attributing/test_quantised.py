"""Weights in eight bits: what needs no gradients runs, and what does says why it cannot."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch

from tests.model.attributing.brute_columns import column_functions, occlusion
from tests.model.decoders import decoder_model
from tests.model.small import byte_level_tokenizer
from tokenviz.model.decoder import read_decoder
from tokenviz.model.language_model import LanguageModel

PROMPT = [60, 7, 9]


def quantised(name: str, *, head: bool) -> LanguageModel:
    """With ``head``, the output head too."""
    model = decoder_model(name, torch.float32)
    own = model.lm_head
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchao is to take this over
        quantise: Any = torch.ao.quantization.quantize_dynamic
        model = quantise(model, {torch.nn.Linear}, dtype=torch.qint8)
    if not head:
        model.lm_head = own
    return LanguageModel(model, byte_level_tokenizer())


@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("name", ["llama", "gpt_neox"])
def test_quantised_weights(name: str, head: bool) -> None:
    lm = quantised(name, head=head)
    assert read_decoder(lm.model) is None
    found = lm.attribute(PROMPT, [5, [6, 7]], method="occlusion", baseline=311)
    x = lm.embedding(torch.tensor(PROMPT)).detach()
    start = lm.embedding(torch.tensor([311])).detach().expand_as(x)
    for column, function in enumerate(column_functions(lm, "logprob", targets=[5, [6, 7]])):
        # Activations are quantised over a whole batch, so that what is beside a prompt shows.
        expected = occlusion(function, x, start)
        np.testing.assert_allclose(found.values[:, column], expected, atol=0.15)
    shares = lm.attribute(PROMPT, [5], method="shapley", baseline=311)
    assert np.isfinite(shares.values).all() and np.abs(shares.values).max() > 0.01
    assert lm.attribute(PROMPT, [5], method="attention_rollout").values.sum() == pytest.approx(1)


@pytest.mark.parametrize("method", ["integrated_gradients", "input_x_gradient", "gradient_norm"])
@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("name", ["llama", "gpt_neox"])
def test_no_gradients_through_quantised_weights(name: str, head: bool, method: Any) -> None:
    # Without a quantised head some gradient comes through, along the residual stream only.
    lm = quantised(name, head=head)
    with pytest.raises(ValueError, match=f"method: {method} needs gradients .* 'occlusion' or"):
        lm.attribute(PROMPT, [5], method=method)
    assert all(p.requires_grad for p in lm.model.parameters())


def test_a_backward_pass_that_wants_training_says_why_not() -> None:
    """As Reformer's does, which computes its layers anew on the way back."""

    class Reversible(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: torch.Tensor) -> torch.Tensor:
            return x.clone()

        @staticmethod
        def backward(context: Any, *gradients: Any) -> Any:
            raise AssertionError("make sure to use model.train()")

    model = decoder_model("vaultgemma")
    undone: Any = Reversible.apply
    model.model.register_forward_hook(
        lambda module, inputs, output: type(output)(undone(output.last_hidden_state))
    )
    lm = LanguageModel(model, byte_level_tokenizer())
    with pytest.raises(ValueError, match=r"needs gradients .*make sure to use model\.train"):
        lm.attribute(PROMPT, [5], method="input_x_gradient")
    assert np.isfinite(lm.attribute(PROMPT, [5], method="occlusion").values).all()


def test_other_errors_stay_what_they_are() -> None:
    lm = LanguageModel(decoder_model("llama"), byte_level_tokenizer())

    def broken(logits: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("a mistake of the caller's")

    with pytest.raises(RuntimeError, match="a mistake of the caller's"):
        lm.attribute(PROMPT, [broken], method="input_x_gradient")
