"""OpenAI's Responses: the object, or the events of its stream.

A stream tells everything up to three times: in deltas, when a part is done, and with the complete
object. Only the last has the tokens' bytes, so it is read where it is there; else the deltas, and
what is told as a part is done is held against them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources.assembling import Position, assemble
from tokenviz.sources.chat import unspelled
from tokenviz.sources.chat_content import entries, positions
from tokenviz.sources.choices import is_list
from tokenviz.sources.fields import absent, field, has, number, record, rows, string, whole
from tokenviz.sources.format import Format, Given

__all__ = ["OPENAI_RESPONSES"]

_SWITCH = 'include=["message.output_text.logprobs"], top_logprobs=5'
_DELTA, _DONE = "response.output_text.delta", "response.output_text.done"
_ENDS = ("response.completed", "response.incomplete")


def _recognise(source: Any) -> bool:
    if is_list(source):
        return any(has(event, "type") and event["type"] in (_DELTA, _DONE, *_ENDS)
                   for event in source)  # fmt: skip
    if not has(source, "output") or not is_list(source["output"]):
        return False
    return source.get("object") == "response" or any(_parts(source["output"]))


def _read(source: Any, given: Given) -> list[Trace]:
    if not is_list(source):
        return _whole(record(source, "response"), "", given)
    for i, event in enumerate(source):
        if has(event, "type") and event["type"] in _ENDS:
            name = f"events[{i}].response"
            response = record(field(event, "response", f"events[{i}]"), name)
            return _whole(response, f"{name}.", given)
    return _stream(source, given)


def _whole(response: Mapping[str, Any], prefix: str, given: Given) -> list[Trace]:
    out = []
    for where, part in _parts(rows(field(response, "output", prefix or "response"), "output")):
        name = f"{prefix}{where}"
        if not part.get("logprobs"):
            raise absent(f"{name}.logprobs", _SWITCH)
        text = string(field(part, "text", name), f"{name}.text")
        content = entries(part["logprobs"], f"{name}.logprobs")
        read = positions(content, tokenizer=given.tokenizer, text=text)
        out.append(_trace(read, text, given, response))
    if not out:
        raise absent(f"{prefix}output", _SWITCH)
    return out


def _parts(output: Sequence[Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The parts of messages that are text, each with its name."""
    return [
        (f"output[{i}].content[{j}]", part)
        for i, item in enumerate(output)
        if has(item, "content") and is_list(item["content"])
        for j, part in enumerate(item["content"])
        if has(part, "type") and part["type"] == "output_text"
    ]


def _stream(events: Sequence[Any], given: Given) -> list[Trace]:
    deltas: dict[tuple[int, int], list[tuple[str, Mapping[str, Any]]]] = {}
    done: dict[tuple[int, int], tuple[str, Mapping[str, Any]]] = {}
    for name, event in _in_order(events):
        kind = event.get("type")
        if kind not in (_DELTA, _DONE):
            continue
        part = _index(event, "output_index", name), _index(event, "content_index", name)
        if kind == _DONE:
            done[part] = name, event
        else:
            deltas.setdefault(part, []).append((name, event))
    return [
        _part(deltas.get(part) or [done[part]], done.get(part), given)
        for part in sorted(deltas.keys() | done.keys())
    ]


def _part(
    told: Sequence[tuple[str, Mapping[str, Any]]],
    done: tuple[str, Mapping[str, Any]] | None,
    given: Given,
) -> Trace:
    """One part of a message, from its deltas or from what is told as it is done."""
    read: list[Position] = []
    text = ""
    for name, event in told:
        key = "delta" if event.get("type") == _DELTA else "text"
        said = string(field(event, key, name), f"{name}.{key}")
        values = entries(event.get("logprobs") or [], f"{name}.logprobs")
        read += positions(values, tokenizer=given.tokenizer, text=said or None)
        text += said
    if not read:
        raise absent(f"{told[0][0]}.logprobs", _SWITCH)
    if done is not None:
        name, event = done
        whole_text, repeated = event.get("text"), event.get("logprobs")
        if isinstance(whole_text, str) and whole_text != text:
            raise ValueError(
                f"{name}.text: differs from what the deltas add up to ({text!r}); "
                "events are missing"
            )
        repeated = rows([] if repeated is None else repeated, f"{name}.logprobs")
        if repeated and len(repeated) != len(read):
            raise ValueError(
                f"{name}.logprobs: has {len(repeated)} tokens, the deltas {len(read)}; "
                "events are missing"
            )
    return _trace(read, text, given)


def _in_order(events: Sequence[Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Events by their sequence numbers, where all have one, each once."""
    named = [(f"events[{i}]", record(event, f"events[{i}]")) for i, event in enumerate(events)]
    numbers = [number(event.get("sequence_number"), f"{n}.sequence_number") for n, event in named]
    if any(value is None for value in numbers):
        return named
    first: dict[float, tuple[str, Mapping[str, Any]]] = {}
    for value, (name, event) in zip(numbers, named, strict=True):
        if first.setdefault(value or 0, (name, event))[1] != event:
            raise ValueError(f"{name}.sequence_number: {value:g} is that of another event")
    return [first[value] for value in sorted(first)]


def _index(event: Mapping[str, Any], key: str, name: str) -> int:
    if (index := whole(field(event, key, name), f"{name}.{key}")) is None:
        raise ValueError(f"{name}.{key}: expected a number, got null")
    return index


def _trace(
    read: Sequence[Position], text: str, given: Given, response: Mapping[str, Any] | None = None
) -> Trace:
    response = response or {}
    temperature = given.temperature
    if temperature is None:
        temperature = number(response.get("temperature"), "temperature")
    model = response.get("model")
    return assemble(
        read,
        source=OPENAI_RESPONSES.title,
        distribution=given.distribution or "unknown",
        temperature=temperature,
        model=model if isinstance(model, str) else None,
        notes=unspelled(read, text),
    )


OPENAI_RESPONSES = Format(
    name="openai-responses",
    title="OpenAI Responses",
    kind="log-probabilities",
    keys=("output", "output_text", "logprobs", "top_logprobs", "delta", "sequence_number"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "yes; in deltas only where pieces of characters are spelled out",
        "ids": "no",
        "alternatives": "up to 20",
        "prompt": "no",
        "distribution": "not said",
    },
)
