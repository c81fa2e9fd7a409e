"""How much is computed at a time, what is finished, and what happens when memory runs out.

Work is cut into pieces by the number of token positions in flight. When a piece does not fit into
memory, half as much is tried, and what was finished before is kept; an interrupt ends the work in
the same way, with what was finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

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

    Attributes
    ----------
    positions
        Token positions that were finished.
    interrupted
        Whether the user has ended the work.
    """

    def __init__(self, rows: int = 1024, budget: int | None = None) -> None:
        self.rows = max(1, rows)
        self.budget = budget
        self._is_measured = False
        self.positions = 0
        self.interrupted = False
        self._progress: Progress | None = None

    def report(self, progress: Progress) -> None:
        """Tell a progress bar of every position from now on."""
        self._progress = progress

    def expect_more(self, positions: int) -> None:
        """Say that the work turned out to be longer."""
        if self._progress is not None:
            self._progress.expect_more(positions)

    def advance(self, positions: int) -> None:
        """Count token positions that a forward or backward pass went through."""
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
            All results; NaN for items that an interrupt left unfinished.

        Raises
        ------
        KeyboardInterrupt
            If not even the first piece was finished, or the work had been interrupted before.
        MemoryError, torch.OutOfMemoryError
            If not even one item fits.
        """
        if self.interrupted:  # what goes before was left unfinished, so nothing can follow
            raise KeyboardInterrupt
        finished: list[torch.Tensor] = []
        start = 0
        while start < count and not self.interrupted:
            rows = rows_each(start) if callable(rows_each) else rows_each
            size = min(max(1, self.rows // max(1, rows)), count - start)
            piece = slice(start, start + size)
            try:
                with self._measuring():
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
                continue
            _let_go()  # only now: until here the error holds what the piece had computed
        if start < count:
            shape = list(finished[0].shape)
            shape[dim] = count - start
            finished.append(finished[0].new_full(shape, torch.nan))
        return finished[0] if len(finished) == 1 else torch.cat(finished, dim)

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
