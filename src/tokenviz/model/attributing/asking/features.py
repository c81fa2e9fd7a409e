"""The rows of an attribution: tokens of the prompt, or groups of them, or some of them only.

Tokens that are no feature stay what they are: they are never replaced, and no path moves them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch

from tokenviz.data.provenance import Grouping
from tokenviz.data.tokens import Token
from tokenviz.model.text.grouping import Span, groups, joined
from tokenviz.model.text.prompt import EncodedPrompt

__all__ = ["Features", "parse_features"]


@dataclass(frozen=True)
class Features:
    """What is attributed to.

    Parameters
    ----------
    spans
        Positions in the prompt of each row.
    tokens
        What each row is called.
    grouping
        Of which kind the rows are; None for tokens.
    roles
        Of each row, whose part of a chat it is; None where the prompt is no chat.
    n_prompt
        Tokens of the prompt.
    """

    spans: list[list[int]]
    tokens: list[Token]
    grouping: Grouping | None
    roles: tuple[str | None, ...] | None
    n_prompt: int

    def __len__(self) -> int:
        return len(self.spans)

    def masks(self) -> torch.Tensor:
        """Of each row, which tokens it stands for, bool, ``[rows, n]``."""
        result = torch.zeros(len(self.spans), self.n_prompt, dtype=torch.bool)
        sizes = torch.tensor([len(span) for span in self.spans])
        rows = torch.arange(len(self.spans)).repeat_interleave(sizes)
        result[rows, [position for span in self.spans for position in span]] = True
        return result

    def sums(self, by_token: torch.Tensor) -> torch.Tensor:
        """Of each row, the sum of its tokens': ``[n, m]`` to ``[rows, m]``."""
        if all(len(span) == 1 for span in self.spans):
            return by_token[[span[0] for span in self.spans]]
        return torch.stack([by_token[span].sum(0) for span in self.spans])


def parse_features(
    encoded: EncodedPrompt,
    tokens: Sequence[Token],
    grouping: Grouping | Sequence[Span] | None,
    roles: str | Collection[str] | None,
) -> Features:
    """Features as the user asked for them.

    Raises
    ------
    TypeError, ValueError
        If the grouping is of no accepted form, roles are asked of a prompt that is no chat, or no
        token is left.
    """
    wanted = _wanted_roles(encoded, roles)
    if grouping is None:
        spans, labels, name = [[i] for i in range(len(tokens))], list(tokens), None
    else:
        found = groups(tokens, grouping, encoded.turns)
        spans, labels, name = found.spans, found.labels, found.name
    if wanted is not None and encoded.roles is not None:
        own = encoded.roles
        spans = [left for span in spans if (left := [i for i in span if own[i] in wanted])]
        if not spans:
            raise ValueError(
                f"roles: no token of the prompt has any of {sorted(wanted)}; "
                f"it has {sorted(set(own))}"
            )
        # What is left of a group is called what is left of it.
        labels = [joined([tokens[i] for i in span]) for span in spans]
    return Features(spans, labels, name, _roles(encoded, spans), len(tokens))


def _wanted_roles(
    encoded: EncodedPrompt, roles: str | Collection[str] | None
) -> frozenset[str] | None:
    if roles is None:
        return None
    if encoded.roles is None:
        raise ValueError(
            "roles: only a prompt of chat messages has roles; got text or ids, so leave it out"
        )
    if not isinstance(roles, Collection):
        raise TypeError(f"roles: expected names of roles, got {type(roles).__name__}: {roles!r}")
    wanted = frozenset([roles] if isinstance(roles, str) else roles)
    unknown = sorted(wanted - set(encoded.roles))
    if unknown:
        raise ValueError(
            f"roles: no token of the prompt has {unknown[0]!r}; it has {sorted(set(encoded.roles))}"
        )
    return wanted


def _roles(encoded: EncodedPrompt, spans: list[list[int]]) -> tuple[str | None, ...] | None:
    """Of each row, the role that all its tokens but the template's have; None if they differ."""
    own = encoded.roles
    if own is None:
        return None
    result: list[str | None] = []
    for span in spans:
        found = {own[i] for i in span}
        found = found - {"template"} or found
        result.append(found.pop() if len(found) == 1 else None)
    return tuple(result)
