"""What a source is recognised by, and what is read of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tokenviz.data.trace import Distribution

if TYPE_CHECKING:
    from tokenviz.data.attribution import Attribution
    from tokenviz.data.trace import Trace
    from tokenviz.sources.spelling import Tokenizer

__all__ = ["Format", "Given", "Kind"]

Kind = Literal["log-probabilities", "rollouts", "texts", "attributions"]


class Given(NamedTuple):
    """What the caller knows of a source beside itself."""

    tokenizer: Tokenizer | None = None
    """From ids to tokens."""
    distribution: Distribution | None = None
    """Which probabilities they are; None for what the format says."""
    temperature: float | None = None
    """That tokens were chosen with; None for what the source says."""
    options: Mapping[str, Any] = {}
    """Of the format's own."""


@dataclass(frozen=True)
class Format:
    """One shape in which somebody gives log-probabilities, rollouts or attributions.

    Parameters
    ----------
    name
        What it is called: by users (``format="openai-chat"``).
    title
        What ``trace.source`` says: "OpenAI chat".
    kind
        What it holds.
    keys
        Names of fields that it is known by; of a source that fits nothing, the formats with most of
        its keys are named.
    recognise
        Whether a source has this shape, by its fields: it raises nothing, and looks at little.
    read
        Traces or attributions, one per choice, message or row.
    carries
        What it can carry and what not, in a word or two each: "bytes", "ids", "alternatives",
        "prompt", "distribution".
    is_common
        Whether it is a shape that others took over and added to: of two formats that recognise a
        source, such a one gives way.
    options
        Names of further arguments of :func:`tokenviz.read` that it takes, each with what it does.
    """

    name: str
    title: str
    kind: Kind
    keys: tuple[str, ...]
    recognise: Callable[[Any], bool]
    read: Callable[[Any, Given], list[Trace] | list[Attribution] | list[Any]]
    carries: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    is_common: bool = False
