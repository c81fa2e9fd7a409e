"""Which characters of a rendered chat are the messages', and which the template's own.

A template is a program: it may strip a message, merge two, leave one out, or add words of its own,
and a message may contain what looks like the template. So nothing is searched for. The chat is
rendered again with one string of one message replaced by a marker: what stands before and after the
marker is the same in both renderings, so what lies between in the true one is what became of the
string. That is checked to the letter; only where it fails (the template looks at the content) is
the part in which the two renderings differ taken instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

__all__ = ["Message", "Part", "Render", "marker_for", "message_parts", "turn_starts"]

Message: TypeAlias = Mapping[str, Any]
Render: TypeAlias = Callable[[Sequence[Message], bool], "str | None"]
"""From messages, and whether as a prompt (the model's turn opened, or the last message left open)
or with every turn closed, to text; None where the template refuses."""

_WORDS_OF_THE_FORM = {"role", "type"}  # keys of a message that choose what the template does


class Part(NamedTuple):
    """Characters ``start`` to ``stop`` of a rendered chat, which message ``message`` put there."""

    start: int
    stop: int
    message: int


def message_parts(render: Render, messages: Sequence[Message], text: str) -> list[Part]:
    """The parts of ``text``, the rendering of ``messages``, that come from them, in its order.

    Parts of tool calls and of lists of content count as well; a part may be empty.
    """
    marker = marker_for(text, messages)
    parts = {
        Part(start, stop, number)
        for number, message in enumerate(messages)
        for path, own in _leaves(message)
        for start, stop in _places(render, messages, text, number, path, own, marker)
    }
    return sorted(parts)


def turn_starts(
    render: Render, messages: Sequence[Message], text: str, parts: Sequence[Part]
) -> list[tuple[int, int]]:
    """Where each turn begins in ``text``, as (character, message), the first at 0.

    A turn is a message with what the template puts around it; the opening of the model's turn at
    the end is one of its own, numbered as the message that would follow. Where one turn ends is
    where the rendering of the messages up to it ends. A template that does not render part of a
    chat like the whole leaves that open; then a turn ends as others are seen to end, and else
    where the next message's text begins.
    """
    # Parts of one message that follow each other are one turn.
    runs: list[Part] = []
    for part in parts:
        if runs and runs[-1].message == part.message:
            runs[-1] = Part(runs[-1].start, max(runs[-1].stop, part.stop), part.message)
        else:
            runs.append(part)
    gaps = [
        (run, max(run.stop, after))
        for run, after in zip(runs, [*(run.start for run in runs[1:]), len(text)], strict=True)
    ]
    ends = [_end(render, messages, text, run, after) for run, after in gaps]
    closings = {
        text[run.stop : end] for (run, _), end in zip(gaps, ends, strict=True) if end is not None
    }
    longest_first = sorted(closings - {""}, key=len, reverse=True)
    starts = [(0, runs[0].message if runs else len(messages))]
    followers = [*(run.message for run in runs[1:]), len(messages)]
    for (run, after), end, follower in zip(gaps, ends, followers, strict=True):
        if end is None:
            between = text[run.stop : after]
            closing = next((c for c in longest_first if between.startswith(c)), between)
            end = run.stop + len(closing)
        starts.append((end, follower))
    return starts


def _end(
    render: Render, messages: Sequence[Message], text: str, run: Part, after: int
) -> int | None:
    """Where the turn of a message ends, at ``after`` at the latest; None if nothing tells."""
    so_far = render(messages[: run.message + 1], False)
    end = 0 if so_far is None else _shared(so_far, text)
    return min(end, after) if so_far is not None and end >= run.stop else None


def _places(
    render: Render,
    messages: Sequence[Message],
    text: str,
    number: int,
    path: tuple[Any, ...],
    own: str,
    marker: str,
) -> Iterator[tuple[int, int]]:
    """Where one string of a message went."""
    replaced = [*messages]
    replaced[number] = _with(messages[number], path, marker)
    marked = render(replaced, True)
    if marked is None:
        yield _in_turn(render, messages, text, number, own)
        return
    if marked == text:
        return  # the template does not show it
    pieces = marked.split(marker)
    times = len(pieces) - 1
    if times:
        size, rest = divmod(len(text) - sum(map(len, pieces)), times)
        first = len(pieces[0])
        became = text[first : first + size]
        if size >= 0 and rest == 0 and became.join(pieces) == text:
            for i in range(times):
                start = sum(map(len, pieces[: i + 1])) + i * size
                yield start, start + size
            return
    before = _shared(pieces[0], text)
    behind = _shared(pieces[-1][::-1], text[before:][::-1])
    yield _narrowed(text, before, len(text) - behind, own)


def _in_turn(
    render: Render, messages: Sequence[Message], text: str, number: int, own: str
) -> tuple[int, int]:
    """Where a string went that nothing else may stand in for: in what its message adds."""
    before, after = (render(messages[:k], False) for k in (number, number + 1))
    start = _shared(before, text) if number and before is not None else 0
    stop = _shared(after, text) if after is not None else len(text)
    return _narrowed(text, start, max(start, stop), own)


def _narrowed(text: str, start: int, stop: int, own: str) -> tuple[int, int]:
    """The string itself between two places of the text, if it is there; else all between them."""
    for form in (own, own.strip()):
        found = text.rfind(form, start, stop) if form else -1
        if found >= 0:
            return found, found + len(form)
    return start, stop


def _shared(a: str, b: str) -> int:
    """How many characters two texts begin with alike, found by halving."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def marker_for(text: str, messages: Sequence[Message]) -> str:
    """Digits that occur nowhere: no template strips, escapes or changes the case of those."""
    held = text + repr(messages)
    number = 9081726354
    while str(number) in held:
        number += 1
    return str(number)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Paths and text of the strings and numbers in a message that are not words of the form."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, str(value)
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            if key not in _WORDS_OF_THE_FORM:
                yield from _leaves(entry, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for index, entry in enumerate(value):
            yield from _leaves(entry, (*path, index))


def _with(value: Any, path: tuple[Any, ...], marker: str) -> Any:
    """A copy of a message with a marker at ``path``: a number for a number."""
    if not path:
        return marker if isinstance(value, str) else int(marker)
    copied: Any = dict(value) if isinstance(value, Mapping) else list(value)
    copied[path[0]] = _with(value[path[0]], path[1:], marker)
    return copied
