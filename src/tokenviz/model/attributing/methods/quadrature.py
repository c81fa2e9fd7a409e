"""The integral of a gradient along a path, with nodes where the score needs them.

A path of embeddings can be smooth (a few nodes then give five digits) or anything but. Near a zero
embedding, models that normalise without a bias (RMSNorm: Llama, Qwen, Gemma) amplify small inputs
up to 1/√ε ≈ 1,000 times in every normalisation, so that the score already moves at α = 1e-10; and a
sharply trained model jumps by whole nats in between. Evenly spread nodes miss both, however many.

What makes this easy is that the answer to each piece of the path is known: the gradient's integral
from α = a to b must equal F(b) − F(a), and that from a to any place between as well. So first the
scores are looked at, which cost a third of their gradients (``survey.py``), and pieces are chosen
with as many nodes as each seems to need (``mesh.py``). How far a piece is off is then known at
every place that was looked at. At its end alone it may be right by chance, with values that are all
wrong; and where it is off, it is cut.

What is still missing is known to the last digit in its sum. It is divided among the tokens as the
gradients there suggest: where a score jumps, the whole integrand is along the direction in which
it jumps. So values add up, unless no gradient was seen at all.

Source: composite quadrature with bisection of the worst intervals (Piessens et al. 1983, QUADPACK),
with exact errors in place of estimates. Sharing a known remainder by the squares of gradients is
that of Yang et al. 2023, "IDGI" (arXiv:2303.14242), with products of each with their sum beside
them, which is a control variate whose integral is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.methods.mesh import Planned, gauss, partial_integrals, plan
from tokenviz.model.attributing.methods.survey import START, Array, Interval, Survey
from tokenviz.model.running.forward import wide

__all__ = ["FEWEST", "START", "Integral", "Path"]

FEWEST = 2
"""Nodes of a piece."""
_MOST = 31  # of them
_FORETOLD = 1.0  # how far pieces may seem to be off, as a multiple of what a value may be
_CLOSE = 0.1  # and how well scores are foretold between those that were looked at
_CLOSEST = 1e-3  # of their change: more is left to cutting pieces
_LOOKS = 512  # at a path, beyond the first
_LOOKS_PER_NODE = 4
_ENOUGH = 0.7  # down to what share of what is allowed a round works


class Integral(NamedTuple):
    """What was found.

    Parameters
    ----------
    values
        float64, ``[n, m]``.
    errors
        How far each value may be off, ``[n, m]``: what pieces missed of the score, as a share of
        how much it moved there, of the magnitude of the token's integrand; the root of the sum of
        their squares. Where tokens' gradients cancel in the score all along, it cannot be told.
    n_steps
        Nodes of each target, int64, ``[m]``.
    reached
        Whether the largest error of each target is no more than was allowed, ``[m]``.
    """

    values: torch.Tensor
    errors: torch.Tensor
    n_steps: torch.Tensor
    reached: torch.Tensor


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
        self._counted = objective.rows_of_scores(START - 1) + objective.rows_of_products(FEWEST)
        with objective.work.whole():
            self.ends = self.scores(torch.tensor([0.0, 1.0]))

    def scores(self, alphas: torch.Tensor) -> torch.Tensor:
        """F of all targets along the path, float64 on the CPU, ``[alphas, m]``."""
        targets = torch.arange(self._objective.n_targets)
        return self._objective.scores(self._at(alphas.double()), targets)

    def integral(self, n_steps: int) -> tuple[torch.Tensor, int]:
        """(x − x') · ∫ ∂F/∂x dα with exactly so many Gauss–Legendre nodes in α, ``[n, m]``.

        Where time runs out it is with the nodes that were finished, whose number comes beside it.
        They are taken in an order in which any first of them are spread over the path.
        """
        places, weights = gauss(n_steps)
        order = _spread(n_steps)
        places, weights = places[order], weights[order]
        products = self._products(torch.as_tensor(places), torch.arange(self._objective.n_targets))
        count = len(products)
        if self._objective.work.late:
            unfinished = products.isnan().flatten(1).any(1).nonzero()[:1, 0].tolist()
            count = max(1, *unfinished) if unfinished else count
            weights = weights if count == len(places) else _cells(places[:count])
        return torch.einsum("s,stn->nt", torch.as_tensor(weights), products[:count]), count

    def survey(self) -> Survey:
        """Nothing but the ends yet."""

        def scores(places: Array) -> Array:
            self._expect(self._objective.rows_of_scores(len(places)))
            with self._objective.work.whole():
                found: Array = self.scores(torch.as_tensor(places)).numpy()
            return found

        return Survey(scores, self.ends.numpy())

    def adaptive_integral(
        self,
        allowed: torch.Tensor,
        rounding: torch.Tensor,
        most: int,
        follow: Callable[[torch.Tensor], None] = lambda errors: None,
    ) -> Integral:
        """The same, with pieces that are cut until no value is off by more than is allowed.

        Parameters
        ----------
        allowed
            For each target, how far a value may be off, ``[m]``.
        rounding
            For each target, the error of a piece that is only rounding, ``[m]``: more nodes would
            not help, so it does not count.
        most
            How many nodes a target may take.
        follow
            Told of the errors reached, ``[m]``, before each round.
        """
        work = self._objective.work
        survey = self.survey()
        change = (self.ends[1] - self.ends[0]).abs()
        close = (_CLOSE * allowed).maximum(_CLOSEST * change).maximum(4 * rounding)
        looks = START + 1 + min(_LOOKS, _LOOKS_PER_NODE * most)
        survey.explore(close.numpy(), looks, self._has_time_for_scores)
        pieces = self._planned(survey, allowed, rounding, most)
        while True:
            errors = _errors(pieces, rounding, len(self._delta), len(allowed))
            worst = errors.amax(0)
            follow(worst)
            chosen = self._chosen(pieces, errors, allowed, rounding, most)
            if not chosen:
                break
            try:
                with work.whole():
                    finer = self._refined(survey, pieces, chosen)
            except KeyboardInterrupt:
                work.interrupted = True
            if work.interrupted:  # the last full round is what is finished
                break
            pieces = finer
        values = torch.zeros(len(self._delta), len(allowed), dtype=torch.float64)
        for piece in pieces:
            values[:, piece.target] += piece.values
        return Integral(values, errors, _nodes(pieces, len(allowed)), worst <= allowed)

    def _has_time_for_scores(self, count: int) -> bool:
        """And for some gradients after them."""
        rows = self._objective.rows_of_scores(count) + self._objective.rows_of_products(FEWEST)
        return self._objective.work.has_time_for(rows)

    def _planned(
        self, survey: Survey, allowed: torch.Tensor, rounding: torch.Tensor, most: int
    ) -> list[_Piece]:
        """The first pieces; coarser ones where there is no time for better, or too few nodes."""
        may = _FORETOLD * allowed.maximum(_CLOSEST * (self.ends[1] - self.ends[0]).abs())
        may = may.maximum(rounding).clamp_min(torch.finfo(torch.float32).tiny)
        while True:
            planned = plan(survey, may.numpy())
            nodes = torch.tensor([sum(piece.nodes for piece in own) for own in planned])
            too_many = (nodes > most) & (nodes > FEWEST)
            if not bool(too_many.any()):
                is_least = bool((nodes <= FEWEST).all())
                if is_least or self._objective.work.has_time_for(self._rows(planned)):
                    break
                too_many[:] = True
            may = torch.where(too_many, 2 * may, may)
        with self._objective.work.whole():
            return self._computed(survey, [
                (target, piece) for target, own in enumerate(planned) for piece in own
            ])  # fmt: skip

    def _rows(self, planned: Sequence[Sequence[Planned]]) -> int:
        return sum(
            self._objective.rows_of_products(
                sum(piece.nodes for piece in own), torch.tensor([target])
            )
            for target, own in enumerate(planned)
        )

    def _chosen(
        self,
        pieces: list[_Piece],
        errors: torch.Tensor,
        allowed: torch.Tensor,
        rounding: torch.Tensor,
        most: int,
    ) -> list[int]:
        """Which pieces to refine: of each target, those that its worst value is off by most."""
        room = (most - _nodes(pieces, len(allowed))).tolist()
        by_target: dict[int, list[tuple[float, int]]] = defaultdict(list)
        worst = errors.argmax(0)
        for index, piece in enumerate(pieces):
            carried = float(piece.carried[worst[piece.target]])
            off = piece.off(float(rounding[piece.target])) * carried
            by_target[piece.target].append((off, index))
        chosen: list[tuple[float, int]] = []
        for target, own in by_target.items():
            limit = float(allowed[target])
            left = sum(off**2 for off, _ in own)
            if not left > limit**2:  # nor is a NaN an error that more nodes would mend
                continue
            for off, index in sorted(own, reverse=True):
                room[target] -= pieces[index].growth
                if left <= (_ENOUGH * limit) ** 2 or room[target] < 0 or off == 0:
                    break
                if not pieces[index].interval.is_narrow:
                    chosen.append((off / limit, index))
                left -= off**2
        rows, affordable = 0, []
        for _, index in sorted(chosen, reverse=True):
            fresh = sum(part.nodes for part in pieces[index].finer)
            rows += self._objective.rows_of_products(fresh, torch.tensor([pieces[index].target]))
            if not self._objective.work.has_time_for(rows):
                break
            affordable.append(index)
        return affordable

    def _refined(self, survey: Survey, pieces: list[_Piece], chosen: list[int]) -> list[_Piece]:
        """Give pieces more nodes, or cut them."""
        fresh: list[tuple[int, Planned]] = []
        before: list[float] = []
        places: list[float] = []
        for index in chosen:
            piece = pieces[index]
            for part in piece.finer:
                fresh.append((piece.target, part))
                before.append(piece.missed)
                places += [part.high, Interval(part.low, part.high).middle]
        survey.look(sorted(set(places) - {1.0}))
        kept = set(range(len(pieces))) - set(chosen)
        return [pieces[k] for k in sorted(kept)] + self._computed(survey, fresh, before)

    def _computed(
        self,
        survey: Survey,
        wanted: Sequence[tuple[int, Planned]],
        before: Sequence[float] | None = None,
    ) -> list[_Piece]:
        """Pieces of targets, integrated. What several targets want is computed together."""
        targets_of: dict[Planned, list[int]] = defaultdict(list)
        for target, piece in wanted:
            targets_of[piece].append(target)
        together: dict[tuple[int, ...], list[Planned]] = defaultdict(list)
        for piece, own in targets_of.items():
            together[tuple(sorted(set(own)))].append(piece)
        products: dict[tuple[int, Planned], torch.Tensor] = {}
        for group, pieces in together.items():
            alphas = np.concatenate(
                [piece.low + (piece.high - piece.low) * gauss(piece.nodes)[0] for piece in pieces]
            )
            targets = torch.tensor(group)
            rows = self._objective.rows_of_products(len(alphas), targets)
            self._expect(rows)
            found = self._products(torch.as_tensor(alphas), targets)
            parts = torch.split(found, [piece.nodes for piece in pieces])
            for piece, part in zip(pieces, parts, strict=True):
                for k, target in enumerate(group):
                    products[target, piece] = part[:, k]
        return [
            _piece(survey, target, piece, products[target, piece], before[k] if before else None)
            for k, (target, piece) in enumerate(wanted)
        ]

    def _expect(self, rows: int) -> None:
        """Say of work that it is more, but for what an adaptive integral is known to take."""
        known = min(rows, self._counted)
        self._counted -= known
        self._objective.work.expect_more(rows - known)

    def _products(self, alphas: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """(x − x') · ∂F/∂x along the path, float64 on the CPU, ``[alphas, t, n]``."""
        return self._objective.products(self._at(alphas), self._delta, targets)

    def _at(self, alphas: torch.Tensor) -> torch.Tensor:
        steps = alphas.to(self._delta.dtype).to(self._delta.device)[:, None, None]
        return self._start + steps * self._delta


@dataclass(frozen=True)
class _Piece:
    """A piece of the path for one target.

    ``missed`` is the most that its integral is off at any place that was looked at, ``before`` the
    same of what it was refined from; ``values`` ``[n]`` add up to the change of the score along it.
    What is missed of the score is missed of each token in proportion: ``carried`` ``[n]`` are the
    magnitudes of each one's integrand, as multiples of that of their sum.
    """

    target: int
    planned: Planned
    missed: float
    before: float | None
    values: torch.Tensor
    carried: torch.Tensor

    @property
    def interval(self) -> Interval:
        return Interval(self.planned.low, self.planned.high)

    @property
    def is_smooth(self) -> bool:
        """Whether more nodes promise more than a cut: the last refinement did much."""
        fell = self.before is not None and self.missed * 2.0**self.planned.nodes < self.before
        return fell and self.planned.nodes < _MOST

    @property
    def finer(self) -> list[Planned]:
        """What it is refined to: itself with more nodes, or halves."""
        low, high, count = self.planned
        if self.is_smooth:
            return [Planned(low, high, min(2 * count + 1, _MOST))]
        middle, more = self.interval.middle, max(count, FEWEST + 1)
        return [Planned(low, middle, more), Planned(middle, high, more)]

    @property
    def growth(self) -> int:
        """How many more nodes a refinement takes."""
        return sum(part.nodes for part in self.finer) - self.planned.nodes

    def off(self, rounding: float) -> float:
        """What it is off by beyond rounding."""
        return max(0.0, self.missed - rounding) if self.missed == self.missed else self.missed


def _piece(
    survey: Survey, target: int, planned: Planned, products: torch.Tensor, before: float | None
) -> _Piece:
    low, high, count = planned
    width = high - low
    weights = width * torch.as_tensor(gauss(count)[1])[:, None]
    places, changes = survey.within(low, high)
    slopes = products.sum(1)
    integrals = width * partial_integrals(count, (places - low) / width) @ slopes.numpy()
    off = integrals - changes[:, target]
    values = (weights * products).sum(0)
    # Its sum over tokens is one of squares.
    division = (weights * (products.square() + products * slopes[:, None])).sum(0)
    if float(division.sum()) > 0:
        left = float(changes[-1, target]) - values.sum()
        values = values + left * division / division.sum()
    sizes, size = (weights * products.abs()).sum(0), (weights[:, 0] * slopes.abs()).sum()
    # Where no gradient was seen at all, each token may have made the whole change.
    carried = sizes / size if float(size) > 0 else torch.ones_like(sizes)
    return _Piece(target, planned, float(np.abs(off).max()), before, values, carried)


def _errors(pieces: Sequence[_Piece], rounding: torch.Tensor, n: int, m: int) -> torch.Tensor:
    """How far values may be off, had each piece its sign by chance, ``[n, m]``."""
    squares = torch.zeros(n, m, dtype=torch.float64)
    for piece in pieces:
        off = piece.off(float(rounding[piece.target]))
        squares[:, piece.target] += (off * piece.carried).square()
    return squares.sqrt()


def _nodes(pieces: Sequence[_Piece], m: int) -> torch.Tensor:
    nodes = torch.zeros(m, dtype=torch.int64)
    for piece in pieces:
        nodes[piece.target] += piece.planned.nodes
    return nodes


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
