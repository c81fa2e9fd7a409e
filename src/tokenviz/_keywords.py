"""Keywords behind ``**options``: shown with a signature, refused if nobody knows them."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["check_keywords", "showing", "unknown_keyword"]

Function = TypeVar("Function", bound=Callable[..., Any])


def check_keywords(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse option names that do not exist, with the nearest that does.

    Raises
    ------
    TypeError
        Naming the unknown option, as a call with an unknown keyword does.
    """
    known = sorted(known)
    for name in given:
        if name not in known:
            raise unknown_keyword(owner, name, known)


def unknown_keyword(
    owner: str, name: str, known: Iterable[str], hint: str | None = None
) -> TypeError:
    """The error about an option that does not exist: what to take instead, and all that there is.

    Parameters
    ----------
    owner
        Who has the options.
    name
        The one that does not exist.
    known
        Those that do.
    hint
        What to do instead; by default the nearest name.
    """
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if hint is None and near:
        hint = f"did you mean {near[0]!r}?"
    ending = f"known options: {', '.join(known)}"
    return TypeError(f"{owner} has no option {name!r}; {f'{hint} ' if hint else ''}{ending}")


def showing(
    defaults: Mapping[str, Any], typed: type | None = None
) -> Callable[[Function], Function]:
    """Write keywords with their defaults into the signature that help and notebooks show.

    For a function that takes them as ``**options``, because they are written down elsewhere.

    Parameters
    ----------
    defaults
        The keywords, in the order in which they are shown.
    typed
        A ``TypedDict`` that says of which types they are.
    """
    types = (
        {} if typed is None else {name: _written(t) for name, t in typed.__annotations__.items()}
    )

    def shown(function: Function) -> Function:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        added = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=default,
                annotation=types.get(name, inspect.Parameter.empty),
            )
            for name, default in defaults.items()
        ]
        described: Any = function
        described.__signature__ = signature.replace(parameters=[*own, *added])
        return function

    return shown


def _written(annotation: Any) -> Any:
    """A type as it was written: a ``TypedDict`` wraps what was text."""
    return getattr(annotation, "__forward_arg__", annotation)
