"""The columns of legacy completions: tokens, their log-probabilities and lists, side by side.

``tokens: [text]``, ``token_logprobs: [number]``, ``top_logprobs: [{text: number}]`` and
``text_offset: [number]``, to which some add ``token_ids``. Lists are keyed by text, so that of
tokens that look alike there is only one.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tokenviz.sources.assembling import Listed, Position
from tokenviz.sources.escapes import literal, unescaped
from tokenviz.sources.fields import aligned, field, number, record, rows, string, whole
from tokenviz.sources.listing import position, told_late
from tokenviz.sources.spelling import Tokenizer, token_of

__all__ = ["has_columns", "positions"]


def has_columns(logprobs: Any) -> bool:
    """Whether log-probabilities come as columns.

    Clients that know both shapes may give one with the fields of the other, which are null.
    """
    return isinstance(logprobs, Mapping) and logprobs.get("token_logprobs") is not None


def positions(
    columns: Mapping[str, Any],
    name: str,
    *,
    tokenizer: Tokenizer | None = None,
    text: str | None = None,
    is_alone: bool = False,
) -> list[Position]:
    r"""A position of each row.

    Parameters
    ----------
    columns, name
        The columns, and where they were found.
    tokenizer
        Spells tokens by their ids, where there are ids.
    text
        What the tokens make together, where it is known: it decides whether ``\xf0`` is meant
        literally.
    is_alone
        Whether each token is decoded by itself, so that none has the text of those before it.

    Raises
    ------
    TypeError, ValueError
        If columns have different lengths, or hold what they should not; the message names them.
    """
    tokens = [
        string(token, f"{name}.tokens[{i}]")
        for i, token in enumerate(rows(field(columns, "tokens", name), f"{name}.tokens"))
    ]
    _check_offsets(columns, name)
    as_they_stand = literal(tokens, text)

    def column(key: str) -> list[Any]:
        values = columns.get(key)
        if key == "top_logprobs" and isinstance(values, Mapping):
            # One list for all of them says nothing of any.
            values = [values] if len(tokens) == 1 else None
        if values is None:
            return [None] * len(tokens)
        return list(aligned(values, f"{name}.{key}", len(tokens), "token"))

    def listed(token: str, logprob: Any, where: str, id: Any = None) -> Listed:  # noqa: A002
        pieces = None if as_they_stand else unescaped(token)
        shown = token if pieces is None else pieces.decode("utf-8", errors="replace")
        try:
            spelled = token_of(
                shown, bytes=pieces, id=whole(id, f"{name}.token_ids"), tokenizer=tokenizer
            )
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        return Listed(spelled, number(logprob, where))

    field(columns, "token_logprobs", name)
    tops = column("top_logprobs")
    out = []
    for i, (token, logprob, id, top) in enumerate(  # noqa: A001 - the field's own word
        zip(
            tokens,
            column("token_logprobs"),
            column("token_ids"),
            tops,
            strict=True,
        )
    ):
        chosen = listed(token, logprob, f"{name}.token_logprobs[{i}]", id)
        where = f"{name}.top_logprobs[{i}]"
        considered = {} if top is None else record(top, where)
        others = [listed(k, v, f"{where}[{k!r}]") for k, v in considered.items()]
        # Up to one more than was asked for. How many these were, no length says: of tokens that
        # look alike only one is left.
        out.append(position(chosen, others, is_mapping=True, may_be_appended=True))
    return out if is_alone else told_late(out, is_mapping=True)


def _check_offsets(columns: Mapping[str, Any], name: str) -> None:
    """Offsets that fall tell that rows, or chunks of a stream, are out of order."""
    offsets = columns.get("text_offset")
    if offsets is None:
        return
    known = [number(value, f"{name}.text_offset") for value in rows(offsets, f"{name}.text_offset")]
    for i, (a, b) in enumerate(pairwise(known), start=1):
        if a is not None and b is not None and b < a:
            raise ValueError(
                f"{name}.text_offset[{i}]: expected {a:g} or more, got {b:g}; "
                "tokens are out of order"
            )
