"""One block of a decoder: attention and feed-forward, each after a norm and added to the residual.

A block is computed once at a point, keeping what its derivatives need; any number of tangents are
then pushed, or cotangents pulled, through it. Rows of queries may be fewer than rows of keys: of
the last block only the rows that predict a target are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import torch

from tokenviz.model.decoder import attention
from tokenviz.model.decoder.attention import Attended
from tokenviz.model.decoder.feed_forward import FeedForward, Slopes
from tokenviz.model.decoder.heads import Heads, Projected
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.decoder.norm import Norm, Normed
from tokenviz.model.decoder.packed import Packed
from tokenviz.model.decoder.ragged import Ragged
from tokenviz.model.decoder.rotary import Rotation
from tokenviz.model.decoder.scoring import Scoring
from tokenviz.model.decoder.sight import Sight

__all__ = ["Block", "Frame", "KeySide", "QuerySide", "SeesValues"]

SeesValues: TypeAlias = Callable[[torch.Tensor], None]
"""Who is shown cotangents of the values of all rows, ``[B, g, rows, groups, d]``."""

_ROWS = {"cpu": 1024}  # that go through what concerns single rows together
_WIDENED = 1 << 26  # numbers of a block's matrices that are widened at once


class KeySide(NamedTuple):
    """What was computed at the rows that are attended to: ``[B, rows, …]``."""

    normed: Normed | None
    keys: Projected
    values: torch.Tensor

    def select(self, chosen: Callable[[torch.Tensor], torch.Tensor]) -> KeySide:
        """The same of other rows."""
        return KeySide(_chosen(self.normed, chosen), _projected(self.keys, chosen),
                       chosen(self.values))  # fmt: skip


class QuerySide(NamedTuple):
    """What was computed at the rows that attend: ``[B, rows, …]``.

    ``log_sums`` are those of :class:`Attended`; ``after`` and ``mlp_after`` belong to the norms of
    what attention and feed-forward give, where there are such.
    """

    queries: Projected
    attended: torch.Tensor
    log_sums: torch.Tensor | None
    normed: Normed | None
    slopes: Slopes
    after: Normed | None = None
    mlp_after: Normed | None = None

    def select(self, chosen: Callable[[torch.Tensor], torch.Tensor]) -> QuerySide:
        """The same of other rows."""
        return QuerySide(
            _projected(self.queries, chosen),
            chosen(self.attended),
            None if self.log_sums is None else chosen(self.log_sums),
            _chosen(self.normed, chosen),
            tuple(map(chosen, self.slopes)),
            _chosen(self.after, chosen),
            _chosen(self.mlp_after, chosen),
        )


class Frame(NamedTuple):
    """Where rows stand: the rotation of queries and of keys, and which keys a query sees."""

    query_rotation: Rotation | None
    key_rotation: Rotation | None
    sight: Sight

    def last_queries(self, count: int) -> Frame:
        """The same for the last of the queries only."""
        rotation = self.query_rotation
        late = None if rotation is None else rotation.rows(slice(-count, None))
        return Frame(late, self.key_rotation, self.sight.last(count))


@dataclass(frozen=True)
class Block:
    """The parts of a block, views of the model's weights.

    Parameters
    ----------
    norm, queries, keys, values, output
        The attention and the norm before it, or None (OLMo 2).
    mlp_norm, mlp
        The feed-forward part and the norm before it, or None.
    parallel
        Whether both read the block's input (GPT-NeoX), rather than one after the other.
    groups
        Key–value heads.
    scoring
        How products of queries and keys become weights.
    window
        How far back a query sees, itself included; None for all the way.
    kind
        Which of the decoder's rotations turns its queries and keys.
    after, mlp_after
        Norms of what attention and feed-forward give, before it is added (Gemma 3), or None.
    """

    norm: Norm | None
    queries: Heads
    keys: Heads
    values: Heads
    output: Linear
    mlp_norm: Norm | None
    mlp: FeedForward
    parallel: bool
    groups: int
    scoring: Scoring
    window: int | None
    kind: str | None = None
    after: Norm | None = None
    mlp_after: Norm | None = None

    def weights(self) -> int:
        """Numbers in the matrices that a row is multiplied with."""
        heads = (part.linear for part in (self.queries, self.keys, self.values))
        linears = (*heads, self.output)
        return self.mlp.weights() + sum(linear.weight.numel() for linear in linears)

    def __call__(
        self, x: torch.Tensor, frame: Frame, rows: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, KeySide, QuerySide]:
        """Compute ``[B, keys, d]`` to ``[B, queries, d]``, the queries being ``rows`` or all."""
        y, key_side = self.key_side(x, frame)
        if rows is not None:
            x, y = x[:, rows], y[:, rows]
        queries = self.queries(y, frame.query_rotation)
        at = attention.attend(
            queries.heads, key_side.keys.heads, key_side.values, frame.sight, self.scoring
        )
        update, after = _through(self.after, self.output(at.output.flatten(-2)))
        x = x if self.parallel else x + update
        y, mlp_normed = _through(self.mlp_norm, x)
        y, slopes = self.mlp(y)
        y, mlp_after = _through(self.mlp_after, y)
        if self.parallel:
            y += update
        return (
            x + y,
            key_side,
            QuerySide(queries, at.output, at.log_sums, mlp_normed, slopes, after, mlp_after),
        )

    def key_side(self, x: torch.Tensor, frame: Frame) -> tuple[torch.Tensor, KeySide]:
        """The normed input, and what other rows attend to."""
        y, normed = _through(self.norm, x)
        keys, values = self.keys(y, frame.key_rotation), self.values(y, None).heads
        return y, KeySide(normed, keys, values)

    def run(self, x: torch.Tensor, frame: Frame, rows: torch.Tensor | None = None) -> torch.Tensor:
        """As a call, without what derivatives need: ``[B, keys, d]`` to ``[B, queries, d]``."""
        y = _output(self.norm, x)
        keys, values = self.keys.output(y, frame.key_rotation), self.values.output(y, None)
        if rows is not None:
            x, y = x[:, rows], y[:, rows]
        queries = self.queries.output(y, frame.query_rotation)
        attended = attention.output_of(queries, keys, values, frame.sight, self.scoring)
        return self._finished(x, attended.flatten(-2))

    def extend(
        self,
        x: torch.Tensor,
        before: KeySide,
        frame: Frame,
        ragged: Ragged,
        reads: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute rows of variants that follow shared ones, from where each begins on.

        Parameters
        ----------
        x
            Those rows end to end, ``[1, R, d]``.
        before
            The rows that all of them share, of one point.
        frame
            Rotations of the rows end to end; its sight is that of the grid.
        ragged
            How they lie.
        reads
            Rows of the text that are wanted, ``[v, reads, d]``; None for all, end to end.
        """
        y = _output(self.norm, x)
        keys, values = self.keys.output(y, frame.key_rotation), self.values.output(y, None)
        keys = ragged.with_shared(before.keys.heads, keys)
        values = ragged.with_shared(before.values, values)
        if reads is not None:
            x, y = ragged.read(x, reads), ragged.read(y, reads)
        queries = self.queries.output(y, frame.query_rotation)
        if reads is None:
            queries = ragged.in_grid(queries)
        attended = attention.output_of(queries, keys, values, frame.sight, self.scoring).flatten(-2)
        return self._finished(x, ragged.end_to_end(attended) if reads is None else attended)

    def run_packed(
        self,
        x: torch.Tensor,
        rotation: Rotation | None,
        sights: Sequence[Sight],
        packed: Packed,
        reads: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """As :meth:`run`, of texts end to end.

        Parameters
        ----------
        x
            Their rows, ``[1, R, d]``.
        rotation
            Of these rows.
        sights
            What is seen in each of the grids.
        packed
            How they lie.
        reads
            Rows that are wanted, ``[1, reads, d]``; None for all.
        """
        # Single rows go through a few at a time, so that what is made of them stays in cache.
        own = self._widened(x.dtype)
        sides = []
        for rows in _pieces(x):
            y = _output(self.norm, x[:, rows])
            turn = None if rotation is None else rotation.rows(rows)
            sides.append(
                (own.queries.output(y, turn), own.keys.output(y, turn), own.values.output(y, None))
            )
        queries, keys, values = (_joined(parts) for parts in zip(*sides, strict=True))
        seen = iter(sights)
        attended = packed.attended(
            queries,
            keys,
            values,
            lambda q, k, v: attention.output_of(q, k, v, next(seen), self.scoring),
        ).flatten(-2)
        if reads is not None:
            x, attended = x[:, reads], attended[:, reads]
        return _joined([own._finished(x[:, rows], attended[:, rows]) for rows in _pieces(x)])

    def _widened(self, dtype: torch.dtype) -> Block:
        """With matrices in the format of what goes through them, unless these would be many."""
        if self.output.weight.dtype == dtype or self.weights() > _WIDENED:
            return self
        return replace(
            self,
            queries=self.queries.widened(dtype),
            keys=self.keys.widened(dtype),
            values=self.values.widened(dtype),
            output=self.output.widened(dtype),
            mlp=self.mlp.widened(dtype),
        )

    def _finished(self, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        """What is above the attention, without derivatives."""
        update = _output(self.after, self.output(attended))
        inner = x if self.parallel else x + update
        result, _ = self.mlp(_output(self.mlp_norm, inner), slopes=False)
        result = _output(self.mlp_after, result)
        if self.parallel:
            result += update
        return result.add_(inner)

    def push(
        self, key_side: KeySide, query_side: QuerySide, tangent: torch.Tensor, frame: Frame
    ) -> torch.Tensor:
        """Push tangents of the last s rows ``[B, g, s, d]`` to the same rows of the output."""
        s = tangent.shape[2]
        late = _last(s)
        inner = self.push_norm(key_side, tangent)
        attended = self.push_attention(
            key_side, query_side.select(lambda t: t[:, -s:]), inner, inner, frame.last_queries(s)
        )
        update = self.output.push(attended.flatten(-2))
        update = _push(self.after, query_side.after, late, update)
        x = tangent if self.parallel else tangent + update
        result = _push(self.mlp_norm, query_side.normed, late, x)
        result = self.mlp.push(tuple(map(late, query_side.slopes)), result)
        result = _push(self.mlp_after, query_side.mlp_after, late, result)
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
        return attention.push(at, queries, keys, values)

    def pull(
        self,
        key_side: KeySide,
        query_side: QuerySide,
        cotangent: torch.Tensor,
        frame: Frame,
        seen: SeesValues | None = None,
    ) -> torch.Tensor:
        """Pull cotangents of all rows ``[B, g, rows, d]`` back to the block's input."""
        attended, direct = self.pull_top(query_side, cotangent)
        at = self._attended(query_side, key_side, frame)
        queries, keys, values = attention.pull(at, attended)
        if seen is not None:
            seen(values)
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
        inner = _pull(self.mlp_after, query_side.mlp_after, cotangent)
        inner = self.mlp.pull(tuple(map(_unsqueezed, query_side.slopes)), inner)
        direct = _pull(self.mlp_norm, query_side.normed, inner).add_(cotangent)
        update = _pull(self.after, query_side.after, cotangent if self.parallel else direct)
        attended = self.output.pull(update)
        return attended.view(*attended.shape[:-1], -1, self.queries.size), direct

    def pull_rows(
        self,
        key_side: KeySide,
        query_side: QuerySide,
        attended: torch.Tensor,
        frame: Frame,
        seen: SeesValues | None = None,
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
            Rotations of the query rows ``[g, queries, …]`` and keys; the queries of the sight are
            ``[g, queries]`` or ``[B, g, queries]``.
        seen
            Who is shown the cotangents of values.

        Returns
        -------
        of_queries, of_keys
            Cotangents of the normed input at the query rows and at all rows.
        """
        at = self._attended(query_side, key_side, frame)
        queries, keys, values = attention.pull_rows(at, attended)
        if seen is not None:
            seen(values)
        of_queries = self.queries.pull(query_side.queries.normed, queries, frame.query_rotation)
        return of_queries, self.pull_keys(key_side, keys, values, frame)

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

    def push_norm(self, key_side: KeySide, tangent: torch.Tensor) -> torch.Tensor:
        """From the last s rows of the block's input ``[B, g, s, d]`` to the normed input."""
        return _push(self.norm, key_side.normed, _last(tangent.shape[2]), tangent)

    def pull_norm(self, key_side: KeySide, cotangent: torch.Tensor) -> torch.Tensor:
        """From the normed input to the block's input."""
        return _pull(self.norm, key_side.normed, cotangent)

    def _attended(self, query_side: QuerySide, key_side: KeySide, frame: Frame) -> Attended:
        """The attention as it was computed."""
        return Attended(
            query_side.queries.heads,
            key_side.keys.heads,
            key_side.values,
            query_side.attended,
            query_side.log_sums,
            frame.sight,
            self.scoring,
        )


def _through(norm: Norm | None, x: torch.Tensor) -> tuple[torch.Tensor, Normed | None]:
    """Through a norm, if there is one."""
    return (x, None) if norm is None else norm(x)


def _output(norm: Norm | None, x: torch.Tensor) -> torch.Tensor:
    """The same without what derivatives need."""
    return x if norm is None else norm.output(x)


def _pieces(x: torch.Tensor) -> list[slice]:
    """Rows of ``[1, R, d]`` that go through single-row parts together, of nearly the same count."""
    count = x.shape[1]
    pieces = max(1, -(-count // _ROWS.get(x.device.type, count or 1)))
    size = max(1, -(-count // pieces))
    return [slice(start, min(start + size, count)) for start in range(0, max(count, 1), size)]


def _joined(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), 1)


def _push(
    norm: Norm | None,
    normed: Normed | None,
    rows: Callable[[torch.Tensor], torch.Tensor],
    tangent: torch.Tensor,
) -> torch.Tensor:
    """Tangents of some rows through a norm, if there is one."""
    if norm is None or normed is None:
        return tangent
    return norm.push(_select(normed, rows), tangent)


def _pull(norm: Norm | None, normed: Normed | None, cotangent: torch.Tensor) -> torch.Tensor:
    """Cotangents of all rows through a norm, if there is one."""
    if norm is None or normed is None:
        return cotangent
    return norm.pull(_select(normed, _unsqueezed), cotangent)


def _last(count: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """The last rows of what was computed at points, with a dimension for tangents."""
    return lambda tensor: tensor[:, None, -count:]


def _unsqueezed(tensor: torch.Tensor) -> torch.Tensor:
    return tensor[:, None]


def _select(normed: Normed, chosen: Callable[[torch.Tensor], torch.Tensor]) -> Normed:
    return Normed(*map(chosen, normed))


def _chosen(normed: Normed | None, chosen: Callable[[torch.Tensor], torch.Tensor]) -> Normed | None:
    return None if normed is None else _select(normed, chosen)


def _projected(projected: Projected, chosen: Callable[[torch.Tensor], torch.Tensor]) -> Projected:
    normed = projected.normed
    return Projected(chosen(projected.heads), None if normed is None else _select(normed, chosen))


def _grouped(normed: Normed | None) -> Normed | None:
    """With a dimension for tangents or cotangents."""
    return None if normed is None else _select(normed, _unsqueezed)
