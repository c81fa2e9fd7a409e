"""A decoder of a known layout: the same numbers as the model, in parts that can be differentiated.

Everything here is a view of the model's own weights, read anew for each computation, so that a
model that was changed in between is explained as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch

from tokenviz.model.decoder import attention
from tokenviz.model.decoder.block import Block, Frame, KeySide, QuerySide
from tokenviz.model.decoder.costs import Shape
from tokenviz.model.decoder.head import Head
from tokenviz.model.decoder.norm import Norm, Normed
from tokenviz.model.decoder.packed import Packed
from tokenviz.model.decoder.ragged import Ragged
from tokenviz.model.decoder.rotary import Rotation
from tokenviz.model.decoder.sight import Rows

__all__ = ["Computed", "Decoder", "Rotations", "of_queries"]

Rotations: TypeAlias = Callable[[torch.Tensor, torch.dtype], Rotation]
"""From positions and a dtype to rotations of queries and keys."""


_FEW = 1024  # rows that are in flight at least, where there are so many


class Computed(NamedTuple):
    """A computation at B points, kept for its derivatives.

    ``hidden`` is the input of the output head at the rows that were read, ``[B, reads, d]``.
    ``inputs`` are those of all blocks but the last, ``[B, rows, d]``, where nothing else is kept of
    these; empty where all is.
    """

    keys: list[KeySide]
    queries: list[QuerySide]
    normed: Normed
    hidden: torch.Tensor
    inputs: list[torch.Tensor]

    def sides(self, layer: int, block: Block, frame: Frame) -> tuple[KeySide, QuerySide]:
        """What was computed in a block below the last, made again where it was not kept."""
        if not self.inputs:
            return self.keys[layer], self.queries[layer]
        _, keys, queries = block(self.inputs[layer], frame)
        return keys, queries


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
    rotations
        Of each kind of block; blocks of another kind turn nothing (NoPE).
    entry_scale
        What token embeddings are multiplied with before the first block (Granite).
    """

    blocks: tuple[Block, ...]
    norm: Norm
    head: Head
    positions: torch.Tensor | None
    rotations: Mapping[str | None, Rotations]
    entry_scale: float = 1.0

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
        item = max(4, self.head.weight.element_size())  # weights of 16 bits are widened
        width = self.head.weight.shape[1]
        heads = block.queries.linear.weight.shape[0]
        each = (2 * width + 4 * heads + block.mlp.kept() for block in self.blocks)
        # Of a long text, attention and feed-forward hold some rows at a time.
        device, rows = self.head.weight.device, max(length, _FEW)
        most = attention.held(device) // rows
        made = 3 if block.scoring.is_plain else 4  # tensors of products
        products = made * min((heads // block.queries.size) * length, most)
        active = max(block.mlp.active(rows, device) for block in self.blocks)
        return item * sum(each), item * (6 * width + 6 * heads + active + products)

    def shape(self) -> Shape:
        """What decides how long derivatives take."""
        return Shape(
            sum(block.weights() for block in self.blocks),
            sum(block.queries.linear.weight.shape[0] for block in self.blocks),
        )

    def frames(self, rows: Rows, dtype: torch.dtype) -> list[Frame]:
        """Of each block, where the rows stand."""
        sights = {window: rows.sight(window) for window in {b.window for b in self.blocks}}
        rotations = {
            kind: rotation(rows.positions, dtype) for kind, rotation in self.rotations.items()
        }
        frames = {
            (kind, window): Frame(rotations.get(kind), rotations.get(kind), sights[window])
            for kind, window in {(b.kind, b.window) for b in self.blocks}
        }
        return [frames[block.kind, block.window] for block in self.blocks]

    def enter(self, embeddings: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """The input of the first block from token embeddings ``[B, rows, d]``."""
        if self.entry_scale != 1:
            embeddings = embeddings * self.entry_scale
        return embeddings if self.positions is None else embeddings + self.positions[positions]

    def compute(
        self,
        embeddings: torch.Tensor,
        rows: Rows,
        reads: torch.Tensor | None,
        *,
        keep: bool = True,
    ) -> Computed:
        """Run token embeddings ``[B, rows, d]``; only rows ``reads`` are read at the end, or all.

        Without ``keep``, of each block but the last only its input is kept: a tenth of the memory,
        for computing the block once more when its derivatives are asked for.
        """
        keys, queries, inputs = [], [], []
        x = self.enter(embeddings, rows.positions)
        for block, frame, wanted in self._with_reads(rows, reads, x.dtype):
            before = x
            x, key_side, query_side = block(x, frame, wanted)
            if keep or block is self.blocks[-1]:
                keys.append(key_side)
                queries.append(query_side)
            else:
                inputs.append(before)
        hidden, normed = self.norm(x)
        return Computed(keys, queries, normed, hidden, inputs)

    def key_sides(self, embeddings: torch.Tensor, rows: Rows) -> list[KeySide]:
        """What later rows need of these: ``[1, rows, d]`` to the keys and values of each block."""
        keys = []
        x = self.enter(embeddings, rows.positions)
        frames = self.frames(rows, x.dtype)
        for block, frame in zip(self.blocks[:-1], frames[:-1], strict=True):
            x, key_side, _ = block(x, frame)
            keys.append(key_side)
        return [*keys, self.blocks[-1].key_side(x, frames[-1])[1]]

    def run(self, embeddings: torch.Tensor, rows: Rows, reads: torch.Tensor) -> torch.Tensor:
        """Hidden states ``[B, reads, d]`` of token embeddings ``[B, rows, d]``, nothing kept."""
        x = self.enter(embeddings, rows.positions)
        for block, frame, wanted in self._with_reads(rows, reads, x.dtype):
            x = block.run(x, frame, wanted)
        return self.norm.output(x)

    def extend(
        self,
        embeddings: torch.Tensor,
        before: list[KeySide],
        rows: Rows,
        reads: torch.Tensor | None,
        ragged: Ragged,
    ) -> torch.Tensor:
        """Hidden states ``[v, reads, d]`` of variants of a text, each computed from its start on.

        Parameters
        ----------
        embeddings
            Token embeddings of what is a variant's own, end to end, ``[1, R, d]``.
        before
            Of each block, what was computed at the rows of the text that variants share.
        rows
            All rows of a variant.
        reads
            Rows that are read, none of which is shared; None for all that are computed, end to
            end, ``[1, R, d]``.
        ragged
            How the rows lie.
        """
        x = self.enter(embeddings, rows.positions[ragged.rows])
        pairs = zip(self._with_reads(rows, reads, x.dtype), before, strict=True)
        for (block, frame, wanted), key_side in pairs:
            rotation = frame.key_rotation
            turn = None if rotation is None else rotation.rows(ragged.rows)
            if wanted is None:
                own = Frame(turn, turn, frame.sight.last(ragged.late))
            else:
                own = Frame(frame.query_rotation, turn, frame.sight)
            x = block.extend(x, key_side, own, ragged, wanted)
        return self.norm.output(x)

    def run_packed(
        self, embeddings: torch.Tensor, packed: Packed, reads: torch.Tensor
    ) -> torch.Tensor:
        """Hidden states ``[reads, d]`` of texts end to end, nothing kept.

        Parameters
        ----------
        embeddings
            Token embeddings of their rows, ``[1, R, d]``.
        packed
            How they lie.
        reads
            Rows that are read, int64, ``[reads]``.
        """
        x = self.enter(embeddings, packed.positions)
        device = embeddings.device
        of_text = [Rows.of_text(grid.rows, device) for grid in packed.grids]
        sights = {
            window: [rows.sight(window) for rows in of_text]
            for window in {block.window for block in self.blocks}
        }
        rotations = {
            kind: rotation(torch.arange(packed.longest, device=device), x.dtype).rows(
                packed.positions
            )
            for kind, rotation in self.rotations.items()
        }
        last = len(self.blocks) - 1
        for layer, block in enumerate(self.blocks):
            wanted = reads if layer == last else None
            x = block.run_packed(x, rotations.get(block.kind), sights[block.window], packed, wanted)
        return self.norm.output(x)[0]

    def _with_reads(
        self, rows: Rows, reads: torch.Tensor | None, dtype: torch.dtype
    ) -> Iterator[tuple[Block, Frame, torch.Tensor | None]]:
        """Blocks and their frames; of the last only the rows that are read are queries, or all."""
        frames = self.frames(rows, dtype)
        for block, frame in zip(self.blocks[:-1], frames[:-1], strict=True):
            yield block, frame, None
        last = frames[-1] if reads is None else of_queries(frames[-1], reads)
        yield self.blocks[-1], last, reads


def of_queries(frame: Frame, rows: torch.Tensor) -> Frame:
    """The frame of some of its rows as queries, ``[…]``."""
    rotation, sight = frame.query_rotation, frame.sight
    queries = Rows(sight.queries.positions[rows], sight.queries.branch[rows], 0)
    return Frame(
        None if rotation is None else rotation.rows(rows), frame.key_rotation, sight.of(queries)
    )
