"""Every method against the definition written out, in float64."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from tests.model.attributing.brute_force import (
    embeddings,
    finite_difference,
    gradient,
    only,
    score_function,
)
from tests.model.small import LAYOUTS, byte_level_tokenizer, random_lm, random_model
from tokenviz.model.attributing.engine import choosing
from tokenviz.model.language_model import LanguageModel

PROMPT = "The cat sat on"
TARGETS = [" the mat", " dog.", "!"]
SCORES = ["logprob", "probability", "logit", "log_odds"]


def target_ids(lm: LanguageModel) -> list[list[int]]:
    return [lm.tokenizer(text, add_special_tokens=False)["input_ids"] for text in TARGETS]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("score", SCORES)
def test_input_x_gradient_is_the_directional_derivative(layout: str, score: Any) -> None:
    lm = random_lm(layout, torch.float64)
    x = embeddings(lm, PROMPT)
    attribution = lm.attribute(PROMPT, TARGETS, method="input_x_gradient", score=score)
    expected = [
        [
            finite_difference(score_function(lm, ids, score, asked=x), x, only(x, i))
            for ids in target_ids(lm)
        ]
        for i in range(len(x))
    ]
    scale = np.abs(expected).max(axis=0)
    np.testing.assert_allclose(attribution.values / scale, expected / scale, atol=1e-3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradient_norm(layout: str) -> None:
    lm = random_lm(layout, torch.float64)
    x = embeddings(lm, PROMPT)
    attribution = lm.attribute(PROMPT, TARGETS, method="gradient_norm")
    for column, ids in enumerate(target_ids(lm)):
        function = score_function(lm, ids)
        for i in range(len(x)):
            partial = []
            for k in range(x.shape[1]):
                direction = torch.zeros_like(x)
                direction[i, k] = 1
                partial.append(finite_difference(function, x, direction))
            assert attribution.values[i, column] == pytest.approx(np.linalg.norm(partial), rel=1e-3)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("baseline", ["zero", "mean", 7])
def test_occlusion_is_the_loss_of_each_token(layout: str, score: Any, baseline: Any) -> None:
    lm = random_lm(layout, torch.float64)
    x = embeddings(lm, PROMPT)
    table = lm.embedding.weight.detach()
    instead = {"zero": torch.zeros_like(x[0]), "mean": table.mean(0), 7: table[7]}[baseline]
    options = {} if baseline == "zero" else {"baseline": baseline}  # zero is the default
    attribution = lm.attribute(PROMPT, TARGETS, method="occlusion", score=score, **options)
    for column, ids in enumerate(target_ids(lm)):
        function = score_function(lm, ids, score, asked=x)
        with torch.no_grad():
            whole = function(x)
            for i in range(len(x)):
                occluded = x.clone()
                occluded[i] = instead
                expected = float(whole - function(occluded))
                scale = float(whole) if score == "probability" else 1
                assert attribution.values[i, column] / scale == pytest.approx(
                    expected / scale, abs=1e-5
                )


def riemann(function: Any, x: torch.Tensor, start: torch.Tensor, edges: torch.Tensor) -> Any:
    """The path integral by the midpoint rule between ``edges`` of α, ``[n]``."""
    total = torch.zeros(len(x), dtype=torch.float64)
    for low, high in pairwise(edges):
        at = start + (low + high) / 2 * (x - start)
        total += (high - low) * (gradient(function, at) * (x - start)).sum(-1)
    return total.numpy()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("score", SCORES)
def test_integrated_gradients_from_a_token(layout: str, score: Any) -> None:
    lm = random_lm(layout, torch.float64)
    x = embeddings(lm, PROMPT)
    start = lm.embedding.weight[7].detach().expand_as(x)
    attribution = lm.attribute(
        PROMPT,
        TARGETS,
        baseline=7,
        score=score,
        n_steps=64,
        tolerance=None,
        method="integrated_gradients",
    )
    for column, ids in enumerate(target_ids(lm)):
        function = score_function(lm, ids, score, asked=x)
        expected = riemann(function, x, start, torch.linspace(0, 1, 81, dtype=torch.float64))
        np.testing.assert_allclose(
            attribution.values[:, column], expected, atol=5e-4 * np.abs(expected).max()
        )


@pytest.mark.parametrize("layout", ["llama", "qwen2"])
def test_integrated_gradients_from_zero_through_rms_norm(layout: str) -> None:
    # The score moves over some ten powers of ten of α here, so the edges are a geometric sequence.
    lm = random_lm(layout, torch.float64)
    x = embeddings(lm, PROMPT)
    attribution = lm.attribute(
        PROMPT, TARGETS, baseline="zero", tolerance=1e-4, method="integrated_gradients"
    )
    edges = torch.cat(
        [torch.zeros(1, dtype=torch.float64), torch.logspace(-16, 0, 500, dtype=torch.float64)]
    )
    for column, ids in enumerate(target_ids(lm)):
        expected = riemann(score_function(lm, ids), x, torch.zeros_like(x), edges)
        np.testing.assert_allclose(
            attribution.values[:, column], expected, atol=2e-3 * np.abs(expected).max()
        )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("method", ["integrated_gradients", "input_x_gradient", "occlusion"])
@pytest.mark.parametrize("score", SCORES)
def test_columns_of_a_continuation_are_its_tokens_in_turn(
    layout: str, method: Any, score: Any
) -> None:
    lm = random_lm(layout, torch.float64)
    ids = lm.tokenizer(" the mat. And", add_special_tokens=False)["input_ids"]
    options: Any = {"n_steps": 16, "tolerance": None} if method == "integrated_gradients" else {}
    by_token = lm.attribute(PROMPT, continuation=ids, method=method, score=score, **options)
    assert [token.id for token in by_token.targets if not isinstance(token, str)] == ids
    x = embeddings(lm, PROMPT)
    if method == "input_x_gradient":
        for column, id_ in enumerate(ids):
            function = score_function(lm, [id_], score, given=ids[:column], asked=x)
            expected = (gradient(function, x) * x).sum(-1).numpy()
            np.testing.assert_allclose(by_token.values[:, column], expected, atol=1e-6)
    if score != "probability":  # sums of scores are sums of columns
        whole = lm.attribute(PROMPT, [ids], method=method, score=score, **options)
        np.testing.assert_allclose(by_token.values.sum(1), whole.values[:, 0], atol=2e-5)


def test_a_single_next_token() -> None:
    lm = random_lm("llama", torch.float64)
    x = embeddings(lm, PROMPT)
    attribution = lm.attribute(PROMPT, [9, torch.tensor(5), [9]], method="input_x_gradient")
    expected = (gradient(score_function(lm, [9]), x) * x).sum(-1).numpy()
    np.testing.assert_allclose(attribution.values[:, 0], expected, atol=1e-6)
    np.testing.assert_array_equal(attribution.values[:, 0], attribution.values[:, 2])
    assert attribution.targets == (lm.vocabulary[9], lm.vocabulary[5], lm.vocabulary[9])


def test_a_trace_is_its_prompt_by_its_tokens() -> None:
    lm = random_lm("llama")
    trace = lm.generate(PROMPT, max_new_tokens=4)
    ids = [token.id for token in trace.tokens if token.id is not None]
    attribution = lm.attribute(trace)
    assert attribution == lm.attribute(PROMPT, continuation=ids)
    assert attribution.tokens == trace.prompt and attribution.targets == trace.tokens


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion", "gradient_norm"])
def test_small_batches_give_the_same_numbers(
    layout: str, method: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = random_lm(layout, torch.float64)
    together = lm.attribute(PROMPT, TARGETS, method=method)
    for positions in (1, 20, 50):
        monkeypatch.setattr(choosing, "_ROWS", {"cpu": positions})
        apart = lm.attribute(PROMPT, TARGETS, method=method)
        np.testing.assert_allclose(apart.values, together.values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", ["integrated_gradients", "input_x_gradient", "occlusion"])
def test_bfloat16_is_the_same_up_to_its_rounding(method: Any) -> None:
    narrow = LanguageModel(random_model("gpt2", torch.bfloat16), byte_level_tokenizer())
    same_weights = random_model("gpt2")
    same_weights.load_state_dict({k: v.float() for k, v in narrow.model.state_dict().items()})
    wide = LanguageModel(same_weights, byte_level_tokenizer())
    options: Any = {"n_steps": 16, "tolerance": None} if method == "integrated_gradients" else {}
    one = narrow.attribute(PROMPT, TARGETS, method=method, **options).values
    other = wide.attribute(PROMPT, TARGETS, method=method, **options).values
    np.testing.assert_allclose(one, other, atol=0.06 * np.abs(other).max())
