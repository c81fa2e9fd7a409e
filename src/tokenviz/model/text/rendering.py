"""Chat messages as text: what the tokenizer's chat template makes of them.

A template is somebody's program. It may take only some forms of a message (text, but no list of
parts), refuse an order of roles, or leave out what it does not know of. So several forms of the
same messages are tried, what it refuses is told in its own words, and a last message that is to be
gone on with is cut where its content ends, which is found with a marker rather than believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.scalars import BYTES
from tokenviz.model.text.chat_options import ChatOptions
from tokenviz.model.text.chat_template import Message, Render, marker_for

__all__ = ["Rendering", "render_chat"]

_MODELS = ("assistant", "model")  # roles in which a model speaks
_BESIDES_CONTENT = ("tool_calls", "function_call", "reasoning_content", "reasoning", "thinking")
_MEDIA = ("image", "audio", "video", "file")

Apply = Callable[[Sequence[Message], bool], str]
"""From messages, and whether to open the model's turn, to text; raises what the template raises."""


@dataclass(frozen=True)
class Rendering:
    """A chat as the model is to read it.

    Parameters
    ----------
    text
        What the template made of it.
    messages
        The messages in the form that the template took.
    render
        The same for other messages of that form, None where the template refuses: like the text
        (True), or with every turn closed (False).
    """

    text: str
    messages: Sequence[Message]
    render: Render


def render_chat(
    lm: LoadedModel, messages: Sequence[Any], options: ChatOptions, name: str
) -> Rendering:
    """Put chat messages through the chat template.

    Parameters
    ----------
    lm
        The model whose tokenizer has the template.
    messages
        The chat.
    options
        What else the template is told.
    name
        What the argument is called in errors.

    Raises
    ------
    TypeError, ValueError
        If something is no message or holds no text, there is no template, or the template refuses
        the messages; the error names the message and gives the template's words.
    """
    given = [_message(message, f"{name}[{i}]") for i, message in enumerate(messages)]
    if options.chat_template is None and not getattr(lm.tokenizer, "chat_template", None):
        raise ValueError(
            f"{name}: the tokenizer of {lm.name} has no chat template; pass the prompt as text, "
            "or set tokenizer.chat_template"
        )
    continued = _continued_field(given[-1], options, f"{name}[{len(given) - 1}]")
    opens = not continued if options.add_generation_prompt is None else (
        options.add_generation_prompt
    )  # fmt: skip

    def apply(some: Sequence[Message], opened: bool) -> str:
        rendered: Any = lm.tokenizer.apply_chat_template(
            [dict(message) for message in some],
            chat_template=options.chat_template,
            tools=options.tools,
            documents=options.documents,
            add_generation_prompt=opened,
            tokenize=False,
            **options.keywords,
        )
        return str(rendered)

    def whole(some: Sequence[Message]) -> str:
        if continued:
            return _cut(apply, some, continued, f"{name}[{len(some) - 1}]")
        return apply(some, opens)

    def render(some: Sequence[Message], as_prompt: bool) -> str | None:
        # A template is somebody's program, so whatever it raises, it has refused the messages.
        try:
            return whole(some) if as_prompt else apply(some, False)
        except Exception:
            return None

    refused: tuple[list[Message], Exception] | None = None
    fallback: Rendering | None = None
    for form in _forms(given, name):
        try:
            text = whole(form)
            closed = apply(form, False) if continued else text  # what is cut off shows it too
        except Exception as error:
            refused = (form, error)
            continue
        if _shows_parts(closed, form):
            return Rendering(text, form, render)
        fallback = fallback or Rendering(text, form, render)
    if fallback is not None:
        return fallback
    assert refused is not None
    if isinstance(refused[1], _CannotContinueError):
        raise ValueError(str(refused[1]))
    raise _refusal(apply, *refused, name) from refused[1]


class _CannotContinueError(ValueError):
    """The template does not show the end of a message."""


def _message(message: Any, name: str) -> Message:
    """A message that has a role and something to say, without entries that are None."""
    if not isinstance(message, Mapping):
        raise ValueError(
            f"{name}: expected a message with 'role' and 'content', got {_short(message)}"
        )
    present = {str(key): value for key, value in message.items() if value is not None}
    if "role" not in present or not {"content", *_BESIDES_CONTENT} & present.keys():
        raise ValueError(
            f"{name}: expected a message with 'role' and 'content' (or 'tool_calls'), "
            f"got {_short(message)}"
        )
    if not isinstance(present["role"], str):
        raise TypeError(f"{name}['role']: expected text, got {_short(present['role'])}")
    _check_content(present.get("content"), f"{name}['content']")
    if present.get("content") in ([], ()):
        present["content"] = ""
    return present


