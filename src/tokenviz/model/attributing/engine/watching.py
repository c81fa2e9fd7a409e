"""How a score moves with what attention reads of each token, for any model, by autograd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from tokenviz.model.attributing.asking.targets import Term
from tokenviz.model.attributing.engine.batch import Batch
from tokenviz.model.attributing.engine.objective import UnseenValuesError, norms_of_values
from tokenviz.model.attributing.engine.quantised import whole_gradient
from tokenviz.model.running.undoing import undone
from tokenviz.model.running.values import SeenValues

if TYPE_CHECKING:
    from tokenviz.model.attributing.engine.generic import GenericObjective

__all__ = ["rows_of_value_norms", "value_norms"]


def value_norms(
    objective: GenericObjective, point: torch.Tensor, terms: Sequence[Term], matrix: torch.Tensor
) -> torch.Tensor:
    """See :meth:`Objective.value_norms`: of columns, sums of terms with weights."""
    _ = objective.rivals  # whose own pass is not to be watched
    count, n = len(matrix), len(point)
    # Of each column, the gradients of each layer: its continuations all read one prompt.
    totals: list[list[torch.Tensor]] = [[] for _ in range(count)]
    values: list[torch.Tensor] = []
    for own in objective.apart(terms):
        members, weights = [terms[k] for k in own], matrix[:, own]
        batch = Batch(objective, members)
        leaf = point.expand(len(batch.branches), -1, -1).detach().clone().requires_grad_()
        with torch.enable_grad(), undone(SeenValues(objective.lm.model)) as seen:
            scores = batch.scores(leaf)
        length = leaf.shape[1] + batch.longest
        layers = seen.layers
        if not (layers and all(_is_whole(layer, length) for layer in layers)):
            raise UnseenValuesError
        objective.work.advance(len(leaf) * length)
        values = [layer[0, :, layer.shape[2] - length :][:, :n].detach() for layer in layers]
        rounds = _rounds([_branches_of(row, batch) for row in weights])
        for columns in rounds:
            with torch.enable_grad():
                total = torch.stack(
                    [
                        scores[k][batch.row_of[k]] * float(weights[column, k])
                        for column in columns
                        for k in weights[column].nonzero()[:, 0].tolist()
                    ]
                ).sum()
            with torch.enable_grad(), whole_gradient():
                kept = columns is not rounds[-1]
                gradients = torch.autograd.grad(
                    total, layers, retain_graph=kept, materialize_grads=True
                )
            objective.work.advance(len(leaf) * length)
            for column in columns:
                rows = sorted(_branches_of(weights[column], batch))
                moved = [gradient[rows].sum(0) for gradient in gradients]
                moved = [part[:, part.shape[1] - length :][:, :n] for part in moved]
                before = totals[column] or [torch.zeros_like(part) for part in moved]
                totals[column] = [a + b for a, b in zip(before, moved, strict=True)]
    norms = torch.zeros(count, n, dtype=torch.float64)
    for column, parts in enumerate(totals):
        for value, part in zip(values, parts, strict=True):
            norms[column] += norms_of_values(value.transpose(0, 1), part.transpose(0, 1)[None])[0]
    if not bool(norms.isfinite().all()):  # it overflows in 16 bits
        raise UnseenValuesError
    return norms


def rows_of_value_norms(
    objective: GenericObjective, terms: Sequence[Term], columns: Sequence[Sequence[int]]
) -> int:
    """Token positions that it goes through for columns, each of some terms by their numbers."""
    rows = 0
    for own in objective.apart(terms):
        branches = {terms[k].branch for k in own}
        length = objective.n_prompt + objective.rows_after([terms[k] for k in own])
        each = [{terms[k].branch for k in column if k in set(own)} for column in columns]
        rows += len(branches) * length * (1 + len(_rounds(each)))
    return rows


def _is_whole(values: torch.Tensor, length: int) -> bool:
    """Whether values ``[b, heads, rows, d]`` are of all rows, and depend on them."""
    return values.ndim == 4 and values.shape[2] >= length and values.requires_grad


def _branches_of(weights: torch.Tensor, batch: Batch) -> set[int]:
    """The rows of a batch that a column is made of."""
    return {batch.row_of[k] for k in weights.nonzero()[:, 0].tolist()}


def _rounds(branches: Sequence[set[int]]) -> list[list[int]]:
    """Columns that share a backward pass: no two of them read one row of the batch."""
    rounds: list[tuple[set[int], list[int]]] = []
    for column, own in enumerate(branches):
        if not own:
            continue
        fitting = next((one for one in rounds if not one[0] & own), None)
        if fitting is None:
            rounds.append((set(own), [column]))
        else:
            fitting[0].update(own)
            fitting[1].append(column)
    return [columns for _, columns in rounds]
