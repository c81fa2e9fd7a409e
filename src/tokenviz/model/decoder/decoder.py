"""A decoder of a known layout: the same numbers as the model, in parts that can be differentiated.

Everything here is a view of the model's own weights, read anew for each computation, so that a
model that was changed in between is explained as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch

from tokenviz.model.decoder.block import Block, Frame, KeySide, QuerySide
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.decoder.norm import Norm, Normed
from tokenviz.model.decoder.rotary import Rotation

__all__ = ["Computed", "Decoder", "Rows", "of_queries"]


@dataclass(frozen=True)
class Rows:
    """Where the rows of a computation stand in their text.

    Parameters
    ----------
    positions
        Of each row, how many tokens come before it; int64, ``[rows]``.
    allowed
        Whether a row sees another, bool, ``[rows, rows]``: itself and what its text says before.
    """

    positions: torch.Tensor
    allowed: torch.Tensor

    def __len__(self) -> int:
        return len(self.positions)

    def mask(self, window: int | None, dtype: torch.dtype) -> torch.Tensor:
        """0 where a row sees another, −inf where not, ``[rows, rows]``."""
        allowed = self.allowed
        if window is not None:
            allowed = allowed & (self.positions[:, None] - self.positions < window)
        return torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill_(
            ~allowed, -torch.inf
        )


class Computed(NamedTuple):
    """A computation at B points, kept for its derivatives.

    ``hidden`` is the input of the output head at the rows that were read, ``[B, reads, d]``.
    """

    keys: list[KeySide]
    queries: list[QuerySide]
    normed: Normed
    hidden: torch.Tensor


@dataclass(frozen=True)
class Decoder:
    """Blocks between an embedding and an output head.

    Parameters
    ----------
    blocks
        In order.
    norm
        After the last block.
    head
        From hidden states to logits.
    positions
        Embeddings of positions that are added to the input (GPT-2), or None.
    rotation
        From positions and a dtype to rotations of queries and keys, or None.
    """

    blocks: tuple[Block, ...]
    norm: Norm
    head: Linear
    positions: torch.Tensor | None
    rotation: Callable[[torch.Tensor, torch.dtype], Rotation] | None

    def bytes_per_row(self, length: int) -> tuple[int, int]:
        """Memory of one row of a text of some length.

        Returns
        -------
        kept
            What is kept of a row for derivatives.
        moving
            What a tangent or cotangent of it takes on its way through a block.
        """
        block = self.blocks[0]
        item = self.head.weight.element_size()
        width = self.head.weight.shape[1]
        inner = block.mlp.up.weight.shape[0]
        heads = block.queries.linear.weight.shape[0]
        slopes = 1 if block.mlp.gate is None else 2
        attention = 3 * (heads // block.queries.size) * length
        kept = len(self.blocks) * (2 * width + 4 * heads + slopes * inner)
        return item * kept, item * (6 * width + 6 * heads + 3 * inner + attention)

    def frames(self, rows: Rows, dtype: torch.dtype) -> list[Frame]:
        """Of each block, where the rows stand."""
        rotation = None if self.rotation is None else self.rotation(rows.positions, dtype)
        wide = torch.float64 if dtype == torch.float64 else torch.float32
        masks = {window: rows.mask(window, wide) for window in {b.window for b in self.blocks}}
        return [Frame(rotation, rotation, masks[block.window]) for block in self.blocks]

    def enter(self, embeddings: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """The input of the first block from token embeddings ``[B, rows, d]``."""
        return embeddings if self.positions is None else embeddings + self.positions[positions]

    def compute(self, embeddings: torch.Tensor, rows: Rows, reads: torch.Tensor) -> Computed:
        """Run token embeddings ``[B, rows, d]``; only rows ``reads`` are read at the end."""
        keys, queries = [], []
        x = self.enter(embeddings, rows.positions)
        for block, frame, wanted in self._with_reads(rows, reads, x.dtype):
            x, key_side, query_side = block(x, frame, wanted)
            keys.append(key_side)
            queries.append(query_side)
        hidden, normed = self.norm(x)
        return Computed(keys, queries, normed, hidden)

    def key_sides(self, embeddings: torch.Tensor, rows: Rows) -> list[KeySide]:
        """What later rows need of these: ``[1, rows, d]`` to the keys and values of each block."""
        keys = []
        x = self.enter(embeddings, rows.positions)
        frames = self.frames(rows, x.dtype)
        for block, frame in zip(self.blocks[:-1], frames[:-1], strict=True):
            x, key_side, _ = block(x, frame)
            keys.append(key_side)
        return [*keys, self.blocks[-1].key_side(x, frames[-1])[1]]

    def extend(
        self,
        embeddings: torch.Tensor,
        before: list[KeySide] | None,
        rows: Rows,
        reads: torch.Tensor,
    ) -> torch.Tensor:
        """Hidden states ``[B, reads, d]`` of variants of the last rows of a text.

        Parameters
        ----------
        embeddings
            Token embeddings of the rows after those shared, ``[B, late, d]``.
        before
            Of each block, what was computed at the rows that all variants share; None where they
            share none.
        rows
            All rows, shared and late.
        reads
            Rows that are read, among all.
        """
        late = embeddings.shape[1]
        shared = len(rows) - late
        x = self.enter(embeddings, rows.positions[shared:])
        sides = [None] * len(self.blocks) if before is None else before
        pairs = zip(self._with_reads(rows, reads, x.dtype), sides, strict=True)
        for (block, frame, wanted), key_side in pairs:
            late_rows = None if wanted is None else wanted - shared
            if wanted is None:
                frame = frame.last_queries(late)
            rotation = frame.key_rotation
            frame = Frame(
                frame.query_rotation,
                None if rotation is None else rotation.rows(slice(shared, None)),
                frame.mask,
            )
            x = block.extend(x, key_side, frame, late_rows)
        return self.norm(x)[0]

    def _with_reads(
        self, rows: Rows, reads: torch.Tensor, dtype: torch.dtype
    ) -> Iterator[tuple[Block, Frame, torch.Tensor | None]]:
        """Blocks and their frames; of the last only the rows that are read are queries."""
        frames = self.frames(rows, dtype)
        for block, frame in zip(self.blocks[:-1], frames[:-1], strict=True):
            yield block, frame, None
        yield self.blocks[-1], of_queries(frames[-1], reads), reads


def of_queries(frame: Frame, rows: torch.Tensor) -> Frame:
    """The frame of some rows as queries."""
    rotation = frame.query_rotation
    return Frame(
        None if rotation is None else rotation.rows(rows), frame.key_rotation, frame.mask[rows]
    )
