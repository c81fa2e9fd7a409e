"""How much is computed at a time, what is finished, and what happens when memory or time runs out.

Work is cut into pieces by the number of token positions in flight. When a piece does not fit into
memory, half as much is tried, and what was finished before is kept; an interrupt, or the end of the
time allowed, ends the work in the same way, with what was finished. Whoever asked a thread to stop
(:mod:`tokenviz.model.running.patience`) wants nothing of it: that ends the work with an exception.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from time import perf_counter

import torch

from tokenviz.model.running.patience import check_stop
from tokenviz.model.running.progress import Progress

__all__ = ["Work"]

# Of torch's allocator on the CPU: on Linux, on Windows, and what others say.
_SIGNS = ("can't allocate memory", "not enough memory", "out of memory")


class Work:
    """One computation under way.

    Parameters
    ----------
    rows
        Token positions in flight at a time; at least one item is, however many it has.
    budget
        Bytes that a piece may take. ``rows`` is chosen for it beforehand; on a device that can
        tell, the first piece is measured, and the following made smaller if it took more.
    seconds
        How long the work may take from now on; None for as long as it does. Something is always
        finished: time is looked at between pieces, and never before the first.

    Attributes
    ----------
    positions
        Token positions that were finished.
    interrupted
        Whether the user has ended the work.
    late
        Whether something was left undone because time ran out.
    """

    def __init__(
        self, rows: int = 1024, budget: int | None = None, seconds: float | None = None
    ) -> None:
        self.rows = max(1, rows)
        self.budget = budget
        self.seconds = seconds
        self._begun = perf_counter()
        self._depth = 0  # of what must not be cut by time
        self._is_measured = False
        self.positions = 0
        self.interrupted = False
        self.late = False
        self._progress: Progress | None = None

    @property
    def seconds_left(self) -> float:
        """Of the time that the work may take; infinite where it has no bound."""
        if self.seconds is None:
            return math.inf
        return self.seconds - (perf_counter() - self._begun)

    def has_time_for(self, positions: int) -> bool:
        """Whether so many more token positions end in time, at the pace so far; else it is late."""
        check_stop()
        if positions <= self._positions_in_time():
            return True
        self.late = True
        return False

    @property
    def must_stop(self) -> bool:
        """Whether what is left is to be left undone: the user or the clock says so."""
        return self.interrupted or not self.has_time_for(1)

    def _pace(self) -> float:
        """Seconds per token position; 0 before any is finished."""
        if not self.positions:
            return 0.0
        return (perf_counter() - self._begun) / self.positions

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Within this, time cuts nothing: what is of no use in parts."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def remark(self, text: str) -> None:
        """Say beside the progress bar how far the work is."""
        if self._progress is not None:
            self._progress.remark(text)

    def report(self, progress: Progress) -> None:
        """Tell a progress bar of every position from now on."""
        self._progress = progress

    def expect_more(self, positions: int) -> None:
        """Say that the work turned out to be longer."""
        if self._progress is not None:
            self._progress.expect_more(positions)

    def advance(self, positions: int) -> None:
        """Count token positions that a forward or backward pass went through."""
        check_stop()
        self.positions += positions
        if self._progress is not None:
            self._progress.advance(positions)

    def in_pieces(
        self,
        count: int,
        rows_each: int | Callable[[int], int],
        run: Callable[[slice], torch.Tensor],
        dim: int = 0,
    ) -> torch.Tensor:
        """Run over so many items, as many at a time as fit.

        Parameters
        ----------
        count
            How many items there are.
        rows_each
            Token positions of one item, or those of the first of a piece by its number.
        run
            From a slice of the items to their results, along ``dim``.
        dim
            The dimension of the items in results.

        Returns
        -------
        torch.Tensor
            All results; NaN for items that an interrupt left unfinished, or the end of the time
            allowed. That is looked at between the outermost pieces only, of which each is whole.

        Raises
        ------
        KeyboardInterrupt
            If not even the first piece was finished, or the work had been interrupted before.
        MemoryError, torch.OutOfMemoryError
            If not even one item fits.
        Stopped
            If the thread was asked to stop.
        """
        if self.interrupted:  # what goes before was left unfinished, so nothing can follow
            raise KeyboardInterrupt
        finished: list[torch.Tensor] = []
        start, passes = 0, 1.0  # how often a row in flight is gone through
        while start < count and not self.interrupted:
            check_stop()
            rows = max(1, rows_each(start) if callable(rows_each) else rows_each)
            if finished and not self.has_time_for(int(rows * passes)):
                break
            in_time = self._positions_in_time() / (rows * passes)
            size = int(min(max(1, min(self.rows // rows, in_time)), count - start))
            piece, before = slice(start, start + size), self.positions
            try:
                # The only item there is may be cut further down.
                with self._measuring(), self.whole() if count > 1 else nullcontext():
                    found = run(piece)
            except KeyboardInterrupt:
                if not finished:
                    raise
                self.interrupted = True
            except (RuntimeError, MemoryError) as error:
                if size == 1 or not is_out_of_memory(error):
                    raise
                self.rows = max(1, min(self.rows, size * rows) // 2)
            else:
                # Not before: an interrupt in between would have it counted and left out at once.
                finished.append(found)
                start = piece.stop
                passes = max(1.0, (self.positions - before) / (size * rows))
                continue
            _let_go()  # only now: until here the error holds what the piece had computed
        if start < count:
            shape = list(finished[0].shape)
            shape[dim] = count - start
            finished.append(finished[0].new_full(shape, torch.nan))
        return finished[0] if len(finished) == 1 else torch.cat(finished, dim)

    def _positions_in_time(self) -> float:
        """How many token positions there is time for; where time must not cut, for any number."""
        pace = 0.0 if self.seconds is None or self._depth else self._pace()
        return math.inf if pace == 0 else max(0.0, self.seconds_left / pace)

    @contextmanager
    def _measuring(self) -> Iterator[None]:
        """Hold the first piece, with all that is done within it, against the budget."""
        if self._is_measured or self.budget is None or not torch.cuda.is_available():
            yield
            return
        self._is_measured = True
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        yield
        peak = torch.cuda.max_memory_allocated() - before
        if peak > self.budget:
            self.rows = max(1, self.rows * self.budget // peak)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; on the CPU torch has no class for it."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        any(sign in str(error) for sign in _SIGNS)
    )


def _let_go() -> None:
    """Give cached blocks back, so that smaller ones find room."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
