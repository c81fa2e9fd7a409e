"""What must hold between columns, and between methods where the model is linear."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from tests.model.attributing.brute_columns import OPTIONS
from tests.model.decoders import decoder_lm
from tokenviz.model.attributing.asking.features import Features
from tokenviz.model.attributing.asking.targets import Contrast, Targets, Term
from tokenviz.model.attributing.engine.objective import Objective, Reduce, UnseenValuesError
from tokenviz.model.attributing.engine.work import Work
from tokenviz.model.attributing.methods.input_x_gradient import input_x_gradient
from tokenviz.model.attributing.methods.integrated_gradients import integrated_gradients
from tokenviz.model.attributing.methods.occlusion import occlusion
from tokenviz.model.attributing.methods.shapley import shapley

PROMPT = [60, 7, 130, 200, 201]
LINEAR = {
    **{method: options for method, options in OPTIONS.items() if method != "gradient_norm"},
    "shapley": {"baseline": 311, "n_samples": 4},
    "attention_rollout": {},
}
"""Methods whose values are linear in the score."""


@pytest.mark.parametrize("method", LINEAR)
@pytest.mark.parametrize("name", ["llama", "gpt2", "opt"])
def test_columns_add_up(name: str, method: Any) -> None:
    lm = decoder_lm(name)

    def columns(*targets: Any, **options: Any) -> Any:
        asked: Any = {"method": method, **LINEAR[method], **options}
        return lm.attribute(PROMPT, list(targets) or None, **asked).values.astype(float)

    long, short = [5, 6, 7], [9, 4]
    found = columns(Contrast(long, short), long, short)
    np.testing.assert_allclose(found[:, 0], found[:, 1] - found[:, 2], atol=2e-6)
    if method == "attention_rollout":
        return
    for score in ("logprob", "logit"):
        whole = columns(long, short, Contrast(long, short), score=score)
        mean = columns(long, short, Contrast(long, short), score=score, reduction="mean")
        np.testing.assert_allclose(mean[:, 0], whole[:, 0] / 3, atol=2e-6)
        np.testing.assert_allclose(mean[:, 1], whole[:, 1] / 2, atol=2e-6)
        np.testing.assert_allclose(mean[:, 2], whole[:, 0] / 3 - whole[:, 1] / 2, atol=2e-6)
        by_token = columns(continuation=long, score=score)
        np.testing.assert_allclose(by_token.sum(1), whole[:, 0], atol=2e-6)

    def odds(logits: torch.Tensor) -> torch.Tensor:
        return 2 * logits[:, 9] - 3 * logits[:, 4]

    nine, four, both = columns(9, 4, odds, score="logit").T
    np.testing.assert_allclose(both, 2 * nine - 3 * four, atol=5e-6)


class LinearObjective(Objective):
    """F = Σ ⟨w, x⟩ + b, for a random w of each term."""

    def __init__(self, lm: Any, targets: Targets, weights: torch.Tensor) -> None:
        super().__init__(lm, targets, "logit", weights[0], Work())
        self._weights = weights

    def bytes_per_row(self) -> int:
        return 8

    def rows_of_scores(self, points: int) -> int:
        return points

    def rows_of_products(self, points: int, wanted: torch.Tensor | None = None) -> int:
        return points

    def rows_of_gradients(self) -> int:
        return 1

    def rows_of_value_norms(self) -> int:
        return 1

    def rows_of_perturbed(self, masks: torch.Tensor) -> int:
        return len(masks)

    def rows_of_deleted(self, masks: torch.Tensor) -> int:
        return len(masks)

    def _likeliest(self, terms: Sequence[Term], count: int) -> dict[tuple[int, int], torch.Tensor]:
        raise NotImplementedError

    def _value_norms(self, point: torch.Tensor) -> torch.Tensor:
        raise UnseenValuesError

    def _term_scores(self, points: torch.Tensor, terms: Sequence[Term]) -> torch.Tensor:
        own = self._weights[[self._targets.terms.index(term) for term in terms]]
        return torch.einsum("pnd,tnd->pt", points, own) + 3.0

    def _term_products(
        self, points: torch.Tensor, directions: torch.Tensor, terms: Sequence[Term]
    ) -> torch.Tensor:
        gradients = self._term_gradients(points[0], terms, lambda gradients: gradients)
        return (gradients * directions).sum(-1).expand(len(points), -1, -1)

    def _term_gradients(
        self, point: torch.Tensor, terms: Sequence[Term], reduce: Reduce
    ) -> torch.Tensor:
        return reduce(self._weights[[self._targets.terms.index(term) for term in terms]])

    def _term_perturbed(
        self,
        inputs: torch.Tensor,
        replacement: torch.Tensor,
        masks: torch.Tensor,
        terms: Sequence[Term],
    ) -> torch.Tensor:
        return self._term_scores(torch.where(masks[..., None], replacement, inputs), terms)

    def _term_deleted(
        self, inputs: torch.Tensor, masks: torch.Tensor, terms: Sequence[Term]
    ) -> torch.Tensor:
        return self._term_scores(torch.where(masks[..., None], 0.0, inputs), terms)


@pytest.mark.parametrize("n_samples", [None, 2, 6])
def test_methods_agree_on_a_linear_model(n_samples: int | None) -> None:
    generator = torch.Generator().manual_seed(5)
    n, d = 6, 8
    weights = torch.randn(2, n, d, generator=generator, dtype=torch.float64)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    targets = Targets()
    one = targets.add_continuation(torch.tensor([4]))
    other = targets.add_continuation(torch.tensor([5, 6]))
    targets.columns += [{one: 1.0}, {one: 2.0, other: -1.0}]
    objective = LinearObjective(decoder_lm("llama"), targets, weights)
    zero = torch.zeros_like(x)
    features = Features([[i] for i in range(n)], [], None, None, n)
    expected = torch.stack(
        [(weights[0] * x).sum(-1), ((2 * weights[0] - weights[1]) * x).sum(-1)], dim=1
    )
    torch.testing.assert_close(input_x_gradient(objective, x), expected)
    for baseline in (zero, None):  # a term that is left out of a sum adds nothing
        torch.testing.assert_close(occlusion(objective, x, baseline, features), expected)
    for n_steps, tolerance in ((1, None), (5, None), (None, 1e-6)):
        path = integrated_gradients(
            objective,
            x,
            zero,
            n_steps=n_steps,
            tolerance=tolerance,
            score="logit",
            labels=["a", "b"],
        )
        torch.testing.assert_close(path.values, expected)
        assert float(path.completeness_error.max()) < 1e-9
    shares = shapley(objective, x, zero, features, n_samples, 0)
    torch.testing.assert_close(shares.values, expected)
    if n_samples == 6:
        assert shares.standard_error is not None and float(shares.standard_error.max()) < 1e-9
    # In pairs, the mean over windows of sums of two.
    pairs = occlusion(objective, x, zero, features, 2)
    sums = expected[:-1] + expected[1:]
    torch.testing.assert_close(pairs[0], sums[0])
    torch.testing.assert_close(pairs[1:-1], (sums[:-1] + sums[1:]) / 2)
