"""Batches of sequences without what they were filled up with, so that all are of one length.

What stands before a shorter prompt, or after a sequence that ended early, no model has read or
chosen: its numbers say nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from tokenviz.data.arrays import whole
from tokenviz.sources.spelling import Tokenizer

__all__ = ["OPTIONS", "Sequences", "unfilled"]

OPTIONS = {
    "pad_token_id": "what shorter rows of a batch are filled up with; None for nothing",
    "eos_token_id": "what ends a row, an id or several; the same as pad_token_id with many models",
}

_TWICE = 2  # a row that is filled up has the same token twice or more, unless by just one


class Sequences(NamedTuple):
    """Ids of what each row had for a prompt, and of what was written after it."""

    prompts: list[list[int]]
    written: list[list[int]]


def unfilled(
    sequences: Sequence[Sequence[int]],
    n_written: int,
    options: Mapping[str, Any],
    tokenizer: Tokenizer | None,
) -> Sequences:
    """The rows of a batch, of which the last ``n_written`` tokens were written.

    Where ``options`` do not say with what rows were filled up, it is the special token that a row
    ends in more than once. A single row was not filled up.

    Raises
    ------
    TypeError, ValueError
        If that does not tell, or an option is no id.
    """
    prompts = [list(row[: len(row) - n_written]) for row in sequences]
    written = [list(row[len(row) - n_written :]) for row in sequences]
    ends = _ends(options)
    filler = _filler(written, options, tokenizer)
    if filler is not None:
        written = [_ended(row, filler, ends, tokenizer) for row in written]
    elif "pad_token_id" not in options and tokenizer is not None:
        filler = _filler_before(prompts, tokenizer)
    if filler is not None and len(prompts) > 1:
        # The longest prompt was not filled up, so that what all begin with is their own.
        before = [_run(row, filler) for row in prompts]
        prompts = [row[n - min(before) :] for row, n in zip(prompts, before, strict=True)]
    return Sequences(prompts, written)


def _ends(options: Mapping[str, Any]) -> Collection[int] | None:
    value = options.get("eos_token_id")
    if value is None:
        return None
    several = value if isinstance(value, list | tuple) else [value]
    return [whole("eos_token_id", id_, at_least=0) for id_ in several]


def _filler(
    written: Sequence[Sequence[int]], options: Mapping[str, Any], tokenizer: Tokenizer | None
) -> int | None:
    """What rows are filled up with; None if nothing."""
    if "pad_token_id" in options:
        value = options["pad_token_id"]
        return None if value is None else whole("pad_token_id", value, at_least=0)
    if len(written) == 1:
        return None
    found = {row[-1] for row in written if row and _run(row[::-1], row[-1]) >= _TWICE}
    if tokenizer is not None:
        found = {id_ for id_ in found if tokenizer.token(id_).special}
        if len(found) == 1:
            return found.pop()
        # Filled up by one token after its end, a row looks as if it had written two.
        found |= {row[-1] for row in written if len(row) > 1 and _are_special(row[-2:], tokenizer)}
    else:
        ends = {row[-1] for row in written if row}
        found |= {row[-1] for row in written if len(row) > 1 and row[-2] in ends}
    if not found:
        return None
    raise ValueError(
        f"pad_token_id: rows of the batch end in {', '.join(map(str, sorted(found)))}, which may "
        "be what they were filled up with, or what was written; say which token it is, or None"
    )


def _filler_before(prompts: Sequence[Sequence[int]], tokenizer: Tokenizer) -> int | None:
    """What prompts were filled up with, if none of the rows ended early: nothing depends on it."""
    found = {row[0] for row in prompts if row and _run(row, row[0]) >= _TWICE}
    found = {id_ for id_ in found if tokenizer.token(id_).special}
    return found.pop() if len(found) == 1 else None


def _are_special(ids: Sequence[int], tokenizer: Tokenizer) -> bool:
    return all(tokenizer.token(id_).special for id_ in ids)


def _ended(
    row: list[int], filler: int, ends: Collection[int] | None, tokenizer: Tokenizer | None
) -> list[int]:
    """The row up to its end, which is kept: with many models rows are filled up with ends."""
    n = _run(row[::-1], filler)
    before = row[: len(row) - n]
    if ends is None and tokenizer is not None:
        is_ended = bool(before) and tokenizer.token(before[-1]).special
        return before if is_ended else row[: len(before) + 1]
    return row[: len(before) + 1] if ends is not None and filler in ends else before


def _run(row: Sequence[int], id_: int) -> int:
    """How often it begins with a token."""
    return next((i for i, own in enumerate(row) if own != id_), len(row))
