"""Tokens and targets in a header, and lists of anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tokenviz.data.attribution import Target
from tokenviz.data.stored import listed
from tokenviz.data.tokens import Token

__all__ = ["each", "target_from_json", "target_to_json", "token_from_json", "token_to_json"]

_Read = TypeVar("_Read")


def each(name: str, value: Any, read: Callable[[Any], _Read]) -> list[_Read]:
    """Each entry of a list as ``read`` takes it, with its place in the message where it cannot."""
    entries: list[_Read] = []
    for item in listed(name, value):
        try:
            entries.append(read(item))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name}[{len(entries)}]: {error}") from None
    return entries


def token_to_json(token: Token) -> str | dict[str, Any]:
    """Plain text where that says everything, an object otherwise."""
    try:
        text = token.bytes.decode("utf-8")
    except UnicodeDecodeError:
        content: dict[str, Any] = {"hex": token.bytes.hex()}
    else:
        if token.id is None and not token.special and not token.unknown:
            return text
        content = {"text": text}
    if token.id is not None:
        content["id"] = token.id
    if token.special:
        content["special"] = True
    if token.unknown:
        content["unknown"] = True
    return content


def token_from_json(item: Any) -> Token:
    """The token that :func:`token_to_json` wrote."""
    if isinstance(item, str):
        return Token(item)
    if not isinstance(item, dict) or item.keys() - {"text", "hex", "id", "special", "unknown"}:
        raise ValueError("expected text, or an object of text or hex, id, special and unknown")
    if len(item.keys() & {"text", "hex"}) != 1:
        raise ValueError("expected either text or hex")
    text, octets = item.get("text"), item.get("hex")
    if not isinstance(text if octets is None else octets, str):
        raise ValueError("expected text or hex to be a string")
    special, unknown, id_ = item.get("special", False), item.get("unknown", False), item.get("id")
    if not isinstance(special, bool) or not isinstance(unknown, bool):
        raise ValueError("expected special and unknown to be true or false")
    if not (id_ is None or type(id_) is int):
        raise ValueError("expected id to be a whole number")
    content = text if octets is None else bytes.fromhex(octets)
    assert content is not None
    return Token(content, id=id_, special=special, unknown=unknown)


def target_to_json(target: Target) -> str | dict[str, Any]:
    """An expression as it is, a token within an object."""
    return {"token": token_to_json(target)} if isinstance(target, Token) else target


def target_from_json(item: Any) -> Target:
    """The target that :func:`target_to_json` wrote."""
    if isinstance(item, str):
        return item
    if not isinstance(item, dict) or item.keys() != {"token"}:
        raise ValueError("expected text, or an object with a token")
    return token_from_json(item["token"])
