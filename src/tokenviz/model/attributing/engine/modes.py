"""Reverse mode and forward mode through a decoder, sharing one computation of it.

Reverse mode *pulls* one cotangent per term down to the prompt: a term at row p depends on rows up
to p only. Forward mode *pushes* one tangent per token of the prompt up to all terms: token i moves
rows from i on only. What lies above the last attention concerns single rows; it is pulled through
once for all terms, and both modes meet it there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch

from tokenviz.model.attributing.engine.packing import Packing
from tokenviz.model.attributing.engine.readout import Readout
from tokenviz.model.decoder.block import Frame, QuerySide, SeesValues
from tokenviz.model.decoder.decoder import Computed, Decoder, of_queries
from tokenviz.model.decoder.norm import Normed
from tokenviz.model.decoder.rotary import Rotation
from tokenviz.model.decoder.sight import PADDING, Rows, Sight
from tokenviz.model.running.forward import finest, wide

__all__ = ["Linearisation", "SeesLayer"]

SeesLayer: TypeAlias = Callable[[torch.Tensor, torch.Tensor], None]
"""Who is shown values of the prompt ``[B, n, groups, d]`` and their gradients
``[B, terms, n, groups, d]``."""


@dataclass(frozen=True)
class Linearisation:
    """A decoder at B points, ready to be differentiated.

    Parameters
    ----------
    decoder, packing, frames, computed
        The decoder, its rows, where they stand, and what was computed there.
    pairs
        Of the last block, what was computed at the row of each pair.
    attended, direct
        Cotangents of what the last attention gave to the row of each pair,
        ``[B, pairs, heads, head size]``, and of the last block's input there, ``[B, pairs, d]``.
    """

    decoder: Decoder
    packing: Packing
    frames: list[Frame]
    computed: Computed
    pairs: QuerySide
    attended: torch.Tensor
    direct: torch.Tensor

    @classmethod
    def of(
        cls, decoder: Decoder, packing: Packing, computed: Computed, readout: Readout
    ) -> Linearisation:
        """What was computed of the rows of a packing; see :meth:`Decoder.compute`."""
        read = packing.pair_read
        pairs = computed.queries[-1].select(lambda tensor: tensor[:, read])
        cotangent = decoder.norm.pull(
            Normed(*(part[:, read] for part in computed.normed)),
            readout.cotangents(computed.hidden, packing),
        )
        attended, direct = decoder.blocks[-1].pull_top(pairs, cotangent[:, None])
        frames = decoder.frames(packing.rows, computed.hidden.dtype)
        return cls(decoder, packing, frames, computed, pairs, attended[:, 0], direct[:, 0])

    def pull(self, terms: torch.Tensor, seen: SeesLayer | None = None) -> torch.Tensor:
        """Gradients of terms with respect to the prompt, ``[B, terms, n, d]``.

        ``seen`` is shown each layer's values of the prompt, and the gradients with respect to them.
        """
        pair, real = self.packing.pairs_of(terms)
        at = self.packing.reads[self.packing.pair_read[pair]]
        text = self._one_text(at) if self.packing.single else self._own_texts(at, terms)
        b, g = len(self.direct), len(terms)

        def of_pairs(tensor: torch.Tensor) -> torch.Tensor:
            return text.fold(tensor[:, pair])

        weight = text.fold(real.to(self.direct.dtype).expand(b, -1, -1))[..., None]
        attended = of_pairs(self.attended) * weight[..., None]
        direct = of_pairs(self.direct) * weight

        def looking(values: torch.Tensor) -> SeesValues | None:
            n = self.packing.n_prompt
            return seen and (
                lambda moved: seen(values[:, :n], moved.reshape(b, g, *moved.shape[2:])[:, :, :n])
            )

        block = self.decoder.blocks[-1]
        last = self.computed.keys[-1]
        key_side = last.select(text.take)
        of_rows, inner = block.pull_rows(
            key_side,
            self.pairs.select(of_pairs),
            attended,
            text.query_frame(self.frames[-1]),
            looking(last.values),
        )
        rows = text.local[..., None].expand(of_rows.shape)
        inner = inner.scatter_add(2, rows, of_rows)
        cotangent = block.pull_norm(key_side, inner).scatter_add_(2, rows, direct)
        frames = {id(frame): text.frame(frame) for frame in self.frames[:-1]}
        for layer in reversed(range(len(self.decoder.blocks) - 1)):
            block, frame = self.decoder.blocks[layer], self.frames[layer]
            keys, queries = self.computed.sides(layer, block, frame)
            cotangent = block.pull(
                keys.select(text.take),
                queries.select(text.take),
                cotangent,
                frames[id(frame)],
                looking(keys.values),
            )
        cotangent = cotangent[:, :, : self.packing.n_prompt] * self.decoder.entry_scale
        return cotangent.reshape(b, g, self.packing.n_prompt, cotangent.shape[-1])

    def push(self, tokens: slice, directions: torch.Tensor) -> torch.Tensor:
        """Derivatives of all terms along the directions ``[n, d]`` of some tokens.

        Returns
        -------
        torch.Tensor
            Shape ``[B, tokens, terms]``.
        """
        b, d, n_rows = len(self.direct), directions.shape[-1], len(self.packing.rows)
        count, first = tokens.stop - tokens.start, tokens.start
        tangent = self.direct.new_zeros(b, count, n_rows - first, d)
        own = torch.arange(count, device=tangent.device)
        directions = directions[tokens] * self.decoder.entry_scale
        tangent[:, own, own] = directions.to(tangent.dtype)
        *lower, (block, frame) = zip(self.decoder.blocks, self.frames, strict=True)
        for layer, (lower_block, lower_frame) in enumerate(lower):
            sides = self.computed.sides(layer, lower_block, lower_frame)
            tangent = lower_block.push(*sides, tangent, lower_frame)
        keys, queries = self.computed.keys[-1], self.computed.queries[-1]
        inner = block.push_norm(keys, tangent)
        reads, read = self.packing.reads, self.packing.pair_read
        moved = block.push_attention(
            keys, queries, inner[:, :, reads - first], inner, of_queries(frame, reads)
        )
        values = torch.linalg.vecdot(
            wide(moved[:, :, read].flatten(-2)), wide(self.attended[:, None].flatten(-2))
        )
        late_tangent = wide(tangent[:, :, reads[read] - first])
        values += torch.linalg.vecdot(late_tangent, wide(self.direct[:, None]))
        result: torch.Tensor = values.new_zeros(
            b, count, self.packing.n_terms, dtype=finest(values.device)
        )
        result.index_add_(2, self.packing.pair_term, values.to(result.dtype))
        return result

    def _one_text(self, at: torch.Tensor) -> _OneText:
        return _OneText(int(at.max()) + 1, at)

    def _own_texts(self, at: torch.Tensor, terms: torch.Tensor) -> _OwnTexts:
        rows, lengths = self.packing.rows_of(terms.tolist())
        return _OwnTexts(len(self.direct), rows, lengths, at)


@dataclass(frozen=True)
class _OneText:
    """All terms are in one text: they share the rows up to the last that one of them needs.

    ``local`` is the row of each query, ``[terms, queries]``.
    """

    count: int
    local_rows: torch.Tensor

    @property
    def local(self) -> torch.Tensor:
        return self.local_rows[None]

    def take(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor[:, : self.count]

    def fold(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor

    def frame(self, frame: Frame) -> Frame:
        rotation = _rows(frame.key_rotation, slice(self.count))
        return Frame(rotation, rotation, frame.sight.up_to(self.count))

    def query_frame(self, frame: Frame) -> Frame:
        queries = of_queries(frame, self.local_rows)
        keys = frame.sight.keys.first(self.count)
        return Frame(
            queries.query_rotation,
            _rows(frame.key_rotation, slice(self.count)),
            frame.sight.of(queries.sight.queries, keys),
        )


class _OwnTexts:
    """Each term is in a text of its own: its rows are gathered, and it becomes a point of its own.

    Points and terms are folded into one dimension, with one cotangent each.
    """

    def __init__(
        self, points: int, rows: torch.Tensor, lengths: torch.Tensor, at: torch.Tensor
    ) -> None:
        self._points = points
        self._rows = rows
        self._at = at
        self._padding = torch.arange(rows.shape[1], device=rows.device) >= lengths[:, None]
        same = (rows[:, None, :] == at[:, :, None]) & ~self._padding[:, None]
        self.local = self._repeat(same.int().argmax(-1))[:, None]

    def take(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor[:, self._rows].flatten(0, 1)

    def fold(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.flatten(0, 1)[:, None]

    def frame(self, frame: Frame) -> Frame:
        rotation = self._rotation(frame.key_rotation, self._rows)
        queries, keys = self._standing(frame.sight, self._rows), self._keys(frame.sight)
        # All begin with the prompt, so that of any block of its rows the keys are the same.
        plain = min(frame.sight.plain, keys.plain)
        return Frame(rotation, rotation, Sight(queries, keys, 0, plain, frame.sight.window))

    def query_frame(self, frame: Frame) -> Frame:
        queries = self._standing(frame.sight, self._at)
        return Frame(
            self._rotation(frame.query_rotation, self._at),
            self._rotation(frame.key_rotation, self._rows),
            frame.sight.of(_beside(queries), _beside(self._keys(frame.sight))),
        )

    def _standing(self, sight: Sight, rows: torch.Tensor) -> Rows:
        own = sight.keys
        return Rows(self._repeat(own.positions[rows]), self._repeat(own.branch[rows]), 0)

    def _keys(self, sight: Sight) -> Rows:
        rows = self._standing(sight, self._rows)
        branch = rows.branch.masked_fill(self._repeat(self._padding), PADDING)
        return Rows(rows.positions, branch, sight.plain)

    def _rotation(self, rotation: Rotation | None, rows: torch.Tensor) -> Rotation | None:
        if rotation is None:
            return None
        return rotation.select(lambda part: self._repeat(part[rows])[:, None])

    def _repeat(self, of_terms: torch.Tensor) -> torch.Tensor:
        """The same for each point: ``[terms, …]`` to ``[points · terms, …]``."""
        return of_terms.repeat(self._points, *[1] * (of_terms.ndim - 1))


def _rows(rotation: Rotation | None, rows: slice | torch.Tensor) -> Rotation | None:
    return None if rotation is None else rotation.rows(rows)


def _beside(rows: Rows) -> Rows:
    """With a dimension for tangents or cotangents."""
    return Rows(rows.positions[:, None], rows.branch[:, None], rows.plain)
