"""A progress bar for work that turns out to be long, and none for work that is not."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from tqdm.auto import tqdm

__all__ = ["Progress"]

_DELAY = 2.0  # seconds of work before a bar appears


class Progress:
    """Counts finished work in its own unit; the time left follows from the rate so far.

    Parameters
    ----------
    description
        What is being done.
    total
        How much there is to do, as far as is known.
    unit
        What is counted: "token", "position".
    show
        True shows the bar at once, False never, None only after two seconds.
    """

    def __init__(self, description: str, total: int, unit: str, show: bool | None = None) -> None:
        self._bar: Any = tqdm(
            desc=description,
            total=total,
            unit=unit,
            unit_scale=unit == "position",
            delay=0.0 if show else _DELAY,
            disable=show is False,
            leave=False,
        )

    def advance(self, amount: int = 1) -> None:
        """Say that so much more is finished."""
        self._bar.update(amount)

    def expect(self, total: int) -> None:
        """Correct how much there is to do."""
        self._bar.total = total

    def expect_more(self, amount: int) -> None:
        """Say that there is more to do than was known before."""
        self._bar.total += amount

    def remark(self, text: str) -> None:
        """Write something beside the bar."""
        self._bar.set_postfix_str(text, refresh=False)

    def close(self) -> None:
        """Take the bar away.

        A notebook's is a widget. What executes notebooks keeps the state of widgets that are
        closed, and would show the bar for ever; so it is hidden first.
        """
        box = getattr(self._bar, "container", None)
        if box is not None:
            box.layout.display = "none"
        self._bar.close()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
