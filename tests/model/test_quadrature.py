"""The path integral of functions whose integral is known."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from tokenviz.model.attributing.quadrature import Path

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

    def __init__(self) -> None:
        self.nodes = [0] * self.n_targets

    def batches(self, points: int) -> Iterator[slice]:
        yield slice(0, points)

    def scores(self, embeds: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        s = (embeds * WEIGHTS).sum((1, 2))
        return torch.stack([CURVES[t](s) for t in targets.tolist()], dim=1)

    def pull_back(self, embeds: torch.Tensor, reduce: Any, targets: torch.Tensor) -> torch.Tensor:
        rows = []
        for t in targets.tolist():
            self.nodes[t] += len(embeds)
            x = embeds.clone().requires_grad_()
            (g,) = torch.autograd.grad(CURVES[t]((x * WEIGHTS).sum((1, 2))).sum(), x)
            rows.append(reduce(g))
        return torch.stack(rows, dim=1)


def exact(start: torch.Tensor) -> torch.Tensor:
    """By symmetry each token's share is its share of the weighted sum, ``[n, m]``."""
    shares = ((INPUTS - start) * WEIGHTS).sum(1)
    a, b = (start * WEIGHTS).sum(), (INPUTS * WEIGHTS).sum()
    changes = torch.stack([curve(b) - curve(a) for curve in CURVES])
    return (shares / shares.sum())[:, None] * changes


@pytest.mark.parametrize("place", ["zero", "elsewhere"])
def test_pieces_are_cut_until_every_curve_is_followed(place: str) -> None:
    start = torch.zeros_like(INPUTS) if place == "zero" else torch.full_like(INPUTS, 0.05)
    objective: Any = KnownObjective()
    path = Path(objective, INPUTS, start)
    allowed = torch.full((3,), 1e-3, dtype=torch.float64)
    values, steps, reached = path.adaptive_integral(allowed, torch.zeros(3), 512)
    assert reached.all()
    np.testing.assert_allclose(values, exact(start), atol=1e-3)
    assert steps[0] == 8 and objective.nodes[0] == 8  # a straight line takes no more
    assert 8 < steps[1] <= 128
    assert (8 < steps[2] <= 128) if place == "zero" else steps[2] == 8
    # What was cut was first tried whole, and halves of halves are never more than that again.
    assert all(n <= 2 * int(k) for n, k in zip(objective.nodes, steps, strict=True))


def test_a_limit_on_nodes_is_kept() -> None:
    objective: Any = KnownObjective()
    path = Path(objective, INPUTS, torch.zeros_like(INPUTS))
    tiny = torch.full((3,), 1e-9, dtype=torch.float64)
    _, steps, reached = path.adaptive_integral(tiny, torch.zeros(3), 40)
    assert steps.max() <= 40 and reached.tolist() == [True, False, False]


def test_rounding_is_not_cut_into() -> None:
    objective: Any = KnownObjective()
    path = Path(objective, INPUTS, torch.zeros_like(INPUTS))
    none = torch.zeros(3, dtype=torch.float64)
    _, steps, _ = path.adaptive_integral(none, torch.full((3,), 10.0), 512)
    assert steps.tolist() == [8, 8, 8]


def test_a_given_number_of_nodes_is_gauss_legendre() -> None:
    objective: Any = KnownObjective()
    start = torch.full_like(INPUTS, 0.2)
    path = Path(objective, INPUTS, start)
    nodes, weights = np.polynomial.legendre.leggauss(5)
    delta = INPUTS - start
    embeds = start + torch.tensor((nodes + 1) / 2)[:, None, None] * delta
    by_node = KnownObjective().pull_back(embeds, lambda g: (g * delta).sum(-1), torch.arange(3))
    expected = torch.einsum("s,smn->nm", torch.tensor(weights / 2), by_node)
    torch.testing.assert_close(path.integral(5), expected)
