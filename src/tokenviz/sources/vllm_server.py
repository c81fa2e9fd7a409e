"""vLLM's server: OpenAI's chats and completions, with ids and the prompt where they were asked for.

``return_tokens_as_token_ids`` writes ``token_id:5`` for a token's text; ``return_token_ids`` adds
``token_ids`` and ``prompt_token_ids``; ``prompt_logprobs`` stands in a chat's response or in a
completion's choice. Bytes are those of the decoded text: pieces of characters are U+FFFD, or of a
text that is decoded as it grows nothing, with the whole character in the last.

A list holds the chosen token first, whether it is among the most probable or not, and is then cut.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tokenviz.data.trace import Trace
from tokenviz.sources import chat, completions
from tokenviz.sources.assembling import Listed, Position, assemble
from tokenviz.sources.chat_content import entries
from tokenviz.sources.choices import is_list, model_of, said
from tokenviz.sources.fields import (
    absent,
    aligned,
    as_bytes,
    field,
    has,
    number,
    record,
    rows,
    string,
    whole,
)
from tokenviz.sources.format import Format, Given
from tokenviz.sources.listing import position, told_late
from tokenviz.sources.spelling import Tokenizer, token_of
from tokenviz.sources.vllm_logprobs import ids_in_order, ids_of, steps

__all__ = ["VLLM_CHAT", "VLLM_COMPLETIONS"]

_OF_RESPONSE = ("prompt_logprobs", "prompt_token_ids", "kv_transfer_params")
_OF_CHOICE = ("stop_reason", "token_ids", "prompt_logprobs")
_CLOSE = 1e-4  # of two computations of one number
_WRITTEN_ID = re.compile(r"token_id:(\d+)")


def _is_its_own(source: Any) -> bool:
    chunks = source if is_list(source) else [source]
    return any(
        any(has(chunk, key) for key in _OF_RESPONSE)
        or any(has(choice, key) for choice in chunk["choices"] for key in _OF_CHOICE)
        for chunk in chunks
        if has(chunk, "choices") and is_list(chunk["choices"])
    )


def _is_chat(source: Any) -> bool:
    return _is_its_own(source) and (chat.is_chat(source) or chat.is_chat_stream(source))


def _is_completion(source: Any) -> bool:
    return _is_its_own(source) and not _is_chat(source)


def _read_chat(source: Any, given: Given) -> list[Trace]:
    return _traces(source, given, VLLM_CHAT.title, chat.SWITCH)


def _read_completion(source: Any, given: Given) -> list[Trace]:
    return _traces(source, given, VLLM_COMPLETIONS.title, completions.SWITCH)


class _Piece(NamedTuple):
    """A choice of a response, or what a chunk adds to it."""

    name: str
    choice: Mapping[str, Any]
    response: Mapping[str, Any]
    prefix: str
    """Of names in the response."""


def _traces(source: Any, given: Given, title: str, switch: str) -> list[Trace]:
    read = [_choice(pieces, given.tokenizer, switch) for pieces in _pieces(source)]
    echoed = completions.prompt_length(
        source, [completions.Choice("", one.written, one.text, True) for one in read]
    )
    if not echoed and read and all(map(_is_echoed, read)):
        echoed = len(read[0].prompt)
    out = []
    for one in read:
        # An echo gives the prompt again.
        before = [] if echoed else one.prompt
        path = [*before, *one.written]
        length = echoed or len(before)
        parts = ["prompt"] * length + ["completion"] * (len(path) - length)
        out.append(
            assemble(
                path,
                source=title,
                distribution=given.distribution or "unknown",
                temperature=given.temperature,
                model=model_of(source),
                categories={"part": parts} if length else None,
                notes=chat.unspelled(one.written, one.text),
            )
        )
    return out


def _pieces(source: Any) -> list[list[_Piece]]:
    """Of each choice, by its index."""
    is_stream = is_list(source)
    found: dict[int, list[_Piece]] = {}
    for i, value in enumerate(source if is_stream else [source]):
        prefix = f"chunks[{i}]." if is_stream else ""
        response = record(value, prefix.rstrip(".") or "response")
        name = f"{prefix}choices"
        for j, choice in enumerate(rows(field(response, "choices", prefix or "response"), name)):
            own = record(choice, f"{name}[{j}]")
            index = whole(own.get("index"), f"{name}[{j}].index")
            index = j if index is None else index
            pieces = found.setdefault(index, [])
            if pieces and pieces[-1].response is response:
                raise ValueError(f"{name}[{j}].index: {index} is that of another choice")
            pieces.append(_Piece(f"{name}[{j}]", own, response, prefix))
    return [found[index] for index in sorted(found)]


class _Choice(NamedTuple):
    prompt: list[Position]
    written: list[Position]
    text: str


def _choice(pieces: Sequence[_Piece], tokenizer: Tokenizer | None, switch: str) -> _Choice:
    prompt: list[Position] = []
    written: list[Position] = []
    is_given = False
    for piece in pieces:
        prompt += _prompt(piece, tokenizer)
        if (logprobs := piece.choice.get("logprobs")) is None:
            continue
        is_given = True
        name = f"{piece.name}.logprobs"
        columns = record(logprobs, name)
        if "token_logprobs" in columns:
            steps = _of_columns(columns, name)
        elif columns.get("content") is not None:
            steps = _of_content(columns["content"], f"{name}.content")
        else:
            field(columns, "content", name)
            continue
        written += _positions(steps, _ids(piece, len(steps)), tokenizer)
    if not is_given and not prompt:
        raise absent(f"{pieces[0].name}.logprobs", switch)
    text = "".join(said(piece.choice) for piece in pieces)
    return _Choice(prompt, told_late(written), text)


def _is_echoed(choice: _Choice) -> bool:
    """Whether what is written begins with the prompt, which is there by itself as well."""
    before, written = (
        [position.chosen.logprob for position in part] for part in (choice.prompt, choice.written)
    )
    return bool(before) and len(written) >= len(before) and all(
        a == b if a is None or b is None else abs(a - b) < _CLOSE
        for a, b in zip(before, written, strict=False)
    )  # fmt: skip


class _Written(NamedTuple):
    """A token as it is written."""

    text: str
    bytes: bytes | None
    logprob: float | None


class _Step(NamedTuple):
    chosen: _Written
    listed: list[_Written]
    is_mapping: bool


def _of_content(content: Any, name: str) -> list[_Step]:
    def written(value: Any, own: str) -> _Written:
        entry = record(value, own)
        return _Written(
            string(field(entry, "token", own), f"{own}.token"),
            as_bytes(entry.get("bytes"), f"{own}.bytes"),
            number(field(entry, "logprob", own), f"{own}.logprob"),
        )

    out = []
    for own, entry in entries(content, name):
        chosen = written(entry, own)
        top = entries(entry.get("top_logprobs") or [], f"{own}.top_logprobs")
        out.append(_Step(chosen, [written(one, where) for where, one in top], is_mapping=False))
    return out


def _of_columns(columns: Mapping[str, Any], name: str) -> list[_Step]:
    tokens = rows(field(columns, "tokens", name), f"{name}.tokens")
    logprobs = aligned(
        columns["token_logprobs"], own := f"{name}.token_logprobs", len(tokens), "token"
    )
    tops = columns.get("top_logprobs")
    if tops is None:
        tops = [None] * len(tokens)
    out = []
    for i, top in enumerate(aligned(tops, f"{name}.top_logprobs", len(tokens), "token")):
        where = f"{name}.top_logprobs[{i}]"
        listed = {} if top is None else record(top, where)
        out.append(
            _Step(
                _Written(
                    string(tokens[i], f"{name}.tokens[{i}]"),
                    None,
                    number(logprobs[i], f"{own}[{i}]"),
                ),
                [
                    _Written(text, None, number(p, f"{where}[{text!r}]"))
                    for text, p in listed.items()
                ],
                is_mapping=True,
            )
        )
    return out


def _positions(
    read: Sequence[_Step], ids: Sequence[int] | None, tokenizer: Tokenizer | None
) -> list[Position]:
    are_ids = bool(read) and all(_WRITTEN_ID.fullmatch(step.chosen.text) for step in read)

    def listed(one: _Written, id: int | None = None) -> Listed:  # noqa: A002 - the field's own word
        text, data = one.text, one.bytes
        if not are_ids:
            return Listed(token_of(text, bytes=data, id=id, tokenizer=tokenizer), one.logprob)
        if not _WRITTEN_ID.fullmatch(text):
            raise ValueError(
                f"top_logprobs: expected 'token_id:' and an id, as chosen tokens have, got {text!r}"
            )
        # The chosen token's bytes are those of its text, others' those of "token_id:…".
        own = None if data is None or data == text.encode() else data
        spelled = None if own is None else own.decode("utf-8", "replace")
        id = int(text.partition(":")[2])  # noqa: A001 - the field's own word
        return Listed(token_of(spelled, bytes=own, id=id, tokenizer=tokenizer), one.logprob)

    return [
        position(
            listed(step.chosen, None if ids is None else ids[i]),
            # The chosen token comes first whatever its rank: alone, it says nothing of that.
            [listed(one) for one in step.listed] if len(step.listed) > 1 else [],
            is_mapping=step.is_mapping and not are_ids,
            may_be_appended=True,
        )
        for i, step in enumerate(read)
    ]


def _ids(piece: _Piece, count: int) -> list[int] | None:
    """The ids of the tokens that are written, those of an echoed prompt included, if given."""
    name = f"{piece.name}.token_ids"
    own = piece.choice.get("token_ids")
    ids = [] if own is None else ids_of(own, name)
    if len(ids) == count:
        return ids
    ids = _prompt_ids(piece) + ids
    return ids if len(ids) == count else None


def _prompt_ids(piece: _Piece) -> list[int]:
    for owner, name in ((piece.choice, f"{piece.name}."), (piece.response, piece.prefix)):
        if owner.get("prompt_token_ids") is not None:
            return ids_of(owner["prompt_token_ids"], f"{name}prompt_token_ids")
    return []


def _prompt(piece: _Piece, tokenizer: Tokenizer | None) -> list[Position]:
    for owner, prefix in ((piece.choice, f"{piece.name}."), (piece.response, piece.prefix)):
        if (listed := owner.get("prompt_logprobs")) is not None:
            name = f"{prefix}prompt_logprobs"
            ids = _prompt_ids(piece) or ids_in_order(listed, name)
            return steps(listed, ids, name, tokenizer)
    return []


_CARRIES = {
    "bytes": "by ids, with a tokenizer",
    "prompt": "with prompt_logprobs",
    "distribution": "not said; the model's own, unless logprobs_mode was set",
}

VLLM_CHAT = Format(
    name="vllm-chat",
    title="vLLM server, chat",
    kind="log-probabilities",
    keys=("choices", "message", "delta", "logprobs", "content", "stop_reason", "prompt_logprobs"),
    recognise=_is_chat,
    read=_read_chat,
    carries={
        **_CARRIES,
        "ids": "of chosen tokens with return_token_ids, of all with return_tokens_as_token_ids",
        "alternatives": "top_logprobs of them, the chosen token among them",
    },
)

VLLM_COMPLETIONS = Format(
    name="vllm-completions",
    title="vLLM server, completions",
    kind="log-probabilities",
    keys=("choices", "text", "logprobs", "token_logprobs", "stop_reason", "prompt_logprobs"),
    recognise=_is_completion,
    read=_read_completion,
    carries={
        **_CARRIES,
        "ids": "of chosen tokens with return_token_ids, of all with return_tokens_as_token_ids",
        "alternatives": "by text, of tokens that look alike only one; by id as above",
        "prompt": "with prompt_logprobs or echo=True",
    },
)
