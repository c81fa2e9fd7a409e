"""A mixture of experts: each row goes through a few of many feed-forward parts, and their sum.

With w the weights of the chosen experts E, y = Σ w E(x), so that

    ẏ = Σ w Ė + ẇ E,    x̄ = Σ Eᵀ(w ȳ) + routerᵀ ⟨ȳ, E⟩

and E(x) is kept besides what the derivatives of E need. Rows that go to the same expert go through
it together, whichever point or tangent they are of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from tokenviz.model.decoder.feed_forward import FeedForward, Slopes
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.decoder.mlp import MLP, Elementwise
from tokenviz.model.decoder.router import Routed, Router

__all__ = ["Experts", "Mixture", "Shared"]

_OWN = 5  # of what is kept: Routed, what experts gave, and the slopes of gate and up


@dataclass(frozen=True)
class Experts:
    """Feed-forward parts of one shape, their matrices in one tensor each.

    Parameters
    ----------
    gate, up, down
        W ``[experts, f, d]``, the same, and ``[experts, d, f]``; b with a dimension less, or None.
    activation, lift
        Those of all; see :class:`MLP`.
    """

    gate: Linear
    up: Linear
    down: Linear
    activation: Elementwise
    lift: Elementwise | None = None

    def __len__(self) -> int:
        return len(self.gate.weight)

    def __getitem__(self, expert: int) -> MLP:
        gate, up, down = (_one(part, expert) for part in (self.gate, self.up, self.down))
        return MLP(gate, up, down, self.activation, self.lift)


def _one(stacked: Linear, expert: int) -> Linear:
    bias = stacked.bias
    return Linear(stacked.weight[expert], None if bias is None else bias[expert])


class _Group(NamedTuple):
    """The rows that go to an expert, and which of their choices it is."""

    expert: MLP
    rows: torch.Tensor
    place: torch.Tensor


@dataclass(frozen=True)
class Mixture:
    """See :class:`FeedForward`.

    What is kept is where rows were sent, what each of their experts gave ``[…, k, d]`` and its
    slopes ``[…, k, f]``, and what the part that all rows go through keeps.
    """

    router: Router
    experts: Experts
    shared: FeedForward | None = None

    def __call__(self, x: torch.Tensor, *, slopes: bool = True) -> tuple[torch.Tensor, Slopes]:
        """See :meth:`FeedForward.__call__`."""
        rows = x.reshape(-1, x.shape[-1])
        routed = self.router(rows)
        weights = routed.weights.to(x.dtype)
        result = torch.zeros_like(rows)
        kept = self._room(rows) if slopes else ()
        for expert, own, place in self._groups(routed.chosen):
            given, of_rows = expert(rows[own], slopes=slopes)
            result[own] += given * weights[own, place, None]
            for whole, part in zip(kept, (given, *of_rows), strict=False):
                whole[own, place] = part
        result = result.view_as(x)
        folded = (*routed, *kept) if slopes else ()
        at = tuple(part.view(*x.shape[:-1], *part.shape[1:]) for part in folded)
        if self.shared is None:
            return result, at
        given, of_rows = self.shared(x, slopes=slopes)
        return result.add_(given), (*at, *of_rows)

    def widened(self, dtype: torch.dtype) -> Mixture:
        """The same: experts are many, and each widens its own when it is asked."""
        return self

    def push(self, at: Slopes, tangent: torch.Tensor) -> torch.Tensor:
        """See :meth:`FeedForward.push`."""
        rows, routed, (outputs, *slopes), shared = self._taken(at, tangent)
        weights = routed.weights.to(tangent.dtype)
        result = torch.einsum("gnk,nkd->gnd", self.router.push(routed, rows), outputs)
        for expert, own, place in self._groups(routed.chosen):
            part = expert.push(tuple(slope[own, place] for slope in slopes), rows[:, own])
            result.index_add_(1, own, part.mul_(weights[own, place, None]))
        result = _folded_back(result, tangent)
        return result if self.shared is None else result + self.shared.push(shared, tangent)

    def pull(self, at: Slopes, cotangent: torch.Tensor) -> torch.Tensor:
        """See :meth:`FeedForward.pull`."""
        rows, routed, (outputs, *slopes), shared = self._taken(at, cotangent)
        weights = routed.weights.to(cotangent.dtype)
        result = self.router.pull(routed, torch.einsum("gnd,nkd->gnk", rows, outputs))
        for expert, own, place in self._groups(routed.chosen):
            part = rows[:, own] * weights[own, place, None]
            result.index_add_(
                1, own, expert.pull(tuple(slope[own, place] for slope in slopes), part)
            )
        result = _folded_back(result, cotangent)
        return result if self.shared is None else result + self.shared.pull(shared, cotangent)

    def weights(self) -> int:
        """See :meth:`FeedForward.weights`."""
        each = self.router.linear.weight.numel() + self.router.count * self.experts[0].weights()
        return each if self.shared is None else each + self.shared.weights()

    def kept(self) -> int:
        """See :meth:`FeedForward.kept`."""
        n_experts, d = self.router.linear.weight.shape
        each = n_experts + self.router.count * (1 + d + self.experts[0].kept())
        return each if self.shared is None else each + self.shared.kept()

    def active(self, rows: int, device: torch.device) -> int:
        """See :meth:`FeedForward.active`."""
        # Rows are gathered before an expert and added to the sum after it.
        own = self.experts[0].active(rows, device) + 3 * self.router.linear.weight.shape[1]
        return own if self.shared is None else max(own, self.shared.active(rows, device))

    def _groups(self, chosen: torch.Tensor) -> Iterator[_Group]:
        """Of ``chosen`` ``[rows, k]``, the rows of each expert that has some."""
        flat = chosen.flatten()
        order = flat.argsort(stable=True)
        counts = flat.bincount(minlength=len(self.experts)).tolist()
        for expert, own in enumerate(torch.split(order, counts)):
            if len(own):
                yield _Group(self.experts[expert], own // chosen.shape[1], own % chosen.shape[1])

    def _room(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """For what experts give and for their slopes."""
        count, width = self.router.count, self.experts.up.weight.shape[1]
        outputs = rows.new_empty(len(rows), count, rows.shape[1])
        return outputs, *(rows.new_empty(len(rows), count, width) for _ in range(2))

    def _taken(
        self, at: Slopes, moved: torch.Tensor
    ) -> tuple[torch.Tensor, Routed, Slopes, Slopes]:
        """Tangents as ``[g, B · rows, d]``, and what was kept of their rows.

        It is where they were sent, what experts gave and their slopes, and the shared part's own.
        """
        own, shared = at[:_OWN], at[_OWN:]
        chosen, chances, *rest = (part[:, 0].flatten(0, 1) for part in own)
        return moved.transpose(0, 1).flatten(1, 2), Routed(chosen, chances), tuple(rest), shared


def _folded_back(rows: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """From ``[g, B · rows, d]`` to ``[B, g, rows, d]``."""
    b, g, n, d = like.shape
    return rows.view(g, b, n, d).transpose(0, 1)


@dataclass(frozen=True)
class Shared:
    """An expert that all rows go through, each with a weight of its own: σ(gate(x)) · E(x).

    What is kept is the weight ``[…, 1]``, what the expert gave ``[…, d]``, and its slopes.
    """

    gate: Linear
    expert: MLP

    def __call__(self, x: torch.Tensor, *, slopes: bool = True) -> tuple[torch.Tensor, Slopes]:
        """See :meth:`FeedForward.__call__`."""
        weight = self.gate(x).sigmoid_()
        given, own = self.expert(x, slopes=slopes)
        return weight * given, (weight, given, *own) if slopes else ()

    def widened(self, dtype: torch.dtype) -> Shared:
        """See :meth:`FeedForward.widened`."""
        return replace(self, gate=self.gate.widened(dtype), expert=self.expert.widened(dtype))

    def push(self, at: Slopes, tangent: torch.Tensor) -> torch.Tensor:
        """See :meth:`FeedForward.push`."""
        weight, given, *own = at
        moved = self.gate.push(tangent) * (weight * (1 - weight))
        return self.expert.push(tuple(own), tangent).mul_(weight).addcmul_(moved, given)

    def pull(self, at: Slopes, cotangent: torch.Tensor) -> torch.Tensor:
        """See :meth:`FeedForward.pull`."""
        weight, given, *own = at
        moved = torch.linalg.vecdot(cotangent, given)[..., None] * (weight * (1 - weight))
        return self.expert.pull(tuple(own), cotangent * weight).add_(self.gate.pull(moved))

    def weights(self) -> int:
        """See :meth:`FeedForward.weights`."""
        return self.gate.weight.numel() + self.expert.weights()

    def kept(self) -> int:
        """See :meth:`FeedForward.kept`."""
        return 1 + self.gate.weight.shape[1] + self.expert.kept()

    def active(self, rows: int, device: torch.device) -> int:
        """See :meth:`FeedForward.active`."""
        return self.expert.active(rows, device)
