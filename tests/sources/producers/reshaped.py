"""What producers that reshape ``fixtures/scored.json`` have in common: reading it, and writing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[1] / "fixtures"
SCORED: dict[str, Any] = json.loads((FIXTURES / "scored.json").read_text(encoding="utf-8"))
PROMPT: list[dict[str, Any]] = SCORED["prompt"]["tokens"]
CHOICES: list[list[dict[str, Any]]] = [choice["tokens"] for choice in SCORED["choices"]]


def text_of(tokens: Iterable[dict[str, Any]]) -> str:
    """The text of whole tokens together."""
    return b"".join(bytes(token["bytes"]) for token in tokens).decode()


def escaped(token: dict[str, Any]) -> str:
    """A token as OpenAI's servers write it: pieces of characters spelled out."""
    return bytes(token["bytes"]).decode("utf-8", errors="backslashreplace")


def replaced(token: dict[str, Any]) -> str:
    """A token as most servers write it: pieces of characters as U+FFFD."""
    return bytes(token["bytes"]).decode("utf-8", errors="replace")


def cut(tokens: list[dict[str, Any]], size: int) -> list[list[dict[str, Any]]]:
    """Tokens in groups of at most ``size``, none of which ends within a character."""
    groups: list[list[dict[str, Any]]] = [[]]
    for token in tokens:
        if len(groups[-1]) >= size and is_text(groups[-1]):
            groups.append([])
        groups[-1].append(token)
    return groups


def is_text(tokens: list[dict[str, Any]]) -> bool:
    """Whether tokens together are whole characters."""
    try:
        text_of(tokens)
    except UnicodeDecodeError:
        return False
    return True


def write(name: str, *lines: str) -> None:
    """Write a fixture; one line each where it is a stream."""
    (FIXTURES / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_objects(name: str, objects: Any, dump: Callable[[Any], str]) -> None:
    """Write a client's object, or those of a stream, which tokenviz must read as it reads these."""
    from tokenviz.sources.read import read

    write(name, *map(dump, objects if isinstance(objects, list) else [objects]))
    assert read(objects) == read(FIXTURES / name), name
