"""Reading the prompts of a folder, and saying where a file is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.prompts.filler import filler
from benchmarks.prompts.prompt import Marked, Prompt, Span

__all__ = ["KINDS", "load", "marked"]

FOLDER = Path(__file__).parent
KINDS = (
    "copying",
    "agreement",
    "who",
    "facts",
    "lists",
    "sequences",
    "code",
    "arithmetic",
    "negation",
    "documents",
    "needle_1000",
    "needle_3000",
)

_MARK = re.compile(r"\[\[([^|\[\]]*)\|([^|\[\]]*)\]\]")
_FILLER = re.compile(r"<<(\d+) words, seed (\d+)>>")
_ANSWERS = ("target", "foil")


def load(folder: Path = FOLDER, kinds: tuple[str, ...] = KINDS) -> list[Prompt]:
    """The prompts of some kinds, as they stand in ``KIND.jsonl`` each.

    Raises
    ------
    ValueError
        If a file is malformed; the message names the file and the line.
    """
    return [prompt for kind in kinds for prompt in _read(folder / f"{kind}.jsonl", kind)]


def marked(text: str) -> Marked:
    """A text with its marks read: ``The capital of [[France|Italy]] is``.

    Raises
    ------
    ValueError
        If a mark is not closed, marks nothing, or is exchanged for the same.
    """
    text = _FILLER.sub(lambda found: filler(int(found[1]), int(found[2])), text)
    if "<<" in text:
        raise ValueError("expected <<400 words, seed 1>> where there is a <<")
    plain, exchanged, end = "", "", 0
    spans: list[Span] = []
    for mark in _MARK.finditer(text):
        words, others = mark.groups()
        if not words.strip() or not others.strip() or words == others:
            raise ValueError(f"{mark[0]}: expected words, and others that they are exchanged for")
        between = text[end : mark.start()]
        plain, exchanged = plain + between, exchanged + between
        spans.append((len(plain), len(plain) + len(words)))
        plain, exchanged, end = plain + words, exchanged + others, mark.end()
    rest = text[end:]
    plain, exchanged = plain + rest, exchanged + rest
    if "[[" in plain or "]]" in plain:
        raise ValueError("expected [[these|those]] where there is a [[ or a ]]")
    return Marked(plain, exchanged, tuple(spans))


def _read(file: Path, kind: str) -> list[Prompt]:
    prompts = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            prompts.append(_prompt(json.loads(line), kind, f"{kind}:{number}"))
        except ValueError as error:  # what json raises, too
            raise ValueError(f"{file.name}, line {number}: {error}") from None
    return prompts


def _prompt(entry: Any, kind: str, name: str) -> Prompt:
    what = "chat" if isinstance(entry, dict) and "chat" in entry else "text"
    expected = {what, *_ANSWERS}
    if not isinstance(entry, dict) or set(entry) != expected:
        keys = list(entry) if isinstance(entry, dict) else entry
        raise ValueError(f"expected an object of text or chat, target and foil, got {keys!r}")
    for key in (*_ANSWERS, *({"text"} & expected)):
        if not isinstance(entry[key], str) or not entry[key]:
            raise ValueError(f"{key}: expected text, got {entry[key]!r}")
    target, foil = entry["target"], entry["foil"]
    if target == foil:
        raise ValueError(f"foil: expected another than the target, got {foil!r} for both")
    if what == "chat":
        roles, contents = _messages(entry["chat"])
    else:
        roles, contents = None, [entry["text"]]
    parts = tuple(marked(content) for content in contents)
    if not any(part.spans for part in parts):
        raise ValueError("expected deciding words, as in [[these|those]], found none")
    return Prompt(kind, name, parts, roles, target, foil)


def _messages(chat: Any) -> tuple[tuple[str, ...], list[str]]:
    """The roles and the contents of chat messages."""
    if not isinstance(chat, list) or not chat:
        raise ValueError(f"chat: expected a list of messages, got {chat!r}")
    for i, message in enumerate(chat):
        fields = message if isinstance(message, dict) else {}
        if set(fields) != {"role", "content"} or not all(
            isinstance(value, str) and value for value in fields.values()
        ):
            raise ValueError(f"chat[{i}]: expected a role and a content, got {message!r}")
    return tuple(message["role"] for message in chat), [message["content"] for message in chat]
