"""A rollout: a text that a model wrote while it was trained, with what training made of it.

Two policies give each token a log-probability: the *engine* that sampled it, and the *trainer* that
computes it anew. A trace has one of them for its own, the other one as a channel, because what
stands beside it (ranks, entropies) must be of the same model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np

from tokenviz.data.arrays import one_of
from tokenviz.data.trace import Distribution, Trace
from tokenviz.sources.assembling import Listed, Position, assemble
from tokenviz.sources.format import Given
from tokenviz.sources.per_token import Numbers, YesNo
from tokenviz.sources.spelling import token_of

__all__ = ["OPTIONS", "Policy", "Side", "parts", "rollout", "sampled", "without_first"]

Policy = Literal["trainer", "engine"]

OPTIONS = {
    "policy": '"trainer" or "engine": whose log-probabilities the trace has, if both are there; '
    "the other's are a channel. The trainer's, if not given."
}


class Side(NamedTuple):
    """What one policy says."""

    name: str
    """The field of its log-probabilities."""
    logprobs: Numbers | None
    """In nats, ``[n]``; NaN where it said nothing."""
    distribution: Distribution
    """Which probabilities they are."""
    entropies: Numbers | None = None
    """In nats, ``[n]``."""


def rollout(
    ids: Sequence[int],
    trainer: Side,
    engine: Side,
    *,
    name: str,
    title: str,
    given: Given,
    prompt: Iterable[int] = (),
    channels: Mapping[str, Numbers] | None = None,
    flags: Mapping[str, YesNo | None] | None = None,
    categories: Mapping[str, Sequence[str | None]] | None = None,
    notes: Mapping[str, Any] | None = None,
    partial: bool = False,
) -> Trace:
    """The trace of a rollout.

    Parameters
    ----------
    ids
        The tokens, ``n`` of them.
    trainer, engine
        What either policy says of them; entropies that are not those of the trace become a channel
        ``"trainer_entropy"``.
    name
        Where the record stands in the source.
    title
        What ``trace.source`` says.
    given
        What the caller knows besides.
    prompt
        The tokens before.
    channels, flags, categories, notes, partial
        As for :class:`tokenviz.Trace`; what is None is left out.

    Raises
    ------
    ValueError
        If no policy, or not the one that was asked for, gives log-probabilities.
    """
    own, other = _chosen(trainer, engine, given, name)
    columns = dict(channels or {})
    if other.logprobs is not None:
        columns = {other.name: other.logprobs, **columns}
    if other.entropies is not None:
        columns["trainer_entropy"] = other.entropies
    assert own.logprobs is not None
    entropies = [None] * len(ids) if own.entropies is None else own.entropies
    tokenizer = given.tokenizer

    def token(id_: int) -> Any:
        return token_of(None, id=id_, tokenizer=tokenizer)

    return assemble(
        [
            Position(
                Listed(token(id_), float(logprob)),
                entropy=None if entropy is None or np.isnan(entropy) else float(entropy),
            )
            for id_, logprob, entropy in zip(ids, own.logprobs, entropies, strict=True)
        ],
        source=title,
        distribution=given.distribution or own.distribution,
        temperature=given.temperature,
        prompt=[token(id_) for id_ in prompt],
        partial=partial,
        channels=columns,
        flags={key: flag for key, flag in (flags or {}).items() if flag is not None},
        categories=categories,
        notes={key: _said(value) for key, value in (notes or {}).items() if value is not None},
    )


def _chosen(trainer: Side, engine: Side, given: Given, name: str) -> tuple[Side, Side]:
    """The side whose log-probabilities are the trace's own, and the other one."""
    sides = {"trainer": trainer, "engine": engine}
    asked = cast("Policy | None", given.options.get("policy"))
    one_of("policy", asked, get_args(Policy))
    for policy in [asked] if asked else get_args(Policy):
        if sides[policy].logprobs is not None:
            return sides[policy], sides["engine" if policy == "trainer" else "trainer"]
    looked = " nor ".join(repr(sides[policy].name) for policy in sides if asked in (None, policy))
    raise ValueError(
        f"{name}: found no log-probabilities in {looked}; with the model at hand, "
        "lm.score(ids, prompt=prompt_ids) computes them"
    )


def sampled(logprobs: Numbers | None, mask: YesNo | None) -> Numbers | None:
    """An engine's log-probabilities, NaN at tokens that it did not sample.

    Frameworks fill them up with zeros. A zero at a token that counts for the loss is one: that of a
    token that was certain. Without a mask, nothing tells the two apart, and neither is known.
    """
    if logprobs is None:
        return None
    is_filled_up = logprobs == 0 if mask is None else ~mask & (logprobs == 0)
    known = np.where(is_filled_up, np.nan, logprobs)
    return None if np.isnan(known).all() else known


def without_first(column: Numbers | None) -> Numbers | None:
    """What a trainer computed, without the first entry, before which there was nothing to read.

    Frameworks fill it up, with a zero or the logarithm of the vocabulary's size.
    """
    if column is None or not len(column):
        return None
    return np.concatenate([[np.nan], column[1:]])


def parts(mask: YesNo | None, n: int) -> dict[str, list[str | None]]:
    """The prompt, and what comes after it: all from the first token that counts for the loss."""
    if mask is None or not mask.any():
        return {}
    first = int(np.argmax(mask))
    return {"part": [*repeat("prompt", first), *repeat("completion", n - first)]}


def _said(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
