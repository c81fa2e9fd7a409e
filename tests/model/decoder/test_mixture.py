"""A mixture of experts, its rows sorted by expert, beside each row through its experts alone."""

from functools import partial
from typing import Any

import pytest
import torch

from tokenviz.model.decoder import mlp
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.decoder.mixture import Experts, Mixture, Shared
from tokenviz.model.decoder.mlp import MLP
from tokenviz.model.decoder.router import Router

F64 = torch.float64
B, G, ROWS, D, F, COUNT = 2, 3, 7, 6, 5, 4


def linear(*shape: int, bias: bool = False) -> Linear:
    return Linear(
        torch.randn(*shape, dtype=F64), torch.randn(*shape[:-1], dtype=F64) if bias else None
    )


def mixture(k: int, among_chosen: bool, shared: bool, lift: bool) -> Mixture:
    torch.manual_seed(k)
    experts = Experts(
        linear(COUNT, F, D, bias=lift),
        linear(COUNT, F, D, bias=lift),
        linear(COUNT, D, F, bias=lift),
        torch.nn.functional.silu,
        partial(torch.clamp, min=-1.0, max=1.0) if lift else None,
    )
    dense = MLP(linear(F, D), linear(F, D), linear(D, F), torch.tanh)
    # The last expert is chosen by nobody where not all are.
    router = linear(COUNT, D, bias=True)
    assert router.bias is not None
    router.bias[-1] -= 100
    return Mixture(
        Router(router, k, among_chosen), experts, Shared(linear(1, D), dense) if shared else None
    )


def row_by_row(parts: Mixture, x: torch.Tensor) -> torch.Tensor:
    """The definition: no row is beside another."""

    def apply(map_: Linear, x: torch.Tensor, expert: Any = ...) -> torch.Tensor:
        result = map_.weight[expert] @ x
        return result if map_.bias is None else result + map_.bias[expert]

    def one(x: torch.Tensor) -> torch.Tensor:
        logits, own = apply(parts.router.linear, x), parts.experts
        chosen = sorted(range(COUNT), key=lambda e: -logits[e].item())[: parts.router.count]
        normalised = logits[chosen] if parts.router.among_chosen else logits
        total = torch.zeros(D, dtype=F64)
        for expert in chosen:
            up = apply(own.up, x, expert)
            up = up if own.lift is None else own.lift(up)
            inner = own.activation(apply(own.gate, x, expert)) * up
            weight = logits[expert].exp() / normalised.exp().sum()
            total = total + weight * apply(own.down, inner, expert)
        if isinstance(parts.shared, Shared):
            dense = parts.shared.expert
            assert dense.gate is not None
            inner = dense.activation(apply(dense.gate, x)) * apply(dense.up, x)
            total = total + apply(parts.shared.gate, x).sigmoid() * apply(dense.down, inner)
        return total

    return torch.stack([one(row) for row in x.reshape(-1, D)]).view_as(x)


@pytest.mark.parametrize("held", [2, 1000])
@pytest.mark.parametrize("lift", [False, True])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("among_chosen", [False, True])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_sorted_by_expert_is_row_by_row(
    k: int, among_chosen: bool, shared: bool, lift: bool, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlp, "_FEWEST", held)  # rows that go through an expert at a time
    monkeypatch.setattr(mlp, "_HELD", {"cpu": 1})
    parts = mixture(k, among_chosen, shared, lift)
    x = torch.randn(B, ROWS, D, dtype=F64)
    expected = row_by_row(parts, x)
    found, at = parts(x)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(parts(x, slopes=False)[0], expected)
    assert parts(x, slopes=False)[1] == ()
    assert sum(part[0, 0].numel() for part in at) == parts.kept()
    assert len(set(at[0].flatten().tolist())) == (COUNT if k == COUNT else COUNT - 1)
    beside = tuple(part[:, None] for part in at)
    directions = torch.randn(B, G, ROWS, D, dtype=F64)
    before = directions.clone()
    pushed, pulled = parts.push(beside, directions), parts.pull(beside, directions)
    assert torch.equal(directions, before)
    for g in range(G):
        leaf = x.clone().requires_grad_()
        (wanted,) = torch.autograd.grad(row_by_row(parts, leaf), leaf, directions[:, g])
        torch.testing.assert_close(pulled[:, g], wanted)
        _, moved = torch.autograd.functional.jvp(  # type: ignore[no-untyped-call]
            partial(row_by_row, parts), x, directions[:, g]
        )
        torch.testing.assert_close(pushed[:, g], moved)


def test_weights_are_those_that_a_row_meets() -> None:
    parts = mixture(2, True, True, False)
    each = 3 * F * D
    assert parts.weights() == COUNT * D + 2 * each + D + each
