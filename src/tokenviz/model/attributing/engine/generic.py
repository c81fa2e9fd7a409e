"""F for any causal language model of transformers: its own forward, and autograd.

A causal model needs no mask for padding on the right, so continuations of different lengths go in
one batch, and only the logits that predict their tokens are computed. Rows of a batch do not touch
each other, so one backward pass of the sum over rows is the gradient of every row: whole
continuations cost one backward pass together, the tokens of one continuation one each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import torch

from tokenviz.model.attributing.asking.targets import Term
from tokenviz.model.attributing.engine.batch import Batch, by_branch
from tokenviz.model.attributing.engine.objective import Objective, Reduce
from tokenviz.model.attributing.engine.perturbing import (
    first_changed,
    first_deleted,
    in_two_parts,
    unchanged_first,
)
from tokenviz.model.attributing.engine.prefix import Prefix, shares_prefix
from tokenviz.model.attributing.engine.quantised import whole_gradient
from tokenviz.model.attributing.engine.scaling import in_range
from tokenviz.model.attributing.engine.watching import rows_of_value_norms, value_norms
from tokenviz.model.running.forward import setting, wide
from tokenviz.model.running.positions import grows_with_length

__all__ = ["GenericObjective"]

_MEMORY = 1 / 6  # of a row in flight is what a row takes that is only remembered, at most
_ACTIVATIONS = 34  # numbers that a block keeps for each of its width, about
# What torch.compile says where what it compiled lets go of its memory in a backward pass: each then
# needs a forward pass of its own.
_ONCE = "retain_graph=False"
_ROUNDS = 16  # terms of one continuation that share a forward pass, cut off after the last of them


class GenericObjective(Objective):
    """See :class:`Objective`."""

    def bytes_per_row(self) -> int:
        """What autograd keeps of a position, roughly; the logits that are read with it."""
        layers = setting(self.lm.model, "num_hidden_layers") or 12
        heads = setting(self.lm.model, "num_attention_heads") or 0
        item = self.inputs.dtype.itemsize
        width = self.lm.embedding(torch.zeros(1, dtype=torch.int64, device=self.lm.device)).shape[
            -1
        ]
        activations = layers * item * (_ACTIVATIONS * width + 3 * heads * self.longest)
        read = self.longest - self.n_prompt + 1
        logits = 3 * max(4, item) * self.lm.vocabulary_size * read // self.longest
        return int(activations + logits)

    def rows_of_scores(self, points: int) -> int:
        """See :meth:`Objective.rows_of_scores`."""
        return points * self._branches * self.longest

    def rows_of_products(self, points: int, wanted: torch.Tensor | None = None) -> int:
        """See :meth:`Objective.rows_of_products`."""
        # A forward pass for every few terms of each continuation, a backward pass for each.
        (terms, _), rows = self._terms(wanted), 0
        for chunk in self._chunks(terms):
            members = [terms[index] for own in chunk for index in own]
            length = self.n_prompt + self.rows_after(members)
            rows += len({term.branch for term in members}) * length * (1 + len(chunk))
        return points * rows

    def rows_of_gradients(self) -> int:
        """See :meth:`Objective.rows_of_gradients`."""
        return self.rows_of_products(1)

    def rows_of_value_norms(self) -> int:
        """See :meth:`Objective.rows_of_value_norms`."""
        columns = [(row != 0).nonzero()[:, 0].tolist() for row in self._matrix]
        return rows_of_value_norms(self, self._targets.terms, columns)

    def rows_of_perturbed(self, masks: torch.Tensor) -> int:
        """See :meth:`Objective.rows_of_perturbed`."""
        return self.rows_of_scores(len(masks)) - self._rows_shared(first_changed(masks))

    def rows_of_deleted(self, masks: torch.Tensor) -> int:
        """See :meth:`Objective.rows_of_deleted`."""
        gone = masks.sum(-1)
        rows = self.rows_of_scores(len(masks)) - self._branches * int(gone.sum())
        return rows - self._rows_shared(first_deleted(masks, self.n_prompt - gone))

    def _rows_shared(self, starts: torch.Tensor) -> int:
        """Rows that need not be run where variants share what is before they start, ``[v]``."""
        if not self._shares or not len(starts):
            return 0
        return self._branches * int(starts.sum()) - int(starts.max())

    @cached_property
    def _shares(self) -> bool:
        """Whether variants of the prompt can share its beginning."""
        return shares_prefix(self.lm, self.longest)

    @property
    def _branches(self) -> int:
        return len({term.branch for term in self._targets.terms})

    def apart(self, terms: Sequence[Term]) -> list[list[int]]:
        """Terms that may be computed in one batch.

        Where positions are embedded by how long the text is, continuations of different lengths
        would change each other's scores, so each is run by itself.
        """
        if not grows_with_length(self.lm.model):
            return [list(range(len(terms)))]
        return by_branch(terms)

    def _chunks(self, terms: Sequence[Term]) -> list[list[list[int]]]:
        """Terms that share a forward pass, and of those the ones that share a backward pass."""
        return [
            [[own[index] for index in members] for members in chunk]
            for own in self.apart(terms)
            for chunk in _chunks([terms[k] for k in own])
        ]

    def rows_after(self, terms: Sequence[Term]) -> int:
        """Rows that are read after the prompt's last for some terms of one batch."""
        if grows_with_length(
            self.lm.model
        ):  # always the whole continuation, whichever terms are wanted
            branches = {term.branch for term in terms}
            terms = [term for term in self._targets.terms if term.branch in branches]
        return max(term.last_row for term in terms)

    def _term_scores(self, points: torch.Tensor, terms: Sequence[Term]) -> torch.Tensor:
        if len(apart := self.apart(terms)) > 1:
            return _joined(
                [self._term_scores(points, [terms[k] for k in own]) for own in apart], apart
            )
        batch = Batch(self, terms)

        def run(piece: slice) -> torch.Tensor:
            with torch.no_grad():
                scores = batch.each(points[piece]).cpu().double()
            self.work.advance(len(scores) * rows)
            return scores

        rows = len(batch.branches) * (points.shape[1] + batch.longest)
        return self.work.in_pieces(len(points), rows, run)

    def _term_products(
        self, points: torch.Tensor, directions: torch.Tensor, terms: Sequence[Term]
    ) -> torch.Tensor:
        directions = wide(directions)
        return self._pulled(
            points, terms, lambda g: torch.linalg.vecdot(wide(g), directions).cpu().double()
        )

    def _term_gradients(
        self, point: torch.Tensor, terms: Sequence[Term], reduce: Reduce
    ) -> torch.Tensor:
        return self._pulled(point[None], terms, reduce)[0]

    def _term_perturbed(
        self,
        inputs: torch.Tensor,
        replacement: torch.Tensor,
        masks: torch.Tensor,
        terms: Sequence[Term],
    ) -> torch.Tensor:
        def late(variants: torch.Tensor, start: int) -> torch.Tensor:
            mask = masks[variants, start:].to(inputs.device)[..., None]
            return torch.where(mask, replacement[start:], inputs[start:])

        changed = first_changed(masks)
        return self._varied(inputs, masks.any(-1), changed, late, self.n_prompt, terms)

    def _term_deleted(
        self, inputs: torch.Tensor, masks: torch.Tensor, terms: Sequence[Term]
    ) -> torch.Tensor:
        def of_one_length(own: torch.Tensor) -> torch.Tensor:
            kept = self.n_prompt - int(own[0].sum())

            def late(variants: torch.Tensor, start: int) -> torch.Tensor:
                left = (~own[variants]).to(inputs.device)
                return torch.stack([inputs[one][start:] for one in left])

            starts = first_deleted(own, torch.tensor(kept))
            return self._varied(inputs, own.any(-1), starts, late, kept, terms)

        return self._by_length(masks, len(terms), of_one_length)

    def _varied(
        self,
        inputs: torch.Tensor,
        differs: torch.Tensor,
        starts: torch.Tensor,
        late: Callable[[torch.Tensor, int], torch.Tensor],
        length: int,
        terms: Sequence[Term],
    ) -> torch.Tensor:
        """Scores of variants of a prompt ``[v, terms]``, each run from where it begins to differ.

        Parameters
        ----------
        inputs
            The prompt, ``[n, w]``.
        differs
            Whether a variant is another than the prompt, ``[v]``.
        starts
            The first row of each variant that is not the prompt's own, ``[v]``.
        late
            From variants and a row to what they have from it on, ``[variants, length − row, w]``.
        length
            Of each variant.
        terms
            Which are wanted.
        """
        if not self._shares:
            starts = torch.zeros_like(starts)
        batch, prefix = Batch(self, terms), Prefix(self.lm, self.inputs, inputs)
        order, plain = unchanged_first(differs, starts)

        def run(piece: slice) -> torch.Tensor:
            variants = order[piece]
            start = int(starts[variants[0]])
            rows = late(variants, start)
            if not self._shares:
                return self._term_scores(rows, terms)
            with torch.no_grad():
                cache = prefix.copied(start, len(variants) * len(batch.branches))
                scores = batch.each(rows, cache).cpu().double()
            own = int((length - starts[variants] + batch.longest).sum())
            self.work.advance(len(batch.branches) * own)
            return scores

        def rows_of(item: int) -> int:
            start = int(starts[order[item]])
            own = length - start + batch.longest + int(start * _MEMORY)
            return len(batch.branches) * own

        if self._shares:
            self.work.advance(int(starts.max()))
        return in_two_parts(self.work, plain, len(order), rows_of, run)[order.argsort()]

    def _likeliest(self, terms: Sequence[Term], count: int) -> dict[tuple[int, int], torch.Tensor]:
        found = {}
        for own in self.apart(terms):
            batch = Batch(self, [terms[k] for k in own])
            found.update(batch.likeliest(self._prompt, count))
        self.work.advance(self.rows_of_rivals())
        return found

    def _value_norms(self, point: torch.Tensor) -> torch.Tensor:
        def run(columns: slice) -> torch.Tensor:
            terms, matrix = self._terms(torch.arange(self.n_targets)[columns])
            return value_norms(self, point, terms, matrix)

        # Columns of one continuation share the pass over it.
        rows = max(1, self._branches * self.longest // self.n_targets)
        return self.work.in_pieces(self.n_targets, rows, run)

    def _pulled(
        self,
        points: torch.Tensor,
        terms: Sequence[Term],
        reduce: Reduce,
    ) -> torch.Tensor:
        """Gradients of terms at points, ``[P, terms, n, d]``, reduced as soon as they are there."""
        pieces, order = [], []
        chunks = self._chunks(terms)
        while chunks:
            chunk = chunks.pop(0)
            try:
                pieces.append(self._pulled_together(points, terms, chunk, reduce))
            except RuntimeError as error:
                if len(chunk) == 1 or _ONCE not in str(error):
                    raise
                chunks = [[own] for own in chunk] + chunks
                continue
            order += [index for members in chunk for index in members]
            if chunks and self.work.must_stop:
                missing = len(terms) - len(order)
                shape = (len(points), missing, *pieces[0].shape[2:])
                pieces.append(pieces[0].new_full(shape, torch.nan))
                order += [k for k in range(len(terms)) if k not in set(order)]
                break
        return torch.cat(pieces, dim=1)[:, torch.tensor(order).argsort()]

    def _pulled_together(
        self,
        points: torch.Tensor,
        terms: Sequence[Term],
        rounds: list[list[int]],
        reduce: Reduce,
    ) -> torch.Tensor:
        """Terms of some rounds from one forward pass, in the order of the rounds."""
        members = [index for own in rounds for index in own]
        batch = Batch(self, [terms[index] for index in members])
        count, dtype = len(batch.branches), self.inputs.dtype

        def run(piece: slice) -> torch.Tensor:
            leaf = points[piece].repeat_interleave(count, dim=0).detach().requires_grad_()
            with torch.enable_grad():
                scores = batch.scores(leaf)
            self.work.advance(len(leaf) * (leaf.shape[1] + batch.longest))
            gradients, first = [], 0
            for own in rounds:
                last = first + len(own)
                rows = batch.row_of[first:last]
                with torch.enable_grad():
                    total = torch.stack(
                        [
                            scores[k][row::count].sum()
                            for k, row in zip(range(first, last), rows, strict=True)
                        ]
                    ).sum()
                last_round = last == len(members)

                def scaled(
                    scale: float, total: torch.Tensor = total, last_round: bool = last_round
                ) -> torch.Tensor:
                    kept = not last_round or dtype == torch.float16
                    with torch.enable_grad(), whole_gradient():
                        try:
                            return torch.autograd.grad(total * scale, leaf, retain_graph=kept)[0]
                        except AssertionError as error:  # of a backward that the model has written
                            raise RuntimeError(f"its backward refuses: {error}") from error

                gradient = in_range(scaled, dtype)
                self.work.advance(gradient.shape[0] * (gradient.shape[1] + batch.longest))
                gradients += [reduce(gradient[row::count]) for row in rows]
                first = last
            return torch.stack(gradients, dim=1)

        return self.work.in_pieces(len(points), count * (points.shape[1] + batch.longest), run)


def _joined(parts: list[torch.Tensor], members: list[list[int]]) -> torch.Tensor:
    """Parts ``[P, terms of the part, …]`` in the order of all terms."""
    order = torch.tensor([index for own in members for index in own])
    return torch.cat(parts, dim=1)[:, order.argsort()]


def _chunks(terms: Sequence[Term]) -> list[list[list[int]]]:
    """Terms that share a forward pass, and of those the ones that share a backward pass.

    One term of each continuation at a time can share a backward pass.
    """
    branches = by_branch(terms)
    rounds = [
        [members[r] for members in branches if r < len(members)]
        for r in range(max(map(len, branches)))
    ]
    return [rounds[start : start + _ROUNDS] for start in range(0, len(rounds), _ROUNDS)]
