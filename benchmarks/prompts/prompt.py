"""A prompt whose deciding words are marked, and the tokens of a tokenizer that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Marked", "Prompt", "Span", "deciding_tokens"]

Span: TypeAlias = tuple[int, int]
"""Start and stop of characters."""

Asked: TypeAlias = "str | list[dict[str, str]]"
"""A text or chat messages, as a language model takes them."""


@dataclass(frozen=True)
class Marked:
    """A text with the words in it that decide.

    Parameters
    ----------
    text
        The text, without marks.
    exchanged
        The text with the deciding words exchanged.
    spans
        The characters of the deciding words in ``text``.
    """

    text: str
    exchanged: str
    spans: tuple[Span, ...]

    @property
    def deciding(self) -> tuple[str, ...]:
        """The deciding words."""
        return tuple(self.text[start:stop] for start, stop in self.spans)


@dataclass(frozen=True)
class Prompt:
    """A prompt, what follows it, and what would follow if its deciding words were others.

    Parameters
    ----------
    kind
        What it is a prompt of; the name of its file.
    name
        The kind and the line of the file.
    parts
        The text; of a chat the contents of its messages.
    roles
        Of a chat, who says each message; None for a text.
    target
        The answer; its first token counts.
    foil
        The answer after the exchange.
    """

    kind: str
    name: str
    parts: tuple[Marked, ...]
    roles: tuple[str, ...] | None
    target: str
    foil: str

    @property
    def asked(self) -> Asked:
        """The text or the chat messages."""
        return self._of([part.text for part in self.parts])

    @property
    def exchanged(self) -> Asked:
        """The same with the deciding words exchanged."""
        return self._of([part.exchanged for part in self.parts])

    def _of(self, texts: list[str]) -> Asked:
        if self.roles is None:
            return texts[0]
        pairs = zip(self.roles, texts, strict=True)
        return [{"role": role, "content": content} for role, content in pairs]


def deciding_tokens(tokenizer: Any, prompt: Prompt) -> frozenset[int]:
    """The positions of the tokens that hold a character of the deciding words.

    Parameters
    ----------
    tokenizer
        A tokenizer of transformers that gives offsets (a fast one); with a template for a chat.
    prompt
        The prompt.

    Returns
    -------
    frozenset of int
        Positions among the ids of the prompt as ``LanguageModel.encode`` gives them.

    Raises
    ------
    ValueError
        If the chat template changes what the messages say.
    """
    text, spans = prompt.parts[0].text, list(prompt.parts[0].spans)
    if prompt.roles is not None:
        text = tokenizer.apply_chat_template(
            prompt.asked, tokenize=False, add_generation_prompt=True
        )
        spans = _rendered(text, prompt)
    encoded = tokenizer(
        text, return_offsets_mapping=True, add_special_tokens=prompt.roles is None, verbose=False
    )
    return frozenset(
        position
        for position, (start, stop) in enumerate(encoded["offset_mapping"])
        if any(start < end and begin < stop for begin, end in spans)
    )


def _rendered(text: str, prompt: Prompt) -> list[Span]:
    """The deciding spans in the text that a chat template has made of the messages."""
    spans, end = [], 0
    for part in prompt.parts:
        at = text.find(part.text, end)
        if at < 0:
            raise ValueError(
                f"{prompt.name}: the chat template changes what a message says, so its deciding "
                f"words cannot be told: {part.text[:80]!r}"
            )
        spans += [(at + start, at + stop) for start, stop in part.spans]
        end = at + len(part.text)
    return spans
