"""F for a decoder of a known layout, differentiated in the cheaper direction.

Let n be the tokens of the prompt and N the rows of prompt and continuations together. Reverse mode
costs p + 1 rows for a term at row p, forward mode N − i rows for token i of the prompt; which takes
fewer operations is counted from the shape of the model. Replacing token i leaves rows before i as
they were: variants of a prompt start at the first token in which they differ from it, and share
what is before. Log-odds need the prompt run first, to see who the rivals are: that run then serves
the gradients there and the variants, too. Of a text that was rehearsed (``rehearsal``) that
run, and the variants with one token blanked out, are there already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import torch

from tokenviz.model.attributing.asking.targets import ScoreName, Targets, Term
from tokenviz.model.attributing.engine.modes import Linearisation
from tokenviz.model.attributing.engine.objective import Objective, Reduce, norms_of_values
from tokenviz.model.attributing.engine.packing import Packing
from tokenviz.model.attributing.engine.perturbing import (
    first_changed,
    first_deleted,
    in_two_parts,
    rows_of_masks,
    unchanged_first,
)
from tokenviz.model.attributing.engine.readout import Readout
from tokenviz.model.attributing.engine.rehearsal import Rehearsal
from tokenviz.model.attributing.engine.work import Work
from tokenviz.model.decoder import Decoder, Rows
from tokenviz.model.decoder.block import KeySide
from tokenviz.model.decoder.decoder import Computed
from tokenviz.model.decoder.ragged import Ragged
from tokenviz.model.running.forward import wide
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["FastObjective"]

_BESIDE = 1.5  # times that is in use, between two results
_SHARE = 4  # cotangents or tangents that should fit beside each other at the points in flight


class FastObjective(Objective):
    """See :class:`Objective`; ``decoder`` is the model, taken apart.

    ``rehearsal`` is of a text that begins with the prompt and its only continuation, if there is
    one.
    """

    def __init__(
        self,
        lm: LoadedModel,
        targets: Targets,
        score: ScoreName,
        prompt: torch.Tensor,
        work: Work,
        decoder: Decoder,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        super().__init__(lm, targets, score, prompt, work)
        self.decoder = decoder
        self._rehearsal = rehearsal
        self._readout = Readout(decoder.head, score)

    @property
    def dtype(self) -> torch.dtype:
        """See :attr:`Objective.dtype`: parts of 16 bits are computed with in float32."""
        return torch.promote_types(self.lm.dtype, torch.float32)

    def bytes_per_row(self) -> int:
        """See :meth:`Objective.bytes_per_row`."""
        kept, moving = self.decoder.bytes_per_row(self.longest)
        return int((kept // _SHARE + moving) * _BESIDE)

    def bytes_of_logits(self, rows: int) -> int:
        """See :meth:`Objective.bytes_of_logits`."""
        points = max(1, rows // self._rows)
        return self._readout.bytes_held(points * len(self._packing.reads))

    def rows_of_scores(self, points: int) -> int:
        """See :meth:`Objective.rows_of_scores`."""
        return points * self._rows

    def rows_of_products(self, points: int, wanted: torch.Tensor | None = None) -> int:
        """See :meth:`Objective.rows_of_products`."""
        packing, _ = self._pack(self.n_prompt, self._terms(wanted)[0], odds=False)
        pulled = sum(packing.term_rows())
        cheaper = _forward_rows(packing) if self._pushes(packing) else pulled
        return points * (len(packing.rows) + cheaper)

    def rows_of_gradients(self) -> int:
        """See :meth:`Objective.rows_of_gradients`."""
        return self._rows + sum(self._packing.term_rows())

    def rows_of_perturbed(self, masks: torch.Tensor) -> int:
        """See :meth:`Objective.rows_of_perturbed`."""
        if self._shares:
            return rows_of_masks(masks[masks.any(-1)], self._rows)
        return self.n_prompt + rows_of_masks(masks, self._rows)

    def rows_of_deleted(self, masks: torch.Tensor) -> int:
        """See :meth:`Objective.rows_of_deleted`."""
        gone = masks.sum(-1)
        kept = self.n_prompt - gone
        before = 0 if self._shares else self.n_prompt
        return before + int((self._rows - gone - first_deleted(masks, kept)).sum())

    def rows_of_value_norms(self) -> int:
        """See :meth:`Objective.rows_of_value_norms`."""
        return self.rows_of_gradients() - (self._rows if self._shares else 0)

    @property
    def _rows(self) -> int:
        return len(self._packing.rows)

    @cached_property
    def _packing(self) -> Packing:
        """The packed rows of all terms."""
        return self._pack(self.n_prompt, self._targets.terms, odds=False)[0]

    @property
    def _shares(self) -> bool:
        """Whether the prompt with all its continuations is run once, and kept."""
        is_first = self.rows_of_rivals() > 0 and all(t.has_rivals for t in self._targets.terms)
        return is_first and self._fits(self._rows)

    @cached_property
    def _run(self) -> Computed:
        """That run, where it is kept; its rows are those of ``_packing``."""
        packing, after = self._pack(self.n_prompt, self._targets.terms, odds=False)
        if self._rehearsal is not None:
            return self._rehearsal.run(len(packing.rows), packing.reads)
        embeddings = _joined(self._prompt[None].to(self.dtype), after)
        return self.decoder.compute(embeddings, packing.rows, packing.reads)

    def _is_run(self, point: torch.Tensor) -> bool:
        """Whether a point ``[n, d]`` is the prompt, and its run is kept."""
        if point is not self._prompt:
            return False
        return self._rehearsal is not None or (self._shares and bool(self.rivals))

    def _likeliest(self, terms: Sequence[Term], count: int) -> dict[tuple[int, int], torch.Tensor]:
        packing, after = self._pack(self.n_prompt, terms, odds=False)
        if self._rehearsal is not None or self._shares:
            hidden = self._run.hidden
        else:
            embeddings = _joined(wide(self._prompt)[None], after)
            hidden = self.decoder.run(embeddings, packing.rows, packing.reads)
        if self._rehearsal is None:
            self.work.advance(self.rows_of_rivals())
        tops = self._readout.likeliest(hidden, packing, count)
        return {place: tops[packing.read_of(pair)] for pair, place in enumerate(packing.places)}

    def _term_scores(self, points: torch.Tensor, terms: Sequence[Term]) -> torch.Tensor:
        packing, after = self._pack(points.shape[1], terms)

        def run(piece: slice) -> torch.Tensor:
            embeddings = _joined(points[piece], after)
            hidden = self.decoder.run(embeddings, packing.rows, packing.reads)
            self.work.advance(embeddings.shape[0] * embeddings.shape[1])
            return self._readout.scores(hidden, packing).cpu().double()

        return self.work.in_pieces(len(points), len(packing.rows), run)

    def _term_products(
        self, points: torch.Tensor, directions: torch.Tensor, terms: Sequence[Term]
    ) -> torch.Tensor:
        wide_directions = wide(directions)

        def run(at: Linearisation) -> torch.Tensor:
            if self._pushes(at.packing):
                return self._push(at, wide_directions)
            return self._pull(at, lambda g: torch.linalg.vecdot(wide(g), wide_directions))

        return self._linearised(points, terms, run)

    def _term_gradients(
        self, point: torch.Tensor, terms: Sequence[Term], reduce: Reduce
    ) -> torch.Tensor:
        return self._linearised(point[None], terms, lambda at: self._pull(at, reduce))[0]

    def _value_norms(self, point: torch.Tensor) -> torch.Tensor:
        terms, matrix = self._terms(None)

        def run(at: Linearisation) -> torch.Tensor:
            rows = at.packing.term_rows()

            def of(columns: slice) -> torch.Tensor:
                own = (matrix[columns] != 0).any(0).nonzero()[:, 0]
                weights = matrix[columns][:, own].to(point.device, self.dtype)
                total = torch.zeros(len(weights), self.n_prompt, dtype=torch.float64)

                def seen(values: torch.Tensor, gradients: torch.Tensor) -> None:
                    combined = torch.einsum("mt,tnhd->mnhd", weights, gradients[0])
                    total.add_(norms_of_values(values[0], combined))

                at.pull(own, seen)
                self.work.advance(sum(rows[term] for term in own.tolist()))
                return total[None]

            return self.work.in_pieces(len(matrix), self.longest, of, dim=1)

        return self._linearised(point[None], terms, run, self._is_run(point))[0]

    def _term_perturbed(
        self,
        inputs: torch.Tensor,
        replacement: torch.Tensor,
        masks: torch.Tensor,
        terms: Sequence[Term],
    ) -> torch.Tensor:
        known = torch.zeros(len(masks), dtype=torch.bool)
        if self._rehearsal is not None and self._is_run(inputs):
            known = self._rehearsal.known(replacement, masks)
        if self._rehearsal is None or not bool(known.any()):
            return self._of_perturbed(inputs, replacement, masks, terms)
        packing, _ = self._pack(self.n_prompt, terms)
        hidden = self._rehearsal.hidden(masks[known], packing.reads)
        scores = torch.empty(len(masks), len(terms), dtype=torch.float64)
        scores[known] = self._readout.scores(hidden, packing).cpu().double()
        if not bool(known.all()):
            scores[~known] = self._of_perturbed(inputs, replacement, masks[~known], terms)
        return scores

    def _of_perturbed(
        self,
        inputs: torch.Tensor,
        replacement: torch.Tensor,
        masks: torch.Tensor,
        terms: Sequence[Term],
    ) -> torch.Tensor:
        packing, after = self._pack(self.n_prompt, terms)
        count = len(packing.rows)
        changed = first_changed(masks)
        order, plain = unchanged_first(masks.any(-1), changed)
        before = self._key_sides(inputs)
        known = self._known_scores(inputs, terms)

        def run(piece: slice) -> torch.Tensor:
            variants = order[piece]
            if known is not None and piece.stop <= plain:
                return known.expand(len(variants), -1)
            first = int(changed[variants[0]])
            mask = masks[variants, first:].to(inputs.device)[..., None]
            late = torch.where(mask, replacement[first:], inputs[first:])
            return self._of_variants(_joined(late, after), before, changed[variants], packing)

        def rows_of(item: int) -> int:
            return count - int(changed[order[item]])

        return in_two_parts(self.work, plain, len(order), rows_of, run)[order.argsort()]

    def _term_deleted(
        self, inputs: torch.Tensor, masks: torch.Tensor, terms: Sequence[Term]
    ) -> torch.Tensor:
        n = self.n_prompt
        before = self._key_sides(inputs)

        def of_one_length(own: torch.Tensor) -> torch.Tensor:
            kept = n - int(own[0].sum())
            packing, after = self._pack(kept, terms)
            count = len(packing.rows)
            changed = first_deleted(own, torch.tensor(kept))
            order = changed.argsort(stable=True)

            def run(piece: slice) -> torch.Tensor:
                variants = order[piece]
                first = int(changed[variants[0]])
                left = (~own[variants]).to(inputs.device)
                late = torch.stack([inputs[one][first:] for one in left])
                return self._of_variants(_joined(late, after), before, changed[variants], packing)

            scores = self.work.in_pieces(len(own), lambda k: count - int(changed[order[k]]), run)
            return scores[order.argsort()]

        return self._by_length(masks, len(terms), of_one_length)

    def _of_variants(
        self, late: torch.Tensor, before: list[KeySide], starts: torch.Tensor, packing: Packing
    ) -> torch.Tensor:
        """Terms ``[v, terms]`` of variants, of rows ``[v, late, d]`` from the earliest start on."""
        ragged = Ragged(starts, len(packing.rows), late.device)
        rows = ragged.end_to_end(late)
        hidden = self.decoder.extend(rows, before, packing.rows, packing.reads, ragged)
        self.work.advance(rows.shape[1])
        return self._readout.scores(hidden, packing).cpu().double()

    def _known_scores(self, inputs: torch.Tensor, terms: Sequence[Term]) -> torch.Tensor | None:
        """Of the prompt itself, ``[1, terms]``, if ``inputs`` are those and its run is kept."""
        if not self._is_run(inputs):
            return None
        packing, _ = self._pack(self.n_prompt, self._targets.terms)
        number = {id(term): k for k, term in enumerate(self._targets.terms)}
        scores = self._readout.scores(self._run.hidden, packing).cpu().double()
        return scores[:, [number[id(term)] for term in terms]]

    def _key_sides(self, inputs: torch.Tensor) -> list[KeySide]:
        """What variants of a prompt ``[n, d]`` share of it."""
        if self._is_run(inputs):
            return [side.select(lambda rows: rows[:, : self.n_prompt]) for side in self._run.keys]
        rows = Rows.of_text(self.n_prompt, self.lm.device)
        sides = self.decoder.key_sides(inputs[None].to(self.dtype), rows)
        self.work.advance(self.n_prompt)
        return sides

    def _pushes(self, packing: Packing) -> bool:
        """Whether a tangent of each token takes fewer operations than a cotangent of each term."""
        shape = self.decoder.shape()
        forward = shape.forward(packing.n_prompt, len(packing.rows))
        return forward < shape.reverse(packing.term_rows())

    def _fits(self, rows: int) -> bool:
        """Whether all that derivatives need of so many rows fits into the budget."""
        kept, moving = self.decoder.bytes_per_row(self.longest)
        return self.work.budget is None or rows * (kept + moving) <= self.work.budget

    def _pack(
        self, n_prompt: int, terms: Sequence[Term], *, odds: bool = True
    ) -> tuple[Packing, torch.Tensor]:
        """The packed rows of some terms, and embeddings of those after the prompt.

        Without ``odds``, rivals are not looked for.
        """
        rivals = self.rivals if odds else None
        packing = Packing(n_prompt, self._targets.branches, terms, self.lm.device, rivals)
        with torch.no_grad():
            after = self.inputs.rows(packing.after)
        return packing, wide(after)

    def _linearised(
        self,
        points: torch.Tensor,
        terms: Sequence[Term],
        run: Callable[[Linearisation], torch.Tensor],
        is_run: bool = False,
    ) -> torch.Tensor:
        """Compute at points, a few at a time, and differentiate there.

        ``is_run`` says that the only point is the prompt, and the run of it that is kept will do.
        """
        packing, after = self._pack(self.n_prompt, terms)

        def at_points(piece: slice) -> torch.Tensor:
            if is_run:
                return run(Linearisation.of(self.decoder, packing, self._run, self._readout))
            embeddings = _joined(points[piece], after)
            keep = self._fits(len(embeddings) * len(packing.rows))
            computed = self.decoder.compute(embeddings, packing.rows, packing.reads, keep=keep)
            at = Linearisation.of(self.decoder, packing, computed, self._readout)
            self.work.advance(embeddings.shape[0] * embeddings.shape[1])
            return run(at)

        return self.work.in_pieces(len(points), _SHARE * len(packing.rows), at_points)

    def _pull(self, at: Linearisation, reduce: Reduce) -> torch.Tensor:
        """Reverse mode: gradients ``[B, terms, n, d]``, each piece reduced at once."""
        rows = torch.tensor(at.packing.term_rows())
        order = rows.argsort(stable=True)
        points = len(at.direct)

        def run(piece: slice) -> torch.Tensor:
            terms = order[piece]
            result = reduce(at.pull(terms))
            self.work.advance(points * int(rows[terms].sum()))
            return result if result.ndim == 4 else result.cpu().double()

        longest = points * int(rows.max())
        return self.work.in_pieces(len(rows), longest, run, dim=1)[:, order.argsort()]

    def _push(self, at: Linearisation, directions: torch.Tensor) -> torch.Tensor:
        """Forward mode: ``[B, terms, n]``."""
        points, count = len(at.direct), len(at.packing.rows)

        def run(tokens: slice) -> torch.Tensor:
            result = at.push(tokens, directions)
            self.work.advance(points * sum(count - i for i in range(tokens.start, tokens.stop)))
            return result.cpu().double()

        return self.work.in_pieces(
            self.n_prompt, lambda token: points * (count - token), run, dim=1
        ).transpose(1, 2)


def _forward_rows(packing: Packing) -> int:
    """Rows that forward mode goes through: N − i for token i."""
    n, count = packing.n_prompt, len(packing.rows)
    return n * count - n * (n - 1) // 2


def _joined(prompts: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """Prompts ``[P, n, d]`` before the shared rows of the continuations."""
    return torch.cat([prompts.to(after.dtype), after.expand(len(prompts), -1, -1)], dim=1)
