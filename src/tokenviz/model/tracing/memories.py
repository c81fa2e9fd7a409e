"""What a model remembers of texts, kept for others that begin in the same way.

Texts that leave one another share their beginnings, and a model need not read those again. What it
remembers of a beginning is cut from what it remembers of the text where that consists of keys and
values, position by position: nothing is copied until the new text grows. Layers with a window
forget what has left it, so texts that are kept are written with a memory of all positions, from
which attention hides the same; that this gives the same is tried, on a text that outgrows the
window. The state of a state space cannot be cut: it is copied on the way, at every position while
that fits, and at evenly fewer when it does not. A text that begins between two copies is read on
from the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary, ref

import torch

from tokenviz.model.running.caches import Cache, tensor_bytes
from tokenviz.model.running.counting import counts_from_zero
from tokenviz.model.running.forward import borrowed, forward, setting, wide
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.soundness import differ, sample_ids
from tokenviz.model.running.version import version_of
from tokenviz.model.tracing.decoding import ROUNDING, Decoding, remembers_up_to
from tokenviz.model.tracing.reading import reads_in_pieces

__all__ = ["Memories", "memories_of"]

# On a CPU: some thousands of tokens of a small model, and no more than a browser's tab takes.
_BUDGET = 512 << 20
_SHARE = 8  # of what is free on a GPU
_SAMPLE = 8  # tokens on which going on is tried where there is no window


class Memories:
    """What a model remembers of texts that were written, within a budget.

    Everything here happens while the model is borrowed, so that threads take turns.

    Parameters
    ----------
    lm
        The model.
    budget
        Bytes that may be kept; what was not used for longest goes first. None for 512 MiB, and on a
        GPU an eighth of what is free there if that is more.
    """

    def __init__(self, lm: LoadedModel, budget: int | None = None) -> None:
        self._lm = lm
        self._budget = _budget(lm.device) if budget is None else budget
        self._texts: list[_Kept] = []  # the one used last at the end
        self._version: object = None

    def decoding(self, ids: torch.Tensor, longest: int) -> Decoding:
        """A text that the model has read as much of as is known, but for its last token.

        Parameters
        ----------
        ids
            The text so far, int64, ``[n]``.
        longest
            How many tokens it may come to.
        """
        if not remembers_up_to(self._lm, longest):
            return Decoding(self._lm, [ids], cached=False)
        way = _way(self._lm, longest)
        if way is None:
            return Decoding(self._lm, [ids])
        version = version_of(self._lm.model)
        if version != self._version:  # what another model remembers, or this one before
            self.forget()
            self._version = version
        wanted = ids.tolist()
        text = _Kept(self._lm, ids, way, self._known(wanted), self)
        self._texts.append(text)
        return text

    def forget(self) -> None:
        """Let go of everything."""
        self._texts.clear()

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        return sum(text.nbytes for text in self._texts)

    def trim(self) -> None:
        """Let go of what the budget has no room for."""
        while self._texts and self.nbytes > self._budget:
            densest = max(self._texts, key=lambda text: len(text.states))
            if len(densest.states) > 1:
                densest.thin()
            else:
                del self._texts[0]

    def _known(self, ids: list[int]) -> Cache | None:
        """The memory of the longest beginning of a text that is known, at most all but its last."""
        best, length = None, 0
        for text in self._texts:
            found = text.reach(_common(text.read, ids[:-1]))
            if found > length:
                best, length = text, found
        if best is None:
            return None
        self._texts.remove(best)
        if not (best.is_cut and _common(best.read, ids) == len(best.read)):  # all is in the new one
            self._texts.append(best)
        return best.cut(length)


def memories_of(lm: LoadedModel) -> Memories:
    """What all who branch a model share, for as long as any of them is there."""
    known = _shared.get(lm)
    memories = None if known is None else known()
    if memories is None:
        memories = Memories(lm)
        _shared[lm] = ref(memories)
    return memories


_shared: WeakKeyDictionary[LoadedModel, ref[Memories]] = WeakKeyDictionary()


class _Kept(Decoding):
    """A text that others may begin like.

    Parameters
    ----------
    lm
        The model.
    ids
        The text so far, ``[n]``.
    way
        How its beginnings are had.
    cache
        What the model remembers of it already; None for nothing.
    memories
        Who keeps it.

    Attributes
    ----------
    states
        Of what cannot be cut, copies by how many tokens were read.
    nbytes
        How much memory all of it takes.
    """

    def __init__(
        self,
        lm: LoadedModel,
        ids: torch.Tensor,
        way: _Way,
        cache: Cache | None,
        memories: Memories | None = None,
    ) -> None:
        if cache is None:
            cache = Cache(lm.model, positions=lm.probe(counts_from_zero), whole=way.whole)
        super().__init__(lm, [ids], cache=cache)
        self._way = way
        self._memories = memories
        self._first: int | None = None  # the place of the first state, from which they are counted
        self._stride = 1
        self.states: dict[int, Any] = {}
        self._sizes: dict[int, int] = {}
        self.nbytes = 0
        if cache.filled:
            self._note()

    @property
    def is_cut(self) -> bool:
        """Whether any beginning can be had."""
        return self._way.cuts

    @property
    def read(self) -> list[int]:
        """The ids that the model has read."""
        ids: list[int] = self.ids[0, : self._cache.read].tolist()
        return ids

    def logits(self) -> torch.Tensor:
        """See :meth:`Decoding.logits`."""
        unread = self.ids[:, self._cache.read :]
        for size in self._way.pieces(self._cache.read, unread.shape[1]):
            logits = self._logits_after(unread[:, :size])
            unread = unread[:, size:]
            self._note()
        return logits

    def reach(self, length: int) -> int:
        """Of a beginning of some length, how much can be had; 0 for nothing."""
        if self._way.cuts:
            return min(length, self._cache.read)
        return max((at for at in self.states if at <= length), default=0)

    def cut(self, length: int) -> Cache:
        """What the model remembers of as much as can be had."""
        return self._cache.cut(length, self.states.get(length))

    def thin(self) -> None:
        """Let go of every second state."""
        self._stride *= 2
        for at in [at for at in self.states if not self._keeps(at)]:
            del self.states[at], self._sizes[at]
        self._count()

    def _note(self) -> None:
        """Keep what others may go on from."""
        at = self._cache.read
        if not self._way.cuts:
            self._first = at if self._first is None else self._first
            if self._keeps(at):
                state = self._cache.state()
                self.states[at], self._sizes[at] = state, tensor_bytes(state)
        self._count()
        if self._memories is not None:
            self._memories.trim()

    def _keeps(self, at: int) -> bool:
        assert self._first is not None
        return (at - self._first) % self._stride == 0

    def _count(self) -> None:
        self.nbytes = self._cache.nbytes + sum(self._sizes.values())


@dataclass(frozen=True)
class _Way:
    """How a model's memory of a beginning is had.

    Parameters
    ----------
    cuts
        It is cut; otherwise states are copied on the way.
    whole
        The memory is one of all positions, where the model's own would forget some.
    in_pieces
        The model goes on with several tokens as with one after the other.
    """

    cuts: bool
    whole: bool
    in_pieces: bool

    def pieces(self, read: int, unread: int) -> Sequence[int]:
        """How many tokens are read together, one number after the other."""
        if read and not (self.cuts and self.in_pieces):
            return [1] * unread
        if self.cuts or unread == 1:
            return [unread]
        return [unread - 1, 1]  # what leaves a text at its first token needs the last of its prompt


def _way(lm: LoadedModel, longest: int) -> _Way | None:
    """How a model's memory of beginnings is had, in texts of up to some length; None if not."""
    if lm.probe(_slides):
        length = 1 << (max(longest, _SAMPLE) - 1).bit_length()
        window = setting(lm.model, "sliding_window")
        if isinstance(window, int):  # what it hides is seen behind it, and nothing more far behind
            enough = 1 << (2 * window - 1).bit_length()
            length = _SAMPLE if longest <= window else max(_SAMPLE, min(length, enough))
        way = _Way(cuts=True, whole=True, in_pieces=lm.probe(reads_in_pieces))
        if lm.probe(_GoesOn(way, min(length, lm.max_context or length))):
            return way
    cuts = lm.probe(_cuts)
    way = _Way(cuts=cuts, whole=False, in_pieces=cuts and lm.probe(reads_in_pieces))
    return way if lm.probe(_GoesOn(way, _SAMPLE)) else None


