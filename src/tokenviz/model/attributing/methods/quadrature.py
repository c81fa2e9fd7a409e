"""The integral of a gradient along a path, with nodes where the score needs them.

A path of embeddings can be smooth (a few nodes then give five digits) or anything but. Near a zero
embedding, models that normalise without a bias (RMSNorm: Llama, Qwen, Gemma) amplify small inputs
up to 1/√ε ≈ 1,000 times in every normalisation, so that the score already moves at α = 1e-10; and a
sharply trained model jumps by whole nats in between. Evenly spread nodes miss both, however many.

What makes this easy is that the answer to each piece of the path is known: the gradient's integral
from α = a to b must equal F(b) − F(a). A piece that misses it gets more nodes, keeping those it has
(``nested_rules``), as long as that makes its error collapse, as it does where the score is smooth.
Where it does not, the piece is cut in two. Each target decides on its own.

Source: composite quadrature with bisection of the worst intervals (Piessens et al. 1983, QUADPACK),
with this exact error in place of an estimate; raising the order or cutting as in hp-adaptive
methods (Babuška and Guo 1992).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.methods.nested_rules import LEVELS, Array, rule
from tokenviz.model.running.forward import wide

__all__ = ["NODES", "Path"]

NODES = LEVELS[0]
"""Of a new piece."""
_MARKED = 0.8  # the share of a target's squared error that one round works on
_COLLAPSE = 2  # by how much more nodes must shrink an error to be worth more still


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
        with objective.work.whole():
            self.ends = self._scores([0.0, 1.0], torch.arange(objective.n_targets))

    def scores(self, alphas: torch.Tensor) -> torch.Tensor:
        """F of all targets along the path, float64 on the CPU, ``[alphas, m]``."""
        return self._scores(alphas.tolist(), torch.arange(self._objective.n_targets))

    def integral(self, n_steps: int) -> tuple[torch.Tensor, int]:
        """(x − x') · ∫ ∂F/∂x dα with exactly so many Gauss–Legendre nodes in α, ``[n, m]``.

        Where time runs out it is with the nodes that were finished, whose number comes beside it.
        They are taken in an order in which any first of them are spread over the path.
        """
        places, weights = np.polynomial.legendre.leggauss(n_steps)
        order = _spread(n_steps)
        return self._sum((places[order] + 1) / 2, weights[order] / 2)

    def _sum(self, places: Array, weights: Array) -> tuple[torch.Tensor, int]:
        """A rule's sum ``[n, m]``; if time cuts it short, what its first nodes stand for."""
        products = self._products(torch.as_tensor(places), torch.arange(self._objective.n_targets))
        count = len(products)
        if self._objective.work.late:
            unfinished = products.isnan().flatten(1).any(1).nonzero()[:1, 0].tolist()
            count = max(1, *unfinished) if unfinished else count
            weights = weights if count == len(places) else _cells(places[:count])
        return torch.einsum("s,stn->nt", torch.as_tensor(weights), products[:count]), count

    def adaptive_integral(
        self,
        allowed: torch.Tensor,
        rounding: torch.Tensor,
        most: int,
        follow: Callable[[torch.Tensor], None] = lambda errors: None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The same, with pieces refined until the error is no more than is allowed.

        Pieces miss the change of the score by too much or too little, so the error of their sum is
        known, and most often less than the sum of their errors. It may be small by chance while
        pieces are wrong, so the root of the sum of their squares must be small as well: what it
        would be, had each piece its sign by chance.

        Parameters
        ----------
        allowed
            For each target, the most that either may be, ``[m]``.
        rounding
            For each target, the error of a piece that is only rounding, ``[m]``: more nodes would
            not help, so that it counts up to half of what is allowed only.
        most
            How many nodes a target may take, at least those of one piece.
        follow
            Told of the errors reached, ``[m]``, before each round.

        Returns
        -------
        values
            float64, ``[n, m]``.
        n_steps
            Nodes of each target, int64, ``[m]``.
        reached
            Whether the error of each target is within what is allowed, ``[m]``; if rounding is more
            than half of that, the error without it.
        """
        m, work = self._objective.n_targets, self._objective.work
        rows = self._objective.rows_of_products(NODES, torch.arange(m))
        if not work.has_time_for(rows):
            values, count = self._sum(*rule(0))
            error = (values.sum(0) - (self.ends[1] - self.ends[0])).abs()
            return values, torch.full((m,), count), error <= allowed
        with work.whole():
            pieces = self._new_pieces([(0.0, 1.0)], torch.arange(m), self.ends[None], None)
        while True:
            excess = [(piece.error - rounding[piece.targets]).clamp_min(0) for piece in pieces]
            steps = torch.zeros(m, dtype=torch.int64)
            rounded, missed, squares = torch.zeros(3, m, dtype=torch.float64)
            by_target: dict[int, list[tuple[float, int]]] = defaultdict(list)
            for index, (piece, errors) in enumerate(zip(pieces, excess, strict=True)):
                steps[piece.targets] += piece.n_nodes
                rounded[piece.targets] += piece.error.minimum(rounding[piece.targets])
                missed[piece.targets] += errors.copysign(piece.missed)
                squares[piece.targets] += errors.square()
                for target, error in zip(piece.targets.tolist(), errors.tolist(), strict=True):
                    by_target[target].append((error, index))
            # The error of the sum is known; that it is small by chance, the pieces' own tell.
            total = missed.abs().maximum(squares.sqrt())
            follow(total + rounded)
            # What is left for the rest. Where rounding takes more than half, it cannot be helped.
            limit = allowed - rounded.minimum(allowed / 2)
            chosen: dict[int, list[int]] = defaultdict(list)
            # A NaN is no error that more nodes would mend.
            for target in (total > limit).nonzero()[:, 0].tolist():
                room = most - int(steps[target])
                worst = _worst(by_target[target], float(limit[target]))
                for index in worst:
                    room -= pieces[index].growth(target)
                    if room < 0:
                        break
                    chosen[index].append(target)
            chosen = self._in_time(pieces, chosen)
            if not chosen:
                break
            try:
                with work.whole():
                    finer = self._refine(pieces, chosen)
            except KeyboardInterrupt:
                work.interrupted = True
            if work.interrupted:  # the last full round is what is finished
                break
            pieces = finer
        values = torch.zeros(m, len(self._delta), dtype=torch.float64)
        for piece in pieces:
            values[piece.targets] += piece.values
        return values.T, steps, total <= limit

    def _in_time(self, pieces: list[_Piece], chosen: dict[int, list[int]]) -> dict[int, list[int]]:
        """Of the pieces to refine those for which there is time, the worst first."""
        rows, affordable = 0, {}
        for index in sorted(chosen, key=lambda index: -float(pieces[index].error.max())):
            targets = chosen[index]
            growth = max(pieces[index].growth(target) for target in targets)
            rows += self._objective.rows_of_products(growth, torch.tensor(targets))
            if not self._objective.work.has_time_for(rows):
                break
            affordable[index] = targets
        return affordable

    def _refine(self, pieces: list[_Piece], chosen: dict[int, list[int]]) -> list[_Piece]:
        """Give pieces more nodes, or cut them, for the targets that need it."""
        result = []
        raised: dict[tuple[int, tuple[int, ...]], list[_Piece]] = defaultdict(list)
        cut: dict[tuple[int, ...], list[_Piece]] = defaultdict(list)
        for index, piece in enumerate(pieces):
            needed = torch.isin(piece.targets, torch.tensor(chosen.get(index, [])))
            smooth = needed & piece.smooth
            for mask, together in ((~needed, None), (smooth, raised), (needed & ~smooth, cut)):
                if not bool(mask.any()):
                    continue
                part, key = piece.only(mask), tuple(piece.targets[mask].tolist())
                if together is None:
                    result.append(part)
                elif together is raised:
                    raised[piece.level, key].append(part)
                else:
                    cut[key].append(part)
        # What has the same targets is computed together.
        for (level, key), group in raised.items():
            result += self._raise(group, level + 1, torch.tensor(key))
        for key, group in cut.items():
            result += self._halve(group, torch.tensor(key))
        return result

    def _raise(self, group: list[_Piece], level: int, targets: torch.Tensor) -> list[_Piece]:
        """The same pieces with the next larger rule, whose new nodes alone are computed."""
        fresh = slice(LEVELS[level - 1], LEVELS[level])
        self._expect((fresh.stop - fresh.start) * len(group), targets)
        products = self._piece_products([(p.low, p.high) for p in group], level, fresh, targets)
        return [
            _Piece(
                piece.low,
                piece.high,
                level,
                targets,
                piece.scores,
                torch.cat([piece.products, new]),
                piece.error,
            )
            for piece, new in zip(group, products, strict=True)
        ]

    def _halve(self, group: list[_Piece], targets: torch.Tensor) -> list[_Piece]:
        middles = [_middle(piece.low, piece.high) for piece in group]
        self._objective.work.expect_more(self._objective.rows_of_scores(len(group)))
        self._expect(2 * NODES * len(group), targets)
        at_middles = self._scores(middles, targets)
        halves, scores, before = [], [], []
        for piece, middle, score in zip(group, middles, at_middles, strict=True):
            halves += [(piece.low, middle), (middle, piece.high)]
            scores += [torch.stack([piece.scores[0], score]), torch.stack([score, piece.scores[1]])]
            before += [piece.error] * 2
        return self._new_pieces(halves, targets, torch.stack(scores), torch.stack(before))

    def _new_pieces(
        self,
        intervals: list[tuple[float, float]],
        targets: torch.Tensor,
        scores: torch.Tensor,
        before: torch.Tensor | None,
    ) -> list[_Piece]:
        """Pieces with the smallest rule; ``before`` are the errors of what they were cut from."""
        if before is None:  # nothing is known yet: more nodes are worth a try
            before = torch.full((len(intervals), len(targets)), torch.inf, dtype=torch.float64)
        products = self._piece_products(intervals, 0, slice(0, NODES), targets)
        return [
            _Piece(low, high, 0, targets, scores[k], products[k], before[k])
            for k, (low, high) in enumerate(intervals)
        ]

    def _piece_products(
        self, intervals: list[tuple[float, float]], level: int, which: slice, targets: torch.Tensor
    ) -> torch.Tensor:
        """Products at some nodes of a rule on each interval, ``[intervals, nodes, t, n]``."""
        places = torch.as_tensor(rule(level)[0][which])
        low, high = torch.tensor(intervals, dtype=torch.float64).T
        alphas = low[:, None] + (high - low)[:, None] * places
        products = self._products(alphas.reshape(-1), targets)
        return products.view(*alphas.shape, *products.shape[1:])

    def _expect(self, nodes: int, targets: torch.Tensor) -> None:
        """Say that so many more nodes are needed than was known before."""
        rows = self._objective.rows_of_products(nodes, targets)
        self._objective.work.expect_more(rows)

    def _products(self, alphas: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """(x − x') · ∂F/∂x along the path, float64 on the CPU, ``[alphas, t, n]``."""
        return self._objective.products(self._at(alphas), self._delta, targets)

    def _scores(self, alphas: list[float], targets: torch.Tensor) -> torch.Tensor:
        """F along the path, float64 on the CPU, ``[alphas, t]``."""
        return self._objective.scores(self._at(torch.tensor(alphas, dtype=torch.float64)), targets)

    def _at(self, alphas: torch.Tensor) -> torch.Tensor:
        steps = alphas.to(self._delta.dtype).to(self._delta.device)[:, None, None]
        return self._start + steps * self._delta


@dataclass(frozen=True)
class _Piece:
    """A piece of the path for some targets.

    F at its ends is ``scores`` ``[2, t]``; ``products`` ``[nodes, t, n]`` are at the nodes of the
    rule of its level; ``before`` ``[t]`` is the error before its last refinement.
    """

    low: float
    high: float
    level: int
    targets: torch.Tensor
    scores: torch.Tensor
    products: torch.Tensor
    before: torch.Tensor

    @property
    def n_nodes(self) -> int:
        return LEVELS[self.level]

    @cached_property
    def values(self) -> torch.Tensor:
        """Its integral, ``[t, n]``."""
        weights = torch.as_tensor(rule(self.level)[1])
        return (self.high - self.low) * torch.einsum("s,stn->tn", weights, self.products)

    @cached_property
    def missed(self) -> torch.Tensor:
        """The integral less the change of F, ``[t]``."""
        return self.values.sum(-1) - (self.scores[1] - self.scores[0])

    @property
    def error(self) -> torch.Tensor:
        """Its size, ``[t]``."""
        return self.missed.abs()

    @cached_property
    def smooth(self) -> torch.Tensor:
        """Whether more nodes promise more than a cut, ``[t]``."""
        if self.level + 1 == len(LEVELS):
            return torch.zeros(len(self.targets), dtype=torch.bool)
        return self.error * _COLLAPSE < self.before

    def growth(self, target: int) -> int:
        """How many more nodes a refinement takes."""
        smooth = bool(self.smooth[self.targets == target])
        return (LEVELS[self.level + 1] if smooth else 2 * NODES) - self.n_nodes

    def only(self, chosen: torch.Tensor) -> _Piece:
        """The same piece for a mask of its targets."""
        return _Piece(
            self.low,
            self.high,
            self.level,
            self.targets[chosen],
            self.scores[:, chosen],
            self.products[:, chosen],
            self.before[chosen],
        )


def _spread(count: int) -> Any:
    """Numbers below ``count`` in the order of van der Corput: any first of them lie evenly."""
    bits = max(1, (count - 1).bit_length())
    return np.array(sorted(range(count), key=lambda k: int(f"{k:0{bits}b}"[::-1], 2)))


def _cells(places: Array) -> Array:
    """Of nodes in (0, 1), how much of it is nearest to each."""
    order = places.argsort()
    inner = places[order]
    edges = np.concatenate([[0.0], (inner[1:] + inner[:-1]) / 2, [1.0]])
    widths = np.empty_like(places)
    widths[order] = np.diff(edges)
    return widths


def _middle(low: float, high: float) -> float:
    """Where to cut: halfway, but by powers towards α = 0, where scores move over decades."""
    if low == 0:
        return high / 100
    return math.sqrt(low * high) if high > 4 * low else (low + high) / 2


def _worst(errors: list[tuple[float, int]], allowed: float) -> list[int]:
    """The pieces to refine: the worst first, until most of the error, or enough of it, is theirs.

    Errors add up as their squares do.
    """
    chosen: list[int] = []
    left = total = sum(error**2 for error, _ in errors)
    for error, index in sorted(errors, reverse=True):
        if chosen and (left < (1 - _MARKED) * total or left < (allowed / 2) ** 2):
            break
        chosen.append(index)
        left -= error**2
    return chosen
