"""One block of a decoder: attention and feed-forward, each after a norm and added to the residual.

A block is computed once at a point, keeping what its derivatives need; any number of tangents are
then pushed, or cotangents pulled, through it. Rows of queries may be fewer than rows of keys: of
the last block only the rows that predict a target are computed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch

from tokenviz.model.decoder import attention
from tokenviz.model.decoder.attention import Attended
from tokenviz.model.decoder.heads import Heads, Projected, stack, unstack
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.decoder.mlp import MLP, Slopes
from tokenviz.model.decoder.norm import Norm, Normed
from tokenviz.model.decoder.rotary import Rotation

__all__ = ["Block", "Frame", "KeySide", "QuerySide"]


class KeySide(NamedTuple):
    """What was computed at the rows that are attended to: ``[B, rows, …]``."""

    normed: Normed
    keys: Projected
    values: torch.Tensor

    def select(self, chosen: Callable[[torch.Tensor], torch.Tensor]) -> KeySide:
        """The same of other rows."""
        return KeySide(_select(self.normed, chosen), _projected(self.keys, chosen),
                       chosen(self.values))  # fmt: skip


class QuerySide(NamedTuple):
    """What was computed at the rows that attend: ``[B, rows, …]``."""

    queries: Projected
    attended: torch.Tensor
    normed: Normed
    slopes: Slopes

    def select(self, chosen: Callable[[torch.Tensor], torch.Tensor]) -> QuerySide:
        """The same of other rows."""
        return QuerySide(_projected(self.queries, chosen), chosen(self.attended),
                         _select(self.normed, chosen), tuple(map(chosen, self.slopes)))  # fmt: skip


class Frame(NamedTuple):
    """Where rows stand: the rotation of queries and of keys, and which keys a query sees.

    ``mask`` is added to products, ``[queries, keys]`` or one for each point ``[B, queries, keys]``.
    """

    query_rotation: Rotation | None
    key_rotation: Rotation | None
    mask: torch.Tensor

    def last_queries(self, count: int) -> Frame:
        """The same for the last of the queries only."""
        rotation = self.query_rotation
        late = None if rotation is None else rotation.rows(slice(-count, None))
        return Frame(late, self.key_rotation, self.mask[..., -count:, :])


@dataclass(frozen=True)
class Block:
    """The parts of a block, views of the model's weights.

    Parameters
    ----------
    norm, queries, keys, values, output
        The attention and the norm before it.
    mlp_norm, mlp
        The feed-forward part and the norm before it.
    parallel
        Whether both read the block's input (GPT-NeoX), rather than one after the other.
    groups
        Key–value heads.
    scale
        Of the products of queries and keys.
    window
        How far back a query sees, itself included; None for all the way.
    """

    norm: Norm
    queries: Heads
    keys: Heads
    values: Heads
    output: Linear
    mlp_norm: Norm
    mlp: MLP
    parallel: bool
    groups: int
    scale: float
    window: int | None

    def __call__(
        self, x: torch.Tensor, frame: Frame, rows: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, KeySide, QuerySide]:
        """Compute ``[B, keys, d]`` to ``[B, queries, d]``, the queries being ``rows`` or all."""
        y, key_side = self.key_side(x, frame)
        if rows is not None:
            x, y = x[:, rows], y[:, rows]
        queries = self.queries(y, frame.query_rotation)
        at = self._attend(queries.heads, key_side, frame)
        attended = unstack(at.output, self.groups, x.shape[1])
        x = x + self.output(attended.flatten(-2)) if not self.parallel else x
        y, mlp_normed = self.mlp_norm(x)
        y, slopes = self.mlp(y)
        if self.parallel:
            y += self.output(attended.flatten(-2))
        return x + y, key_side, QuerySide(queries, attended, mlp_normed, slopes)

    def key_side(self, x: torch.Tensor, frame: Frame) -> tuple[torch.Tensor, KeySide]:
        """The normed input, and what other rows attend to."""
        y, normed = self.norm(x)
        keys, values = self.keys(y, frame.key_rotation), self.values(y, None).heads
        return y, KeySide(normed, keys, values)

    def extend(
        self,
        x: torch.Tensor,
        before: KeySide | None,
        frame: Frame,
        rows: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute rows that follow shared ones, without derivatives.

        Parameters
        ----------
        x
            Variants of the rows that follow, ``[B, keys, d]``.
        before
            The rows that all of them share, of one point; None where they share none.
        frame
            Of the new rows; the mask over shared and new keys.
        rows
            Which of the new rows are wanted; None for all.
        """
        y, _ = self.norm(x)
        keys, values = self.keys(y, frame.key_rotation).heads, self.values(y, None).heads
        if before is not None:
            shared = (before.keys.heads, before.values)
            keys, values = (
                torch.cat([old.expand(len(x), *old.shape[1:]), new], dim=1)
                for old, new in zip(shared, (keys, values), strict=True)
            )
        if rows is not None:
            x, y = x[:, rows], y[:, rows]
        queries = self.queries(y, frame.query_rotation).heads.transpose(1, 2)
        attended = torch.nn.functional.scaled_dot_product_attention(
            queries,
            keys.transpose(1, 2),
            values.transpose(1, 2),
            frame.mask.to(queries.dtype),
            scale=self.scale,
            enable_gqa=True,
        )
        update = self.output(attended.transpose(1, 2).flatten(-2))
        if self.parallel:
            update += self.mlp(self.mlp_norm(x)[0], slopes=False)[0]
            return x + update
        x = x + update
        return x + self.mlp(self.mlp_norm(x)[0], slopes=False)[0]

    def push(
        self, key_side: KeySide, query_side: QuerySide, tangent: torch.Tensor, frame: Frame
    ) -> torch.Tensor:
        """Push tangents of the last s rows ``[B, g, s, d]`` to the same rows of the output."""
        s = tangent.shape[2]
        late = _last(s)
        inner = self.norm.push(_select(key_side.normed, late), tangent)
        attended = self.push_attention(
            key_side, query_side.select(lambda t: t[:, -s:]), inner, inner, frame.last_queries(s)
        )
        update = self.output.push(attended.flatten(-2))
        x = tangent if self.parallel else tangent + update
        result = self.mlp.push(
            tuple(map(late, query_side.slopes)),
            self.mlp_norm.push(_select(query_side.normed, late), x),
        )
        result += x
        return result.add_(update) if self.parallel else result

    def push_attention(
        self,
        key_side: KeySide,
        query_side: QuerySide,
        query_tangent: torch.Tensor,
        key_tangent: torch.Tensor,
        frame: Frame,
    ) -> torch.Tensor:
        """Tangents of what queries attended to, ``[B, g, queries, heads, d]``.

        Parameters
        ----------
        key_side
            All keys.
        query_side
            The queries wanted.
        query_tangent
            Tangents of the normed input at their rows, ``[B, g, queries, d]``.
        key_tangent
            The same at the last s rows of the keys, ``[B, g, s, d]``.
        frame
            Of the queries wanted, and all keys.
        """
        s = key_tangent.shape[2]
        late = _last(s)
        rotation = frame.key_rotation
        late_rotation = None if rotation is None else rotation.rows(slice(-s, None))
        key_normed = key_side.keys.normed
        queries = self.queries.push(
            _grouped(query_side.queries.normed), query_tangent, frame.query_rotation
        )
        keys = self.keys.push(
            None if key_normed is None else _select(key_normed, late), key_tangent, late_rotation
        )
        values = self.values.push(None, key_tangent, None)
        at = self._attended(query_side, key_side, frame)
        moved = attention.push(at, *(stack(part, self.groups) for part in (queries, keys, values)))
        return unstack(moved, self.groups, query_tangent.shape[2])

    def pull(
        self, key_side: KeySide, query_side: QuerySide, cotangent: torch.Tensor, frame: Frame
    ) -> torch.Tensor:
        """Pull cotangents of all rows ``[B, g, rows, d]`` back to the block's input."""
        attended, direct = self.pull_top(query_side, cotangent)
        at = self._attended(query_side, key_side, frame)
        queries, keys, values = (
            unstack(part, self.groups, cotangent.shape[2])
            for part in attention.pull(at, stack(attended, self.groups))
        )
        inner = self.pull_keys(key_side, keys, values, frame)
        inner += self.pull_queries(query_side, queries, frame)
        return direct.add_(self.pull_norm(key_side, inner))

    def pull_top(
        self, query_side: QuerySide, cotangent: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Through everything above the attention, ``[B, g, rows, d]``: row by row.

        Returns
        -------
        attended
            Cotangent of what was attended to, ``[B, g, rows, heads, d]``.
        direct
            Cotangent of the block's input that does not pass through the attention.
        """
        inner = self.mlp.pull(tuple(map(_unsqueezed, query_side.slopes)), cotangent)
        direct = self.mlp_norm.pull(_select(query_side.normed, _unsqueezed), inner).add_(cotangent)
        attended = self.output.pull(cotangent if self.parallel else direct)
        return attended.view(*attended.shape[:-1], -1, self.queries.size), direct

    def pull_rows(
        self,
        key_side: KeySide,
        query_side: QuerySide,
        attended: torch.Tensor,
        frame: Frame,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Through the attention where each cotangent has query rows of its own.

        Parameters
        ----------
        key_side
            The keys, ``[B, rows, …]``.
        query_side
            The query rows of each cotangent, ``[B, g, queries, …]``.
        attended
            Cotangents of what they attended to, ``[B, g, queries, heads, d]``.
        frame
            Rotations of the query rows ``[g, queries, …]`` and keys; the mask is
            ``[g, queries, keys]`` or ``[B, g, queries, keys]``.

        Returns
        -------
        of_queries, of_keys
            Cotangents of the normed input at the query rows and at all rows.
        """
        groups, rows = self.groups, attended.shape[2]
        b, x = attended.shape[0] * groups, attended.shape[3] // groups * rows
        mask = frame.mask.expand(len(attended), *frame.mask.shape[-3:])
        mask = mask[:, None, :, None].expand(-1, groups, -1, x // rows, -1, -1)
        at = Attended(
            stack(query_side.queries.heads, groups),
            stack(key_side.keys.heads, groups),
            stack(key_side.values, groups),
            stack(query_side.attended, groups),
            mask.reshape(b, attended.shape[1], x, -1),
            self.scale,
        )
        queries, keys, values = attention.pull_rows(at, stack(attended, groups))
        of_queries = self.queries.pull(
            query_side.queries.normed, unstack(queries, groups, rows), frame.query_rotation
        )
        n_keys = key_side.values.shape[1]
        of_keys = self.pull_keys(
            key_side, unstack(keys, groups, n_keys), unstack(values, groups, n_keys), frame
        )
        return of_queries, of_keys

    def pull_queries(
        self, query_side: QuerySide, cotangent: torch.Tensor, frame: Frame
    ) -> torch.Tensor:
        """From queries ``[B, g, rows, heads, d]`` to the normed input."""
        return self.queries.pull(
            _grouped(query_side.queries.normed), cotangent, frame.query_rotation
        )

    def pull_keys(
        self, key_side: KeySide, keys: torch.Tensor, values: torch.Tensor, frame: Frame
    ) -> torch.Tensor:
        """From keys and values ``[B, g, rows, groups, d]`` to the normed input."""
        inner = self.keys.pull(_grouped(key_side.keys.normed), keys, frame.key_rotation)
        return inner.add_(self.values.pull(None, values, None))

    def pull_norm(self, key_side: KeySide, cotangent: torch.Tensor) -> torch.Tensor:
        """From the normed input to the block's input."""
        return self.norm.pull(_select(key_side.normed, _unsqueezed), cotangent)

    def _attend(self, queries: torch.Tensor, key_side: KeySide, frame: Frame) -> Attended:
        return attention.attend(
            stack(queries, self.groups),
            stack(key_side.keys.heads, self.groups),
            stack(key_side.values, self.groups),
            frame.mask,
            self.scale,
        )

    def _attended(self, query_side: QuerySide, key_side: KeySide, frame: Frame) -> Attended:
        """The attention as it was computed."""
        return Attended(
            stack(query_side.queries.heads, self.groups),
            stack(key_side.keys.heads, self.groups),
            stack(key_side.values, self.groups),
            stack(query_side.attended, self.groups),
            frame.mask,
            self.scale,
        )


def _last(count: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """The last rows of what was computed at points, with a dimension for tangents."""
    return lambda tensor: tensor[:, None, -count:]


def _unsqueezed(tensor: torch.Tensor) -> torch.Tensor:
    return tensor[:, None]


def _select(normed: Normed, chosen: Callable[[torch.Tensor], torch.Tensor]) -> Normed:
    return Normed(*map(chosen, normed))


def _projected(projected: Projected, chosen: Callable[[torch.Tensor], torch.Tensor]) -> Projected:
    normed = projected.normed
    return Projected(chosen(projected.heads), None if normed is None else _select(normed, chosen))


def _grouped(normed: Normed | None) -> Normed | None:
    """With a dimension for tangents or cotangents."""
    return None if normed is None else _select(normed, _unsqueezed)
