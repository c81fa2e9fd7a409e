"""The path integral of functions whose integral is known."""

from typing import Any

import numpy as np
import pytest
import torch

from tokenviz.model.attributing.engine.work import Work
from tokenviz.model.attributing.methods.quadrature import Integral, Path

WEIGHTS = torch.tensor([[1.0, 2.0], [0.5, -0.3], [0.2, 0.7]], dtype=torch.float64)  # [n, d]
INPUTS = torch.tensor([[0.4, 0.3], [-0.2, 0.9], [0.1, 0.2]], dtype=torch.float64)
CURVES: list[Any] = [
    lambda s: 3 * s,
    lambda s: torch.tanh(80 * (s - 0.6)),  # jumps halfway
    lambda s: s / torch.sqrt(s**2 + 1e-20),  # RMSNorm near zero: moves at α = 1e-10
]


class KnownObjective:
    """Three scores, each a curve of one weighted sum of the embeddings."""

    n_targets = len(CURVES)
    work = Work()

    def __init__(self) -> None:
        self.nodes = [0] * self.n_targets

    def rows_of_scores(self, points: int) -> int:
        return points

    def rows_of_products(self, points: int, targets: torch.Tensor | None = None) -> int:
        return points * (self.n_targets if targets is None else len(targets))

    def scores(self, embeds: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        s = (embeds * WEIGHTS).sum((1, 2))
        return torch.stack([CURVES[t](s) for t in targets.tolist()], dim=1)

    def products(
        self, embeds: torch.Tensor, directions: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        rows = []
        for t in targets.tolist():
            self.nodes[t] += len(embeds)
            x = embeds.clone().requires_grad_()
            (g,) = torch.autograd.grad(CURVES[t]((x * WEIGHTS).sum((1, 2))).sum(), x)
            rows.append((g * directions).sum(-1))
        return torch.stack(rows, dim=1)


def exact(start: torch.Tensor) -> torch.Tensor:
    """By symmetry each token's share is its share of the weighted sum, ``[n, m]``."""
    shares = ((INPUTS - start) * WEIGHTS).sum(1)
    a, b = (start * WEIGHTS).sum(), (INPUTS * WEIGHTS).sum()
    changes = torch.stack([curve(b) - curve(a) for curve in CURVES])
    return (shares / shares.sum())[:, None] * changes


def integral(objective: Any, start: torch.Tensor, allowed: float, most: int = 512) -> Integral:
    path = Path(objective, INPUTS, start)
    n_targets = objective.n_targets
    return path.adaptive_integral(
        torch.full((n_targets,), allowed, dtype=torch.float64), torch.zeros(n_targets), most
    )


@pytest.mark.parametrize("place", ["zero", "elsewhere"])
def test_pieces_are_cut_until_every_curve_is_followed(place: str) -> None:
    start = torch.zeros_like(INPUTS) if place == "zero" else torch.full_like(INPUTS, 0.05)
    objective: Any = KnownObjective()
    found = integral(objective, start, 1e-3)
    assert found.reached.all() and (found.errors <= 1e-3).all()
    np.testing.assert_allclose(found.values, exact(start), atol=1e-3)
    steps = found.n_steps
    assert steps[0] == 2 and objective.nodes[0] == 2  # a straight line takes no more
    assert 7 < steps[1] <= 64
    assert (7 < steps[2] <= 96) if place == "zero" else steps[2] <= 7
    # Scores tell beforehand where nodes are needed, so that few are thrown away.
    assert all(n <= 2 * int(k) for n, k in zip(objective.nodes, steps, strict=True))


def test_a_smooth_curve_gets_more_nodes_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.CURVES", [lambda s: 1 / (1 - s)] * 3)
    objective: Any = KnownObjective()
    start = torch.zeros_like(INPUTS)
    found = integral(objective, start, 1e-10)
    assert found.reached.all() and found.n_steps.max() < 100
    np.testing.assert_allclose(found.values, exact(start), rtol=1e-9)


def test_values_add_up_however_few_the_nodes() -> None:
    objective: Any = KnownObjective()
    path = Path(objective, INPUTS, torch.zeros_like(INPUTS))
    for most in (2, 5, 20):
        tiny = torch.full((3,), 1e-9, dtype=torch.float64)
        found = path.adaptive_integral(tiny, torch.zeros(3), most)
        change = path.ends[1] - path.ends[0]
        torch.testing.assert_close(found.values.sum(0)[:2], change[:2])
        assert found.n_steps.max() <= most and found.reached.tolist() == [True, False, False]
        if float(found.values[:, 2].abs().sum()) == 0:  # every gradient that was seen is zero
            assert (found.errors[:, 2] >= 0.9 * change[2].abs()).all()


class Rough:
    """One score of many tokens that goes up and down along the path, as a trained model's does.

    F is a sum of steps, each of its own direction, so that every token has an integrand of its own.
    """

    n_targets = 1

    def __init__(self, seed: int, n: int = 6, steps: int = 12) -> None:
        rng = np.random.default_rng(seed)
        self.work = Work()
        self._directions = torch.as_tensor(rng.normal(size=(steps, n)))
        self._places = torch.as_tensor(rng.uniform(0.05, 0.95, steps))
        self._sizes = torch.as_tensor(rng.normal(size=steps) * 3)
        self._widths = torch.as_tensor(10 ** rng.uniform(-2, -0.5, steps))
        self.n = n

    def rows_of_scores(self, points: int) -> int:
        return points

    def rows_of_products(self, points: int, targets: Any = None) -> int:
        return 2 * points

    def scores(self, embeds: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return self._of(embeds)[:, None]

    def _of(self, embeds: torch.Tensor) -> torch.Tensor:
        along = embeds[..., 0] @ self._directions.T / self._directions.sum(1)
        return (self._sizes * torch.tanh((along - self._places) / self._widths)).sum(-1)

    def products(
        self, embeds: torch.Tensor, directions: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        leaf = embeds.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(self._of(leaf).sum(), leaf)
        return (gradient * directions).sum(-1)[:, None]

    def path(self) -> Path:
        one: Any = self
        ones = torch.ones(self.n, 1, dtype=torch.float64)
        return Path(one, ones, torch.zeros_like(ones))


def test_no_value_is_off_by_much_more_than_is_said() -> None:
    """On random paths; and right sums of wrong values, which few nodes find, are not taken."""
    off, said = [], []
    for seed in range(40):
        path = Rough(seed).path()
        change = (path.ends[1] - path.ends[0]).abs()
        found = path.adaptive_integral(0.02 * change, torch.zeros(1), 2048)
        reference, _ = path.integral(4000)
        off.append(float((found.values - reference).abs().max() / change))
        said.append(float(found.errors.max() / change))
        torch.testing.assert_close(found.values.sum(0), path.ends[1] - path.ends[0])
    assert max(said) <= 0.02
    assert np.quantile(off, 0.9) <= 0.02 and max(off) <= 0.06


def test_sharing_what_is_left_brings_values_nearer() -> None:
    nearer = []
    for seed in range(40):
        path = Rough(seed).path()
        change = path.ends[1] - path.ends[0]
        found = path.adaptive_integral(0.02 * change.abs(), torch.zeros(1), 24)
        plain, _ = path.integral(int(found.n_steps[0]))
        reference, _ = path.integral(4000)
        nearer.append(
            float((found.values - reference).abs().sum() / (plain - reference).abs().sum())
        )
    assert np.median(nearer) < 0.7, "than as many nodes that are spread evenly"


def test_rounding_is_not_cut_into() -> None:
    objective: Any = KnownObjective()
    path = Path(objective, INPUTS, torch.zeros_like(INPUTS))
    none = torch.zeros(3, dtype=torch.float64)
    found = path.adaptive_integral(none, torch.full((3,), 100.0), 512)
    assert found.n_steps.tolist() == [2, 2, 2] and not found.errors.any()


def test_a_given_number_of_nodes_is_gauss_legendre() -> None:
    objective: Any = KnownObjective()
    start = torch.full_like(INPUTS, 0.2)
    path = Path(objective, INPUTS, start)
    nodes, weights = np.polynomial.legendre.leggauss(5)
    delta = INPUTS - start
    embeds = start + torch.tensor((nodes + 1) / 2)[:, None, None] * delta
    by_node = KnownObjective().products(embeds, delta, torch.arange(3))
    expected = torch.einsum("s,smn->nm", torch.tensor(weights / 2), by_node)
    torch.testing.assert_close(path.integral(5)[0], expected)
