"""The path integral of functions whose integral is known."""

from typing import Any

import numpy as np
import pytest
import torch

from tokenviz.model.attributing.engine.work import Work
from tokenviz.model.attributing.methods.nested_rules import LEVELS, rule
from tokenviz.model.attributing.methods.quadrature import Path

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

    def rows_of_products(self, points: int, targets: torch.Tensor) -> int:
        return points * len(targets)

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


@pytest.mark.parametrize("place", ["zero", "elsewhere"])
def test_pieces_are_cut_until_every_curve_is_followed(place: str) -> None:
    start = torch.zeros_like(INPUTS) if place == "zero" else torch.full_like(INPUTS, 0.05)
    objective: Any = KnownObjective()
    path = Path(objective, INPUTS, start)
    allowed = torch.full((3,), 1e-3, dtype=torch.float64)
    values, steps, reached = path.adaptive_integral(allowed, torch.zeros(3), 512)
    assert reached.all()
    np.testing.assert_allclose(values, exact(start), atol=1e-3)
    assert steps[0] == 7 and objective.nodes[0] == 7  # a straight line takes no more
    assert 7 < steps[1] <= 128
    assert (7 < steps[2] <= 192) if place == "zero" else steps[2] == 7
    # Nodes that were added stay; those of a piece that was cut are lost, once for each halving.
    assert all(n <= 3 * int(k) for n, k in zip(objective.nodes, steps, strict=True))


def test_a_smooth_curve_gets_more_nodes_and_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.CURVES", [lambda s: 1 / (1 - s)] * 3)
    objective: Any = KnownObjective()
    start = torch.zeros_like(INPUTS)
    path = Path(objective, INPUTS, start)
    allowed = torch.full((3,), 1e-10, dtype=torch.float64)
    values, steps, reached = path.adaptive_integral(allowed, torch.zeros(3), 512)
    assert reached.all() and steps[0] in LEVELS[1:]
    assert objective.nodes[0] == steps[0]  # nothing was thrown away
    np.testing.assert_allclose(values, exact(start), rtol=1e-9)


@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_nested_rules_are_pattersons(level: int) -> None:
    nodes, weights = rule(level)
    assert len(nodes) == len(set(nodes)) == LEVELS[level]
    assert ((nodes > 0) & (nodes < 1)).all() and (weights > 0).all()
    if level:
        np.testing.assert_array_equal(nodes[: LEVELS[level - 1]], rule(level - 1)[0])
    # Exact to degree (3 n + 1) / 2, tried on Legendre polynomials, all of whose integrals are 0.
    degree = (3 * LEVELS[level] + 1) // 2
    values = np.polynomial.legendre.legvander(2 * nodes - 1, degree)
    np.testing.assert_allclose(weights @ values, [1] + [0] * degree, atol=1e-12)
    if level == 1:  # Kronrod's extension of 7 nodes to 15 is another one: these are Patterson's
        published = [0.22338669, 0.43424375, 0.62110295, 0.77459667, 0.88845923, 0.96049127,
                     0.99383196]  # fmt: skip
        np.testing.assert_allclose(np.sort(2 * nodes - 1)[8:], published, atol=1e-8)


def test_errors_of_both_signs_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the score goes up and down, pieces miss it by more than their sum does."""
    monkeypatch.setattr(f"{__name__}.CURVES", [lambda s: s + 0.02 * torch.sin(400 * s)] * 3)
    objective: Any = KnownObjective()
    start = torch.zeros_like(INPUTS)
    path = Path(objective, INPUTS, start)
    seen: list[float] = []
    refine = Path._refine

    def spy(self: Path, pieces: Any, chosen: Any) -> Any:
        finer = refine(self, pieces, chosen)
        seen.append(sum(float(piece.error[0]) for piece in finer if 0 in piece.targets))
        return finer

    monkeypatch.setattr(Path, "_refine", spy)
    allowed = torch.full((3,), 4e-3, dtype=torch.float64)
    values, _, reached = path.adaptive_integral(allowed, torch.zeros(3), 2048)
    missed = (values.sum(0) - (path.ends[1] - path.ends[0])).abs()
    assert reached.all() and (missed <= allowed).all()
    assert seen[-1] > float(allowed[0]), "the pieces' own errors add up to more"


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
    assert steps.tolist() == [7, 7, 7]


def test_rounding_is_part_of_the_error_that_is_kept() -> None:
    objective: Any = KnownObjective()
    path = Path(objective, INPUTS, torch.zeros_like(INPUTS))
    first = path.integral(7)[0].sum(0) - (path.ends[1] - path.ends[0])
    rounding = first.abs() / 3
    allowed = first.abs() * 0.7  # with rounding left out, the first piece is within it
    values, steps, reached = path.adaptive_integral(allowed, rounding, 512)
    missed = (values.sum(0) - (path.ends[1] - path.ends[0])).abs()
    assert reached.all() and (missed <= allowed + 1e-12).all() and steps.max() > 7


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
