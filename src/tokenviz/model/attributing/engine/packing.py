"""A prompt and its continuations as one sequence, each continuation seeing the prompt and itself.

So the prompt is run once, however many continuations there are. The last token of a continuation is
only ever predicted, so it is no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import torch

from tokenviz.model.attributing.asking.targets import Function, Term
from tokenviz.model.decoder import Rows

__all__ = ["Packing", "Rivals"]

Rivals: TypeAlias = Mapping[tuple[int, int], torch.Tensor]
"""By continuation and token, ids of others, ``[k]``."""


class Packing:
    """Rows of a packed sequence, and which of them the terms of a score are read from.

    A *pair* is one token of a term: the row that predicts it, and its id. A term that is a function
    of logits has one pair, without an id.

    Parameters
    ----------
    n_prompt
        Rows of the prompt.
    branches
        Token ids of the continuations.
    terms
        Those wanted.
    device
        Where the model takes ids.
    rivals
        Of tokens, ids of the others that they have the odds against, ``[k]``; tokens of which
        there are none have log-probabilities or logits.

    Attributes
    ----------
    rows
        Where each row stands.
    after
        Ids of the rows after the prompt, ``[rows − n_prompt]``.
    reads
        Distinct rows that are read, ``[reads]``.
    pair_term, pair_read, pair_id, pair_weight
        Of each pair, its term, the index of its row in ``reads``, the id of its token (0 for a
        function), and what its score is multiplied with; ``[pairs]``.
    functions
        Of pairs that are functions of logits, those functions.
    places
        Of each pair, its continuation and which of its tokens it is.
    rivalled
        Pairs that are odds against others, int64, ``[rivalled]``.
    rivals
        Ids of those others, ``[rivalled, k]``.
    """

    def __init__(
        self,
        n_prompt: int,
        branches: Sequence[torch.Tensor],
        terms: Sequence[Term],
        device: torch.device,
        rivals: Rivals | None = None,
    ) -> None:
        self.n_prompt = n_prompt
        self.n_terms = len(terms)
        needed: dict[int, int] = {}  # of each branch, how many of its tokens are rows
        for term in terms:
            needed[term.branch] = max(needed.get(term.branch, 0), term.last_row)
        starts, row = {}, n_prompt
        for branch, length in needed.items():
            starts[branch] = row
            row += length
        self.single = sum(length > 0 for length in needed.values()) <= 1
        self._branch_rows = {
            branch: torch.cat([torch.arange(n_prompt), torch.arange(start, start + needed[branch])])
            for branch, start in starts.items()
        }
        self.after = torch.cat(
            [branches[branch][:length].to(device) for branch, length in needed.items()]
        )
        self.rows = self._stand(row, starts, needed, device)
        self._branches = [term.branch for term in terms]

        pairs = [
            (index, n_prompt - 1 if k == 0 else starts[term.branch] + k - 1, term, k)
            for index, term in enumerate(terms)
            for k in term.tokens
        ]
        self.functions: dict[int, Function] = {
            pair: term.function
            for pair, (_, _, term, _) in enumerate(pairs)
            if term.function is not None
        }
        self._pairs: list[list[int]] = [[] for _ in terms]
        for pair, (index, _, _, _) in enumerate(pairs):
            self._pairs[index].append(pair)
        rows = torch.tensor([row for _, row, _, _ in pairs])
        self._pair_rows = rows.tolist()
        reads, read = torch.unique(rows, return_inverse=True)
        self._pair_reads: list[int] = read.tolist()
        self.reads = reads.to(device)
        self.pair_term = torch.tensor([index for index, _, _, _ in pairs], device=device)
        self.pair_read = read.to(device)
        self.pair_weight = torch.tensor([term.weight for _, _, term, _ in pairs], device=device)
        self.pair_id = torch.tensor(
            [0 if t.function is not None else int(branches[t.branch][k]) for _, _, t, k in pairs],
            device=device,
        )

        self.places = [(term.branch, k) for _, _, term, k in pairs]
        known = rivals or {}
        rivalled = [pair for pair, (_, _, term, _) in enumerate(pairs) if known and term.has_rivals]
        self._rivalled = set(rivalled)
        self.rivalled = torch.tensor(rivalled, dtype=torch.int64, device=device)
        self.rivals = (
            torch.stack([known[self.places[pair]] for pair in rivalled])
            if rivalled
            else torch.zeros(0, 0, dtype=torch.int64)
        ).to(device)

    @property
    def reads_vocabulary(self) -> bool:
        """Whether any pair needs the logits of all tokens."""
        return len(self._rivalled) < len(self.places)

    def read_of(self, pair: int) -> int:
        """The index in ``reads`` of a pair's row."""
        return self._pair_reads[pair]

    def pairs_in(self, reads: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens read from some of the ``reads``, and the index of each row among them.

        Without those that are odds.
        """
        pairs = [
            pair
            for pair, read in enumerate(self._pair_reads)
            if reads.start <= read < reads.stop
            and pair not in self.functions
            and pair not in self._rivalled
        ]
        rows = [self._pair_reads[pair] - reads.start for pair in pairs]
        device = self.reads.device
        return (
            torch.tensor(pairs, dtype=torch.int64, device=device),
            torch.tensor(rows, dtype=torch.int64, device=device),
        )

    def term_rows(self) -> list[int]:
        """Of each term, how many rows a backward pass from it goes through."""
        if self.single:
            return [max(self._pair_rows[pair] for pair in own) + 1 for own in self._pairs]
        return [len(self._branch_rows[branch]) for branch in self._branches]

    def rows_of(self, terms: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Packed rows of each term's text, padded with the first row, and how many are real.

        Returns
        -------
        rows
            int64, ``[terms, longest]``.
        lengths
            int64, ``[terms]``.
        """
        rows = [self._branch_rows[self._branches[term]] for term in terms]
        lengths = torch.tensor([len(own) for own in rows])
        padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        return padded.to(self.reads.device), lengths.to(self.reads.device)

    def pairs_of(self, terms: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pairs of each term, padded, and which of them are real: ``[terms, most pairs]``."""
        members = [torch.tensor(self._pairs[term]) for term in terms.tolist()]
        real = [torch.ones_like(member, dtype=torch.bool) for member in members]
        device = self.reads.device
        padded, mask = (
            torch.nn.utils.rnn.pad_sequence(rows, batch_first=True) for rows in (members, real)
        )
        return padded.to(device), mask.to(device)

    def _stand(
        self, count: int, starts: dict[int, int], needed: dict[int, int], device: torch.device
    ) -> Rows:
        n = self.n_prompt
        rows = Rows.of_text(count)
        if self.single:
            return Rows(rows.positions.to(device), rows.branch.to(device), count)
        for name, start in starts.items():
            own = slice(start, start + needed[name])
            rows.positions[own] = torch.arange(n, n + needed[name])
            rows.branch[own] = name
        return Rows(rows.positions.to(device), rows.branch.to(device), n)
