"""Together's completions and chats: columns with the tokens' ids, or a token per chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources.assembling import Listed, Position, assemble
from tokenviz.sources.chat import unspelled
from tokenviz.sources.choices import check_numbered, is_list, model_of, said
from tokenviz.sources.columns import has_columns, positions
from tokenviz.sources.completions import all_logprobs, traces
from tokenviz.sources.fields import absent, has, number, record, rows, string, whole
from tokenviz.sources.format import Format, Given
from tokenviz.sources.listing import position, told_late
from tokenviz.sources.spelling import token_of

__all__ = ["TOGETHER"]

_SWITCH = "logprobs=5"


def _recognise(source: Any) -> bool:
    if _is_stream(source):
        return True
    columns = [logprobs for logprobs in all_logprobs(source) if has_columns(logprobs)]
    # Fireworks gives ids and offsets, OpenAI offsets, Together ids.
    return any(c.get("token_ids") is not None and c.get("text_offset") is None for c in columns)


def _is_stream(source: Any) -> bool:
    """Whether it is chunks that hold a log-probability each."""
    return is_list(source) and any(
        has(chunk, "choices") and (has(chunk, "token") or has(choice, "delta"))
        and (_is_number(choice.get("logprobs")) or has(chunk.get("token"), "logprob"))
        for chunk in source
        if has(chunk, "choices") and is_list(chunk["choices"])
        for choice in chunk["choices"]
        if isinstance(choice, Mapping)
    )  # fmt: skip


def _read(source: Any, given: Given) -> list[Trace]:
    if _is_stream(source):
        return _stream(source, given)
    before = _prompt(source, given)
    return traces(source, given, shown=TOGETHER.title, before=before, switch=_SWITCH)


def _prompt(source: Any, given: Given) -> list[Position]:
    """The prompt's tokens, where an echo of them came with log-probabilities."""
    if is_list(source) or not is_list(source.get("prompt")):
        return []
    out: list[Position] = []
    for i, part in enumerate(source["prompt"]):
        name = f"prompt[{i}]"
        if (columns := record(part, name).get("logprobs")) is not None:
            out += positions(
                record(columns, f"{name}.logprobs"),
                f"{name}.logprobs",
                tokenizer=given.tokenizer,
                text=part.get("text"),
            )
    return out


def _stream(chunks: Sequence[Any], given: Given) -> list[Trace]:
    """Chunks with one token each: as ``token``, or as a choice's ``delta`` and ``logprobs``."""
    check_numbered(chunks)
    read: dict[int, list[Position]] = {}
    text: dict[int, str] = {}
    for i, value in enumerate(chunks):
        chunk = record(value, f"chunks[{i}]")
        values = rows(chunk.get("choices") or [], f"chunks[{i}].choices")
        for j, entry in enumerate(values):
            name = f"chunks[{i}].choices[{j}]"
            choice = record(entry, name)
            index = whole(choice.get("index"), f"{name}.index") or 0
            text[index] = text.get(index, "") + said(choice)
            if (found := _position(chunk, choice, f"chunks[{i}]", name, given)) is not None:
                read.setdefault(index, []).append(found)
    if missing := sorted(text.keys() - read.keys()):
        raise absent(f"choices[{missing[0]}].logprobs", _SWITCH)
    read = {index: told_late(path, is_mapping=True) for index, path in read.items()}
    return [
        assemble(
            read[index],
            source=TOGETHER.title,
            distribution=given.distribution or "unknown",
            temperature=given.temperature,
            model=model_of(chunks),
            notes=unspelled(read[index], text[index]),
        )
        for index in sorted(read)
    ]


def _position(
    chunk: Mapping[str, Any], choice: Mapping[str, Any], name: str, own: str, given: Given
) -> Position | None:
    """The one token of a chunk; None where it holds none, as the last does."""
    token, delta = chunk.get("token"), choice.get("delta")
    token = record({} if token is None else token, f"{name}.token")
    delta = record({} if delta is None else delta, f"{own}.delta")
    logprob = token.get("logprob", choice.get("logprobs"))
    written = token.get("text", delta.get("content"))
    id = token.get("id", delta.get("token_id"))  # noqa: A001 - the field's own word
    if logprob is None and id is None and not written:
        return None
    where = f"{name}.token.logprob" if "logprob" in token else f"{own}.logprobs"
    text_at = f"{name}.token.text" if "text" in token else f"{own}.delta.content"
    id_at = f"{name}.token.id" if "id" in token else f"{own}.delta.token_id"
    spelled = token_of(
        None if written is None else string(written, text_at),
        id=whole(id, id_at),
        tokenizer=given.tokenizer,
        special=token.get("special") is True,
    )
    top = choice.get("top_logprobs")
    considered = record({} if top is None else top, f"{own}.top_logprobs")
    listed = [
        Listed(token_of(text), number(value, f"{own}.top_logprobs[{text!r}]"))
        for text, value in considered.items()
    ]
    return position(
        Listed(spelled, number(logprob, where)), listed, is_mapping=True, may_be_appended=True
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TOGETHER = Format(
    name="together",
    title="Together",
    kind="log-probabilities",
    keys=("choices", "logprobs", "token_ids", "tokens", "token_logprobs", "token", "delta"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "by ids, with a tokenizer",
        "ids": "of chosen tokens",
        "alternatives": "by text, where it gives a list per token",
        "prompt": "with echo=True",
        "distribution": "not said",
    },
)