def _slides(lm: LoadedModel) -> bool:
    return _filled(lm).slides


def _cuts(lm: LoadedModel) -> bool:
    return _filled(lm).is_cut


def _filled(lm: LoadedModel) -> Cache:
    """A model's own memory of a few tokens."""
    cache = Cache(lm.model, positions=lm.probe(counts_from_zero))
    with borrowed(lm.model), torch.no_grad():
        cache.run(input_ids=sample_ids(lm)[None])
    return cache


@dataclass(frozen=True)
class _GoesOn:
    """The trial whether a model goes on from beginnings as from the whole text, made once."""

    way: _Way
    length: int

    def __call__(self, lm: LoadedModel) -> bool:
        length = self.length if lm.max_context is None else min(self.length, lm.max_context)
        if length < 4:
            return False
        generator = torch.Generator().manual_seed(0)
        ids = torch.randint(lm.vocabulary_size, (length,), generator=generator).to(lm.device)
        begun = length - 3
        # Where states are copied, the first is that of all but the last token of the beginning.
        place = length // 2 if self.way.cuts else begun - 1
        rows = torch.tensor([place, *range(begun - 1, length)], device=lm.device)
        with borrowed(lm.model), torch.no_grad():
            whole = wide(forward(lm.model, rows, input_ids=ids[None], use_cache=False)[0][0])
            try:
                text = _Kept(lm, ids[:begun], self.way, None)
                steps = [text.logits()]
                for id_ in ids[begun:-1]:
                    text.append(id_[None])
                    steps.append(text.logits())
                twice = []
                for _ in range(2):
                    other = _Kept(lm, ids[: place + 1], self.way, text.cut(place))
                    twice.append(other.logits())
                    other.append(ids[:1])  # as another text, which the first must not hear of
                    other.logits()
                text.append(ids[-1:])
                found = torch.cat([twice[0], *steps, text.logits()])
            except (MemoryError, torch.OutOfMemoryError):
                raise
            except Exception:  # a model's own code may raise anything
                return False
        # Models of float64 compute some parts in float32 nevertheless.
        dtype = torch.float32 if lm.dtype == torch.float64 else lm.dtype
        return bool(found.isfinite().all()) and not any(
            differ(one, other, dtype=dtype, most_rounding=ROUNDING)
            for one, other in ((found, whole), (twice[1], twice[0]))
        )


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two texts begin with alike."""
    length = min(len(one), len(other))
    return next((i for i in range(length) if one[i] != other[i]), length)


def _budget(device: torch.device) -> int:
    if device.type != "cuda":
        return _BUDGET
    return max(_BUDGET, torch.cuda.mem_get_info(device)[0] // _SHARE)
