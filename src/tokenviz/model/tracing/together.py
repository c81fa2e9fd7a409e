"""Two models read the same ids, and what remains of each position is kept at once.

Logits come a piece at a time from both, so neither keeps a distribution: of each position remain
what a trace has, and how far the two lie apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from tokenviz.model.running.forward import borrowed, wide
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.progress import Progress
from tokenviz.model.tracing.divergence import Divergence, divergence
from tokenviz.model.tracing.reading import read
from tokenviz.model.tracing.reduction import NOT_FINITE, Columns, Positions, reduce
from tokenviz.model.tracing.score import Question

__all__ = ["Read", "Reader", "read_together"]


class Reader(NamedTuple):
    """A model that reads, and by what its logits are divided."""

    lm: LoadedModel
    temperature: float


class Read(NamedTuple):
    """What is known of the positions, as far as they were read."""

    columns: tuple[Columns, ...]
    """Of each reader."""
    divergences: Divergence | None
    """Of two readers, on the CPU."""
    whole: bool
    """Whether that is all of them."""


def read_together(
    readers: Sequence[Reader], question: Question, top_k: int, progress: bool | None
) -> Read:
    """Read a text with one or two models, and compare the distributions of two.

    Parameters
    ----------
    readers
        Models that know the ids.
    question
        The text, and what it is conditioned on; without that its first token is not asked for.
    top_k
        How many alternatives are kept besides the chosen token.
    progress
        Whether to show a progress bar.

    Raises
    ------
    FloatingPointError
        If logits are not finite.
    KeyboardInterrupt
        If interrupted before anything is known.
    """
    context, ids = question.context.ids, question.ids
    asked = ids if len(context) else ids[1:]
    read_ids = torch.cat([context, ids])[:-1]
    kept = [Positions() for _ in readers]
    apart: list[Divergence] = []
    # Threads that borrow the same two models do so in the same order.
    first, last = sorted((readers[0].lm.model, readers[-1].lm.model), key=id)
    with (
        borrowed(first),
        borrowed(last),
        Progress("Comparing", len(asked), "token", progress) as bar,
        torch.no_grad(),
    ):
        try:
            begin = 0
            for pieces in _in_step(readers, read_ids, len(read_ids) - len(asked)):
                chosen = asked[begin : begin + len(pieces[0])]
                for one, logits in zip(kept, pieces, strict=True):
                    reduction = reduce(logits, chosen.to(logits.device), top_k)
                    if bool(reduction.floats[:, 1].isnan().any()):
                        raise FloatingPointError(NOT_FINITE)
                    one.add(reduction)
                if len(pieces) == 2:
                    a, b = pieces
                    apart.append(Divergence(*(v.cpu() for v in divergence(a, b.to(a.device)))))
                begin += len(chosen)
                bar.advance(len(chosen))
        except KeyboardInterrupt:
            if not _count(kept, apart):
                raise
    count = _count(kept, apart)
    columns = [one.columns() for one in kept]
    return Read(
        tuple(Columns(one.floats[:count], one.ids[:count]) for one in columns),
        _joined(apart, count) if len(readers) == 2 else None,
        whole=count == len(asked),
    )


def _count(kept: Sequence[Positions], apart: Sequence[Divergence]) -> int:
    """Of how many positions all is known."""
    compared = [sum(len(one.js) for one in apart)] if len(kept) == 2 else []
    return min(*map(len, kept), *compared, len(kept[0]))


def _joined(apart: Sequence[Divergence], count: int) -> Divergence:
    nothing = torch.zeros(0, dtype=torch.float64)
    return Divergence(
        *(
            torch.cat([nothing, *(one[i] for one in apart)])[:count]
            for i in range(len(Divergence._fields))
        )
    )


def _in_step(
    readers: Sequence[Reader], ids: torch.Tensor, start: int
) -> Iterator[list[torch.Tensor]]:
    """Logits of each reader at the same positions, divided by its temperature."""
    if not len(ids) - start:
        return
    # One model at two temperatures reads once.
    models = list(dict.fromkeys(reader.lm for reader in readers))
    streams = [read(lm, [ids.to(lm.device)], [start]) for lm in models]
    rests: list[torch.Tensor | None] = [None] * len(models)
    left = len(ids) - start
    while left:
        for i, stream in enumerate(streams):
            rest = rests[i]
            if rest is None or not len(rest):
                rests[i] = next(stream)
        count = min(len(rest) for rest in rests if rest is not None)
        heads = {
            lm: rest[:count] for lm, rest in zip(models, rests, strict=True) if rest is not None
        }
        yield [_cooled(heads[reader.lm], reader.temperature) for reader in readers]
        rests = [None if rest is None else rest[count:] for rest in rests]
        left -= count


def _cooled(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    return wide(logits) / temperature if temperature != 1 else logits
