"""What a row of a server's says of the answer that it is of: whose it is, whether it ends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tokenviz.sources.choices import as_list, is_list

__all__ = ["BEGINS", "ENDS", "EVENTS", "Said", "is_open", "said"]

EVENTS = "events"
"""The kind of what a stream of Responses sends."""

BEGINS = "response.created"
ENDS = ("response.completed", "response.incomplete", "response.failed")
_DELTA, _DONE = "response.output_text.delta", "response.output_text.done"
_PARTS = 1000  # of a message, at most

# Reasons for which an answer has not ended; some servers send the word.
_OPEN = (None, "", 0, "null", "None", "FINISH_REASON_UNSPECIFIED")


class Said(NamedTuple):
    """What a row says."""

    kind: tuple[str, Any]
    """Of which producer: rows of others are of other answers."""
    id: str | None = None
    is_whole: bool = False
    is_summed_up: bool = False
    """Whether it ends all that it holds and says how much was used, as whole answers do, and as
    the last chunks of some streams."""
    is_chunk: bool = False
    """Whether it says that it is a chunk."""
    content: frozenset[int] = frozenset()
    """The choices that it says something of."""
    ended: frozenset[int] = frozenset()
    """Those that it ends."""
    may_always_end: bool = False
    """Whether all chunks of a stream may say that they end it."""


def said(row: Any) -> Said | None:
    """What a row says; None of what is no server's answer."""
    if not isinstance(row, Mapping):
        return None
    if is_list(row.get("choices")):
        return _of_choices(row)
    if is_list(row.get("candidates")):
        return _of_candidates(row)
    if row.get("object") == "response" and is_list(row.get("output")):
        return Said(("response", None), is_whole=True)
    if isinstance(row.get("type"), str) and row["type"].startswith("response."):
        return _of_event(row)
    if "created_at" in row and isinstance(row.get("done"), bool):
        return _of_ollama(row)
    if "content" in row and isinstance(row.get("stop"), bool):
        return _one(("llama.cpp", row.get("index")), ends=row["stop"])
    if isinstance(row.get("token"), Mapping):
        return _one(("tgi", None), ends=row.get("generated_text") is not None)._replace(
            is_chunk=True
        )
    if isinstance(row.get("meta_info"), Mapping):
        info = row["meta_info"]
        own = _one(("sglang", row.get("index")), ends=not is_open(info.get("finish_reason")))
        return own._replace(id=_id(info.get("id")))
    return None


def is_open(reason: Any) -> bool:
    """Whether a reason to finish is none."""
    return reason is None or (isinstance(reason, str | int) and reason in _OPEN)


def _one(kind: tuple[str, Any], *, ends: bool) -> Said:
    """Of an answer without choices."""
    only = frozenset([0])
    return Said(kind, content=only, ended=only if ends else frozenset())


def _of_ollama(row: Mapping[str, Any]) -> Said:
    kind = "ollama", row.get("model")
    # It says so, too, when it has loaded a model for nobody.
    if row.get("done_reason") in ("load", "unload"):
        return Said(kind)
    return _one(kind, ends=row["done"])


def _of_event(row: Mapping[str, Any]) -> Said:
    """Of a stream of Responses: it begins once, ends once, and so does each part of its text."""
    kind, name = (EVENTS, None), row["type"]
    if name == BEGINS or name in ENDS:
        own = frozenset([-1 if name == BEGINS else -2])
        return Said(kind, is_chunk=True, content=own, ended=own)
    output, part = row.get("output_index"), row.get("content_index")
    if name not in (_DELTA, _DONE) or not isinstance(output, int) or not isinstance(part, int):
        return Said(kind, is_chunk=True)
    text = frozenset([_PARTS * output + part])
    return Said(kind, is_chunk=True, content=text, ended=text if name == _DONE else frozenset())


def _of_choices(row: Mapping[str, Any]) -> Said:
    kind, id_ = row.get("object"), _id(row.get("id"))
    choices = _numbered(row["choices"])
    ended = frozenset(i for i, one in choices if not is_open(one.get("finish_reason")))
    is_chunk = isinstance(kind, str) and kind.endswith(".chunk")
    is_chunk = is_chunk or any(isinstance(one.get("delta"), Mapping) for _, one in choices)
    has_messages = any(isinstance(one.get("message"), Mapping) for _, one in choices)
    return Said(
        ("choices", None),
        id=id_,
        is_whole=not is_chunk and has_messages,
        is_summed_up=not is_chunk
        and bool(choices and row.get("usage"))
        and all(i in ended for i, _ in choices),
        is_chunk=is_chunk,
        content=frozenset(i for i, one in choices if _says(one)),
        ended=ended,
        may_always_end=not is_chunk and id_ is not None,
    )


def _says(choice: Mapping[str, Any]) -> bool:
    delta, logprobs = choice.get("delta"), choice.get("logprobs")
    own = delta.get("content") if isinstance(delta, Mapping) else None
    if isinstance(logprobs, Mapping):
        logprobs = any(logprobs.values())
    return bool(choice.get("text") or logprobs or own)


def _of_candidates(row: Mapping[str, Any]) -> Said:
    candidates = _numbered(row["candidates"])
    return Said(
        ("candidates", None),
        id=_id(row.get("response_id", row.get("responseId"))),
        content=frozenset(i for i, _ in candidates),
        ended=frozenset(
            i
            for i, one in candidates
            if not is_open(one.get("finish_reason", one.get("finishReason")))
        ),
    )


def _numbered(choices: Any) -> list[tuple[int, Mapping[str, Any]]]:
    out = []
    for i, choice in enumerate(as_list(choices)):
        if isinstance(choice, Mapping):
            index = choice.get("index")
            out.append((index if isinstance(index, int) else i, choice))
    return out


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
