"""A memory of bounded size: what was used longest ago is let go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

__all__ = ["Cache"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Values by key, at most ``limit`` bytes of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """The value of a key, which thereby becomes the latest used; None if it is not held."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Hold a value of so many bytes, and let others go for it."""
        self._held -= self._entries.pop(key, (None, 0))[1]
        self._entries[key] = value, size
        self._held += size
        while self._held > self._limit and len(self._entries) > 1:
            _, (_, gone) = self._entries.popitem(last=False)
            self._held -= gone

    def items(self) -> Iterator[tuple[Key, Value]]:
        """Keys and values, the longest unused first."""
        return ((key, value) for key, (value, _) in self._entries.items())

    @property
    def held(self) -> int:
        """Bytes held."""
        return self._held

    def clear(self) -> None:
        """Hold nothing."""
        self._entries.clear()
        self._held = 0