def _check_content(content: Any, name: str) -> None:
    """Refuse what is no text: a placeholder would stand for a picture that nobody reads."""
    if isinstance(content, BYTES):
        raise TypeError(
            f"{name}: expected text or parts of text, got {type(content).__name__}: "
            f"{_short(content)}; decode it to text first"
        )
    if isinstance(content, str) or content is None:
        return
    if not isinstance(content, list | tuple):
        # Some templates take a mapping as the result of a tool.
        if isinstance(content, Mapping):
            return
        raise TypeError(
            f"{name}: expected text or a list of parts, got {type(content).__name__}: "
            f"{_short(content)}"
        )
    for i, part in enumerate(content):
        kind = part.get("type", "") if isinstance(part, Mapping) else ""
        if not isinstance(part, str | Mapping):
            raise TypeError(
                f"{name}[{i}]: expected a part such as {{'type': 'text', 'text': …}}, "
                f"got {_short(part)}"
            )
        if any(medium in str(kind) for medium in _MEDIA) or (
            isinstance(part, Mapping) and any(medium in part for medium in _MEDIA)
        ):
            raise ValueError(
                f"{name}[{i}]: a part of type {kind!r}, but tokenviz reads text only; "
                "leave it out, or say in text what is in it"
            )
        text = part.get("text", "") if isinstance(part, Mapping) else part
        if not isinstance(text, str):
            raise TypeError(f"{name}[{i}]['text']: expected text, got {_short(text)}")


def _forms(messages: Sequence[Message], name: str) -> Iterator[list[Message]]:
    """The same messages in forms that templates take, as they came first.

    A template that takes text gets the texts of a list of parts one after the other, as those that
    take lists write them; one that reads ``content`` in any case gets an empty one.
    """
    yield [*messages]
    joined = [
        {**message, "content": _joined(message["content"])}
        if isinstance(message.get("content"), list | tuple)
        else message
        for message in messages
    ]
    if joined != [*messages]:
        yield joined
    if any("content" not in message for message in messages):
        yield [{"content": "", **message} for message in joined]


def _joined(parts: Sequence[Any]) -> str:
    return "".join(_text_of(part) for part in parts)


def _text_of(part: Any) -> str:
    return part if isinstance(part, str) else str(part.get("text", ""))


def _shows_parts(text: str, messages: Sequence[Message]) -> bool:
    """Whether lists of parts came out as their texts, neither as Python's lists nor not at all."""
    for message in messages:
        parts = message.get("content")
        if isinstance(parts, list | tuple):
            as_python = str([dict(p) if isinstance(p, Mapping) else p for p in parts])
            texts = [_text_of(part).strip() for part in parts]
            if as_python in text or not all(own in text for own in texts):
                return False
    return True


def _continued_field(last: Message, options: ChatOptions, name: str) -> str | None:
    """The field of the last message that the model is to go on with; None if it begins a turn."""
    wanted = options.continue_final_message
    if wanted is None:
        own = last["role"] in _MODELS and "content" in last and not last.get("tool_calls")
        return "content" if own and not options.add_generation_prompt else None
    if wanted is False:
        return None
    field = "content" if wanted is True else wanted
    if not isinstance(last.get(field), str | list | tuple):
        raise ValueError(
            f"continue_final_message: {name} has no {field!r} to go on with, it has "
            f"{', '.join(map(repr, last))}"
        )
    return field


def _cut(apply: Apply, messages: Sequence[Message], field: str, name: str) -> str:
    """The chat up to the end of a field of its last message.

    As ``continue_final_message`` of transformers, which takes the end of an empty message that
    the template strips to lie before the line break of its header.
    """
    closed = apply(messages, False)
    marker = marker_for(closed, messages)
    *before, last = messages
    marked = apply([*before, {**last, field: _with_marker(last[field], marker)}], False)
    place = marked.rfind(marker)
    text = marked[:place]
    # White space at the end, which a template may strip, is not stripped before a marker.
    for form in (text, text.rstrip()):
        if place >= 0 and closed.startswith(form):
            return form
    raise _CannotContinueError(
        f"{name}: the chat template does not write the end of this message's {field!r} as it is, "
        "so it cannot be continued; pass continue_final_message=False to close it and let the "
        "model begin a turn"
    )


def _with_marker(content: Any, marker: str) -> Any:
    if isinstance(content, str):
        return content + marker
    places = [i for i, part in enumerate(content) if isinstance(part, str) or "text" in part]
    if not places:
        return [*content, {"type": "text", "text": marker}]
    part = content[places[-1]]
    more = part + marker if isinstance(part, str) else {**part, "text": part["text"] + marker}
    return [*content[: places[-1]], more, *content[places[-1] + 1 :]]


def _refusal(apply: Apply, messages: Sequence[Message], error: Exception, name: str) -> ValueError:
    """What a template refused, and its own words for it."""
    from jinja2 import TemplateSyntaxError

    if isinstance(error, ImportError):
        raise error
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, TemplateSyntaxError):
        return ValueError(f"chat_template: no valid template, line {error.lineno}: {words}")
    for length in range(1, len(messages) + 1):
        try:
            apply(messages[:length], False)
        except Exception as other:
            if str(other) == str(error):
                role = messages[length - 1]["role"]
                return ValueError(
                    f"{name}[{length - 1}]: the chat template refuses this message "
                    f"(role {role!r}): {words}"
                )
    return ValueError(f"{name}: the chat template refuses these messages: {words}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
