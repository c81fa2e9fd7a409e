"""Weights of 16 bits give the values of float32; where they cannot, what is rounding is said."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tokenviz
from tests.model.decoders import decoder_model
from tests.model.small import byte_level_tokenizer
from tokenviz.data.attribution import Attribution
from tokenviz.model.attributing.engine.scaling import in_range
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running.widening import can_widen
from tokenviz.wire import attribution_facts

PROMPT = [60, 7, 130, 200, 201]
TARGETS: list[Any] = [[5, 6], 9]


def lm_in(dtype: torch.dtype, name: str = "llama") -> Any:
    return LanguageModel(decoder_model(name).to(dtype), byte_level_tokenizer())


def narrow(lm: Any) -> Any:
    """The same, computed in its own format by its own forward, as where neither can be helped."""
    lm.model.model.layers[0].register_forward_hook(lambda *_: None)
    lm._findings[can_widen] = False
    return lm


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["llama", "gemma3", "gpt2", "mixtral", "vaultgemma"])
@pytest.mark.parametrize(
    "how",
    [
        {"method": "occlusion"},
        {"method": "occlusion", "baseline": "delete"},
        {"method": "shapley", "baseline": 311},
        {"method": "gradient_norm"},
        {"method": "input_x_gradient"},
        {"method": "integrated_gradients", "n_steps": 8, "tolerance": None, "baseline": 311},
        {"method": "integrated_gradients", "baseline": 311},
    ],
    ids=lambda how: "-".join(map(str, how.values())),
)
def test_weights_of_16_bits_give_the_values_of_float32(
    name: str, dtype: torch.dtype, how: dict[str, Any]
) -> None:
    if name == "mixtral" and how == {"method": "integrated_gradients", "baseline": 311}:
        pytest.skip("where experts are chosen the score jumps, and no path is resolved")
    lm = lm_in(dtype, name)
    found = lm.attribute(PROMPT, TARGETS, **how)
    lm.model.float()
    lm.model = lm.model  # what was found of it is no longer so
    expected = lm.attribute(PROMPT, TARGETS, **how)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-3, atol=1e-4)
    assert found.rounding is None and "rounding" not in attribution_facts(found)
    if found.completeness_error is not None and expected.completeness_error is not None:
        np.testing.assert_allclose(found.completeness_error, expected.completeness_error, atol=1e-4)


@pytest.mark.parametrize(
    "how",
    [
        {"method": "occlusion"},
        {"method": "input_x_gradient"},
        {"method": "integrated_gradients", "n_steps": 8, "tolerance": None},
    ],
    ids=lambda how: how["method"],
)
def test_what_is_measured_is_what_rounding_does(how: dict[str, Any]) -> None:
    """Beside the same weights in float64: the difference is of the size that is told."""
    lm = narrow(lm_in(torch.bfloat16, "vaultgemma"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        coarse = lm.attribute(PROMPT, TARGETS, **how)
    lm.model.to(torch.float64)
    fine = lm.attribute(PROMPT, TARGETS, **how)
    assert fine.rounding is None and coarse.rounding is not None
    off = np.abs(coarse.values - fine.values)
    assert np.median(off, axis=0).max() / 6 < coarse.rounding < 6 * np.sqrt(np.square(off).mean())
    assert attribution_facts(coarse)["rounding"].startswith(f"about {coarse.rounding:.2g}")
    assert "rounding" not in attribution_facts(fine)


@pytest.mark.parametrize("method", ["occlusion", "input_x_gradient", "shapley"])
def test_values_as_small_as_rounding_warn(method: str) -> None:
    """A prompt whose tokens do nothing: its embeddings are those of the baseline but for a hair."""
    lm = narrow(lm_in(torch.bfloat16))
    with torch.no_grad():
        like = lm.embedding(torch.tensor([PROMPT[0]])).expand(2, -1)
    asked: Any = {"method": method}
    if method != "input_x_gradient":
        asked["baseline"] = like[0] * 1.01
    ids = [PROMPT[0]] * 2
    if method == "input_x_gradient":
        with torch.no_grad():
            lm.model.model.embed_tokens.weight[PROMPT[0]] *= 1e-3
            lm.model.model.layers[0].input_layernorm.weight.zero_()
            lm.model.model.layers[0].post_attention_layernorm.weight.zero_()
            for layer in lm.model.model.layers[1:]:
                layer.input_layernorm.weight.zero_()
                layer.post_attention_layernorm.weight.zero_()
    with pytest.warns(UserWarning, match=r"no larger than what rounding in .*float32"):
        found = lm.attribute(ids, TARGETS, **asked)
    assert attribution_facts(found)["rounding"].endswith("as much as many values")


def test_large_values_do_not_warn_nor_do_wide_formats(tmp_path: Path) -> None:
    lm = narrow(lm_in(torch.bfloat16))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = lm.attribute(PROMPT, TARGETS, method="occlusion")
        assert lm.attribute(PROMPT, TARGETS, method="gradient_norm").rounding is None
        assert lm_in(torch.float32).attribute(PROMPT, TARGETS, method="occlusion").rounding is None
    assert found.rounding is not None and "many" not in attribution_facts(found)["rounding"]
    for suffix in (".npz", ".json"):
        again = tokenviz.load(found.save(tmp_path / f"figure{suffix}"))
        assert isinstance(again, Attribution) and again.rounding == found.rounding
    assert found.normalized().rounding is None


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma2"])
@pytest.mark.parametrize(
    "how", [{"n_steps": 16, "tolerance": None}, {"n_steps": 200}, {"baseline": [1e-6] * 48}]
)
def test_float16_near_zero_gives_no_nan(name: str, how: dict[str, Any]) -> None:
    lm = lm_in(torch.float16, name)
    width = lm.embedding(torch.tensor([1])).shape[-1]
    if "baseline" in how:
        how = {"baseline": [1e-6] * width, "n_steps": 60}
    how = {"method": "integrated_gradients", "baseline": "zero", **how}
    found = lm.attribute(PROMPT, TARGETS, **how)
    assert np.isfinite(found.values).all()


def test_a_model_that_gives_nan_is_told() -> None:
    lm = lm_in(torch.float16)
    expected = lm.attribute(PROMPT, TARGETS, method="gradient_norm").values
    assert np.isfinite(expected).all()
    with torch.no_grad():
        lm.model.model.layers[0].mlp.down_proj.weight.mul_(1e6)  # beyond what float16 holds
    for method in ("occlusion", "input_x_gradient", "gradient_norm"):
        with pytest.raises(FloatingPointError, match=r"model gives NaN .*float16.*float32"):
            lm.attribute(PROMPT, TARGETS, method=method)


def test_functions_may_give_what_they_like() -> None:
    lm = lm_in(torch.float32)
    found = lm.attribute(PROMPT, [lambda logits: logits[:, 0] * torch.nan, 9], method="occlusion")
    assert np.isnan(found.values[:, 0]).all() and np.isfinite(found.values[:, 1]).all()


def test_what_overflows_is_propagated_smaller() -> None:
    true = torch.tensor([1.0, 70_000.0, 3e7], dtype=torch.float64)

    def derive(scale: float) -> torch.Tensor:
        return (true * scale).to(torch.float16)

    found = in_range(derive, torch.float16)
    assert torch.allclose(found.double(), true, rtol=1e-3)
    assert in_range(derive, torch.float32).isinf().any()
