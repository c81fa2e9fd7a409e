"""The integral of a gradient along a path, with nodes where the score needs them.

A path of embeddings can be smooth (eight Gauss–Legendre nodes then give five digits) or anything
but. Near a zero embedding, models that normalise without a bias (RMSNorm: Llama, Qwen, Gemma)
amplify small inputs up to 1/√ε ≈ 1,000 times in every normalisation, so that the score already
moves at α = 1e-10; and a sharply trained model jumps by whole nats in between. Evenly spread nodes
miss both, however many.

What makes this easy is that the answer to each piece of the path is known: the gradient's integral
from α = a to b must equal F(b) − F(a). So a piece that misses it is cut in two, and others are let
be, for each target on its own.

Source: composite Gauss–Legendre quadrature with bisection of the worst intervals (Piessens et al.
1983, QUADPACK), with this exact error in place of an estimate.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch

from tokenviz.model.attributing.objective import Objective
from tokenviz.model.forward import wide

__all__ = ["NODES", "Path"]

NODES = 8
"""Of a piece."""

_MARKED = 0.8  # the share of a target's error that one round cuts into


class Path:
    """The straight path from a baseline's embeddings to the prompt's.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs, baseline
        The path's end x (α = 1) and start x' (α = 0), each ``[n, d]``.
    """

    def __init__(self, objective: Objective, inputs: torch.Tensor, baseline: torch.Tensor) -> None:
        self._objective = objective
        self._start = wide(baseline)
        self._delta = wide(inputs) - self._start
        self.ends = self._scores([0.0, 1.0], torch.arange(objective.n_targets))

    def integral(self, n_steps: int) -> torch.Tensor:
        """(x − x') · ∫ ∂F/∂x dα with exactly so many Gauss–Legendre nodes in α, ``[n, m]``."""
        targets = torch.arange(self._objective.n_targets)
        return self._integrals([(0.0, 1.0)], n_steps, targets)[0].T

    def adaptive_integral(
        self, allowed: torch.Tensor, rounding: torch.Tensor, most: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The same, with pieces cut until their errors add up to no more than is allowed.

        Parameters
        ----------
        allowed
            For each target, the error that its pieces may add up to, ``[m]``.
        rounding
            For each target, the error of a piece that is only rounding, ``[m]``.
        most
            How many nodes a target may take.

        Returns
        -------
        values
            float64, ``[n, m]``.
        n_steps
            Nodes of each target, int64, ``[m]``.
        reached
            Whether the error of each target is within what is allowed, ``[m]``.
        """
        m = self._objective.n_targets
        nodes = min(NODES, most)
        pieces = self._pieces([(0.0, 1.0)], nodes, torch.arange(m), self.ends[None])
        while True:
            excess = [(piece.error() - rounding[piece.targets]).clamp_min(0) for piece in pieces]
            steps, total = torch.zeros(m, dtype=torch.int64), torch.zeros(m, dtype=torch.float64)
            by_target: dict[int, list[tuple[float, int]]] = defaultdict(list)
            for index, (piece, errors) in enumerate(zip(pieces, excess, strict=True)):
                steps[piece.targets] += nodes
                total[piece.targets] += errors
                for target, error in zip(piece.targets.tolist(), errors.tolist(), strict=True):
                    by_target[target].append((error, index))
            # A NaN is no error that cutting would mend.
            open_ = (total > allowed) & (steps + nodes <= most)
            cuts: dict[int, list[int]] = defaultdict(list)
            for target in open_.nonzero()[:, 0].tolist():
                room = (most - int(steps[target])) // nodes
                worst = _worst(by_target[target], float(total[target]), float(allowed[target]))
                for index in worst[:room]:
                    cuts[index].append(target)
            if not cuts:
                break
            try:
                finer = self._cut(pieces, cuts, nodes)
            except KeyboardInterrupt:
                self._objective.work.interrupted = True
            if self._objective.work.interrupted:  # the last full round is what is finished
                break
            pieces = finer
        values = torch.zeros(m, len(self._delta), dtype=torch.float64)
        for piece in pieces:
            values[piece.targets] += piece.values
        return values.T, steps, total <= allowed

    def _cut(self, pieces: list[_Piece], cuts: dict[int, list[int]], nodes: int) -> list[_Piece]:
        """Halve each piece for the targets that need it, those with the same targets together."""
        together: dict[tuple[int, ...], list[_Piece]] = defaultdict(list)
        result = []
        for index, piece in enumerate(pieces):
            if index not in cuts:
                result.append(piece)
                continue
            needed = torch.isin(piece.targets, torch.tensor(cuts[index]))
            if not bool(needed.all()):
                result.append(piece.only(~needed))
            together[tuple(cuts[index])].append(piece.only(needed))
        for key, group in together.items():
            middles = [_middle(piece.low, piece.high) for piece in group]
            targets = torch.tensor(key)
            at_middles = self._scores(middles, targets)
            halves = [
                half
                for piece, middle in zip(group, middles, strict=True)
                for half in ((piece.low, middle), (middle, piece.high))
            ]
            scores = torch.stack(
                [
                    torch.stack(half)
                    for piece, score in zip(group, at_middles, strict=True)
                    for half in ((piece.scores[0], score), (score, piece.scores[1]))
                ]
            )
            result += self._pieces(halves, nodes, targets, scores)
        return result

    def _pieces(
        self,
        intervals: list[tuple[float, float]],
        nodes: int,
        targets: torch.Tensor,
        scores: torch.Tensor,
    ) -> list[_Piece]:
        values = self._integrals(intervals, nodes, targets)
        return [
            _Piece(low, high, targets, scores[k], values[k])
            for k, (low, high) in enumerate(intervals)
        ]

    def _integrals(
        self, intervals: list[tuple[float, float]], nodes: int, targets: torch.Tensor
    ) -> torch.Tensor:
        """Contribution of each interval, float64 on the CPU, ``[intervals, targets, n]``."""
        places, weights = np.polynomial.legendre.leggauss(nodes)
        low, high = torch.tensor(intervals, dtype=torch.float64).T
        alphas = low[:, None] + (high - low)[:, None] * torch.as_tensor((places + 1) / 2)
        products = self._objective.products(self._at(alphas.reshape(-1)), self._delta, targets)
        by_node = products.reshape(len(low), nodes, len(targets), -1)
        weight = (high - low)[:, None] * torch.as_tensor(weights / 2)
        return torch.einsum("is,istn->itn", weight, by_node)

    def _scores(self, alphas: list[float], targets: torch.Tensor) -> torch.Tensor:
        """F along the path, float64 on the CPU, ``[alphas, targets]``."""
        return self._objective.scores(self._at(torch.tensor(alphas, dtype=torch.float64)), targets)

    def _at(self, alphas: torch.Tensor) -> torch.Tensor:
        return self._start + alphas.to(self._delta)[:, None, None] * self._delta


@dataclass(frozen=True)
class _Piece:
    """A piece of the path for some targets: F at its ends ``[2, t]``, its integral ``[t, n]``."""

    low: float
    high: float
    targets: torch.Tensor
    scores: torch.Tensor
    values: torch.Tensor

    def error(self) -> torch.Tensor:
        """By how much the integral misses the change of F, ``[t]``."""
        return (self.values.sum(-1) - (self.scores[1] - self.scores[0])).abs()

    def only(self, chosen: torch.Tensor) -> _Piece:
        """The same piece for a mask of its targets."""
        return _Piece(
            self.low,
            self.high,
            self.targets[chosen],
            self.scores[:, chosen],
            self.values[chosen],
        )


def _middle(low: float, high: float) -> float:
    """Where to cut: halfway, but by powers towards α = 0, where scores move over decades."""
    if low == 0:
        return high / 100
    return math.sqrt(low * high) if high > 4 * low else (low + high) / 2


def _worst(errors: list[tuple[float, int]], total: float, allowed: float) -> list[int]:
    """The pieces to cut: the worst first, until most of the error, or enough of it, is theirs."""
    chosen: list[int] = []
    covered = 0.0
    for error, index in sorted(errors, reverse=True):
        if chosen and (covered > _MARKED * total or total - covered < allowed / 2):
            break
        chosen.append(index)
        covered += error
    return chosen
