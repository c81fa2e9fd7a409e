"""Which branch wrote a position of a text: the line of branches that each branch goes on from.

A branch takes its first tokens from those above it. Those that it takes none from (it leaves its
parent where the parent left its own, or before) are left out of its line, so positions fall
strictly on the way up. Beside the next branch of the line each keeps one farther up, chosen as in
Myers (1983), "An applicative random-access stack": any position is found in a number of steps that
grows as the logarithm of the depth, and a branch costs three numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["Ancestry"]


class Ancestry:
    """The lines of branches, which are told one after another."""

    def __init__(self) -> None:
        self._positions: list[int] = []
        self._above: list[int] = []
        self._jump: list[int] = []
        self._depth: list[int] = []

    def copy(self) -> Ancestry:
        """One that can be told more while this one stays."""
        other = Ancestry()
        other._positions = self._positions.copy()
        other._above = self._above.copy()
        other._jump = self._jump.copy()
        other._depth = self._depth.copy()
        return other

    def add(self, parent: int | None, position: int) -> None:
        """Take the next branch, which leaves ``parent`` at a position of its path."""
        new = len(self._positions)
        self._positions.append(position)
        if parent is None or position == 0:
            self._above.append(new)
            self._jump.append(new)
            self._depth.append(0)
            return
        above = self.owner(parent, position - 1)
        near = self._jump[above]
        far = self._jump[near]
        even = self._depth[above] - self._depth[near] == self._depth[near] - self._depth[far]
        self._above.append(above)
        self._jump.append(far if even else above)
        self._depth.append(self._depth[above] + 1)

    def owner(self, branch: int, position: int) -> int:
        """The branch whose own token stands at a position of the path of ``branch``."""
        while self._positions[branch] > position:
            jump = self._jump[branch]
            branch = jump if self._positions[jump] > position else self._above[branch]
        return branch

    def line(self, branch: int) -> Iterator[int]:
        """The branch, then those that its path takes tokens from, on the way up."""
        yield branch
        while self._positions[branch] > 0:
            branch = self._above[branch]
            yield branch
