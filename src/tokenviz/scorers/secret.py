"""What must never be read anywhere: an API key, kept out of messages and of what prints objects."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

__all__ = ["Secret", "without_user"]

_HIDDEN = "<hidden>"


class Secret:
    """A text that is shown as what it is not.

    Parameters
    ----------
    value
        The text; None where there is none.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | None) -> None:
        self._value = value

    def reveal(self) -> str | None:
        """The text itself."""
        return self._value

    def hidden_in(self, message: str) -> str:
        """A message of somebody else's with the text taken out: servers like to repeat it."""
        return message.replace(self._value, _HIDDEN) if self._value else message

    def __repr__(self) -> str:
        return "Secret(None)" if self._value is None else f"Secret({_HIDDEN})"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down; make the scorer anew where it is needed")


def without_user(url: str) -> str:
    """An address without the name and password that may stand in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
