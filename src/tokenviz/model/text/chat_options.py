"""What is said to a chat template besides the messages: tools, documents, keywords of its own.

A template is a program with parameters. Transformers hands it whatever keywords it is given, and
one that it does not read is lost without a word; here that is an error that says which it reads.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypedDict

from tokenviz._keywords import unknown_keyword
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["CHAT_DEFAULTS", "ChatKeywords", "ChatOptions", "parse_chat_options"]


class ChatKeywords(TypedDict, total=False):
    """The keywords of whatever takes chat messages, as ``apply_chat_template`` calls them."""

    chat_template: str | None
    tools: Sequence[Mapping[str, Any] | Callable[..., Any]] | None
    documents: Sequence[Mapping[str, Any]] | None
    continue_final_message: bool | str | None
    add_generation_prompt: bool | None


CHAT_DEFAULTS: Final[ChatKeywords] = {
    "chat_template": None,
    "tools": None,
    "documents": None,
    "continue_final_message": None,
    "add_generation_prompt": None,
}


_WIDESPREAD = {"enable_thinking", "thinking", "reasoning_effort", "add_vision_id"}
"""What templates of several families read, and scripts give to whichever model they run."""


@dataclass(frozen=True)
class ChatOptions:
    """How chat messages become text.

    Parameters
    ----------
    chat_template
        A template, or the name of one of the tokenizer's; None for its own.
    tools
        Functions that the model may call: JSON schemas, or Python functions with types and docs.
    documents
        Texts that the model may look into.
    continue_final_message
        Whether the last message is left open, so that the model goes on with it; None: if it is
        the assistant's, with content. A text names the field that is left open.
    add_generation_prompt
        Whether the model's turn is opened; None: unless the last message is continued.
    keywords
        What the template takes besides.
    """

    chat_template: str | None = None
    tools: Any = None
    documents: Any = None
    continue_final_message: bool | str | None = None
    add_generation_prompt: bool | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, kinds, expected in (
            ("chat_template", str, "a template or the name of one"),
            ("continue_final_message", bool | str, "True, False or the name of a field"),
            ("add_generation_prompt", bool, "True or False"),
        ):
            value = getattr(self, name)
            if value is not None and not isinstance(value, kinds):
                raise TypeError(f"{name}: expected {expected}, got {value!r}")
        for name in ("tools", "documents"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, list | tuple):
                raise TypeError(f"{name}: expected a list, got {type(value).__name__}: {value!r}")
        if self.continue_final_message and self.add_generation_prompt:
            raise ValueError(
                "add_generation_prompt: opens the model's turn, while continue_final_message goes "
                "on with the last message; expected one of the two"
            )

    @property
    def given(self) -> list[str]:
        """The names of what was said."""
        named = [name for name in CHAT_DEFAULTS if getattr(self, name) is not None]
        return [*named, *self.keywords]


def parse_chat_options(
    lm: LoadedModel,
    owner: str,
    given: Mapping[str, Any],
    known: Collection[str] = (),
    *,
    is_chat: bool,
    hints: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], ChatOptions]:
    """Tell a function's own keywords from those that are about chats.

    Parameters
    ----------
    lm
        The model, whose tokenizer has the template.
    owner
        What the function is called.
    given
        All keywords that came.
    known
        Its own.
    is_chat
        Whether there are chat messages; without them the others mean nothing.
    hints
        What to do instead of some keywords that do not exist.

    Warns
    -----
    UserWarning
        If a keyword that many templates read is none of this one's.

    Raises
    ------
    TypeError, ValueError
        If nobody knows a keyword, or it is of the wrong kind or means nothing here.
    """
    own = {name: value for name, value in given.items() if name in known}
    named = {name: value for name, value in given.items() if name in CHAT_DEFAULTS}
    options = ChatOptions(**named)
    others = {name: v for name, v in given.items() if name not in own and name not in named}
    variables = _variables_of(lm, options) if is_chat else frozenset()
    for name in [name for name in others if name not in variables]:
        if not is_chat or name not in _WIDESPREAD:
            raise _unknown(lm, owner, name, known, is_chat, variables, hints or {})
        warnings.warn(
            f"{name}: the chat template of {lm.name} does not read it, so it changes nothing",
            stacklevel=3,
        )
    if not is_chat and options.given:
        raise ValueError(
            f"{options.given[0]}: only chat messages go through a chat template; "
            "got text or ids, so leave it out"
        )
    for name in ("tools", "documents"):
        if getattr(options, name) is not None and variables and name not in variables:
            raise ValueError(
                f"{name}: the chat template of {lm.name} does not read them; write them into a "
                "message, or give a chat_template that does"
            )
    if others:
        options = ChatOptions(**named, keywords=others)
    return own, options


def _unknown(
    lm: LoadedModel,
    owner: str,
    name: str,
    known: Collection[str],
    is_chat: bool,
    variables: Collection[str],
    hints: Mapping[str, str],
) -> TypeError:
    special = getattr(lm.tokenizer, "special_tokens_map", {})
    own = sorted(set(variables) - set(CHAT_DEFAULTS) - set(special))
    error = unknown_keyword(owner, name, {*known, *CHAT_DEFAULTS, *own}, hints.get(name))
    if not is_chat:
        return TypeError(f"{error}; a chat template's own only go with chat messages")
    listed = f"reads {', '.join(own)}" if own else "reads no others"
    return TypeError(f"{error}; the chat template of {lm.name} {listed}")


# What a template is given in any case.
_GIVEN = {"messages"}


def _variables_of(lm: LoadedModel, options: ChatOptions) -> frozenset[str]:
    """What the template that will be used reads; empty where there is none that can be read."""
    find = getattr(lm.tokenizer, "get_chat_template", None)
    try:
        template = find(options.chat_template, options.tools) if find else options.chat_template
    except ValueError:  # there is none, which is said when it is to be used
        return frozenset()
    return _variables(template) - _GIVEN if isinstance(template, str) else frozenset()


@lru_cache(maxsize=64)
def _variables(template: str) -> frozenset[str]:
    """The variables that a Jinja template reads and does not set.

    Transformers' own syntax and functions (``{% generation %}``, ``raise_exception``) are known.
    """
    from jinja2 import Environment, TemplateError, meta, nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class Generation(Extension):
        """A block around what the model says, which changes nothing of the text."""

        tags = {"generation"}  # noqa: RUF012 - Jinja's own name, read from the class

        def parse(self, parser: Parser) -> list[nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    environment = Environment(extensions=[Generation, "jinja2.ext.loopcontrols"])
    functions = ("raise_exception", "strftime_now", "namespace", "dict", "range", "lipsum")
    environment.globals.update(dict.fromkeys(functions))
    try:
        tree = environment.parse(template)
    except TemplateError:  # which is said when it is to be used
        return frozenset()
    # What is set in one branch and read in another counts as read; it is a parameter only if the
    # template asks whether it was given.
    made = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    asked = {
        node.node.name
        for kind, words in (
            (nodes.Test, ("defined", "undefined")),
            (nodes.Filter, ("default", "d")),
        )
        for node in tree.find_all(kind)
        if node.name in words and isinstance(node.node, nodes.Name)
    }
    return frozenset(meta.find_undeclared_variables(tree)) - (made - asked - {"tools", "documents"})
